"""What differs in two ways at once: the register says one thing by now, what is about to be loaded another."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Conflict:
    """A field of an objective or key result: what the register says, and what would take its place."""

    key: str
    field: str
    ours: str
    theirs: str

    def sentence(self, whose: str) -> str:
        """As it is shown; `whose` names where the other word comes from."""
        ours, theirs = self.ours or "nothing", self.theirs or "nothing"
        return f"{self.key}: {self.field}: the register says {ours!r}, {whose} says {theirs!r}."
