"""Compare a register about to be loaded with the current one: what is loosened, duplicated or misplaced."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pipeline.register.due import Draft
from pipeline.register.loosening import Edit, content, loosened
from pipeline.register.quality import wordings
from pipeline.register.rebound import rebound
from pipeline.register.schema import KeyResult, Objective, Register
from pipeline.register.wording import Wording, read_wording

_TWINS = 0.75
_FAR, _NEARER = 0.12, 0.2


class Meaning(Protocol):
    """Anything that embeds texts as unit vectors, such as the encoder."""

    def encode(self, texts: Sequence[str]) -> Any:
        """Return an array of shape (len(texts), dimension) with rows of length one."""
        ...


@dataclass(frozen=True, slots=True)
class Caution:
    """Something to confirm before loading: the key, the rule, and what it found."""

    key: str
    rule: str
    message: str


def cautions(before: Draft | None, after: Draft, meaning: Meaning | None = None) -> list[Caution]:
    """Return what to confirm, in the order of the new file; with `meaning`, also key results far from their objective."""
    read = wordings(after.register)
    found: list[Caution] = []
    old = {k.key: (o, k) for o, k in before.register.key_results()} if before else {}
    if before:
        found += _edits(before, after, old, read)
        found += _outcomes(before.register, after.register)
        found += _period(before.register, after.register)
    touched = [(o, k) for o, k in after.register.key_results() if k.key not in old or old[k.key][1].title != k.title]
    found += _twins(after.register, {k.key for _, k in touched}, read)
    if meaning is not None and touched:
        found += far(after.register, touched, meaning)
    order = {k.key: n for n, (_, k) in enumerate(after.register.key_results())}
    return sorted(found, key=lambda one: order.get(one.key, -1))


def _edits(
    before: Draft, after: Draft, old: Mapping[str, tuple[Objective, KeyResult]], read: Mapping[str, Wording]
) -> Iterator[Caution]:
    was, due, now = wordings(before.register), before.dues(), after.dues()
    for objective, key_result in after.register.key_results():
        key = key_result.key
        if key not in old:
            continue
        parent, earlier = old[key]
        owner = (earlier.owner or parent.owner, key_result.owner or objective.owner)
        # A new period is a new plan: its targets and dates may differ.
        if before.register.period.name == after.register.period.name:
            edit = Edit(was[key], read[key], (due.get(key), now.get(key)), owner)
            said = loosened(edit)
            rules = {one.rule for one in said}
            said += [one for one in rebound(earlier.metric, key_result.metric, was[key]) if one.rule not in rules]
            yield from (Caution(key, one.rule, one.message) for one in said)


def _outcomes(before: Register, after: Register) -> Iterator[Caution]:
    """Find what an edit of an objective's outcome loosens; a new period is a new plan."""
    old = {one.key: one for one in before.objectives} if before.period.name == after.period.name else {}
    for one in after.objectives:
        if earlier := old.get(one.key):
            said = rebound(earlier.outcome, one.outcome, read_wording(earlier.title))
            yield from (Caution(one.key, found.rule, f"its outcome: {found.message}") for found in said)


def _period(before: Register, after: Register) -> Iterator[Caution]:
    if before.period.name == after.period.name and after.period.end > before.period.end:
        message = (
            f"the period's end moved from {before.period.end} to {after.period.end}, "
            "and the due day of every key result with it."
        )
        yield Caution(after.period.name, "date-later", message)


def _twins(register: Register, touched: set[str], read: Mapping[str, Wording]) -> Iterator[Caution]:
    """Find nearly identical key results of one objective where at least one is new or changed."""
    for objective in register.objectives:
        rows = [(one, content(read[one.key])) for one in objective.key_results]
        for number, (one, words) in enumerate(rows):
            for other, theirs in rows[:number]:
                alike = len(words & theirs) / len(words | theirs) if words | theirs else 0.0
                if {one.key, other.key} & touched and alike >= _TWINS and min(len(words), len(theirs)) > 1:
                    yield Caution(one.key, "near-duplicate", f"says nearly what {other.key} says: {other.title!r}.")


def far(register: Register, touched: Sequence[tuple[Objective, KeyResult]], meaning: Meaning) -> Iterator[Caution]:
    """Find key results barely related to their own objective and clearly closer to another."""
    objectives = {one.key: n for n, one in enumerate(register.objectives)}
    titles = [f"{one.title}. {one.description}".strip() for one in register.objectives]
    vectors = meaning.encode([*titles, *(f"{k.title}. {k.description}".strip() for _, k in touched)]).astype("float64")
    alike = vectors[len(titles) :] @ vectors[: len(titles)].T
    for (objective, key_result), row in zip(touched, alike, strict=True):
        own, best = float(row[objectives[objective.key]]), int(row.argmax())
        if own < _FAR and float(row[best]) - own > _NEARER:
            other = register.objectives[best]
            yield Caution(
                key_result.key,
                "far-from-its-objective",
                f"is hardly related to {objective.key} ({objective.title!r}), and closer to {other.key} ({other.title!r}).",
            )
