"""Conflicting changes: the register has one value by now, the file or source about to be loaded another."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Conflict:
    """A field of an objective or key result: the register's value, and the one that would replace it."""

    key: str
    field: str
    ours: str
    theirs: str

    def sentence(self, whose: str) -> str:
        """Return the conflict as shown to users; `whose` names the other source."""
        ours, theirs = self.ours or "nothing", self.theirs or "nothing"
        return f"{self.key}: {self.field}: the register says {ours!r}, {whose} says {theirs!r}."
