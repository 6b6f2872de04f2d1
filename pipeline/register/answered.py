"""Which human answers are still valid. People answered about the key results that existed then. "None" refers to those only:
a key result added by a later plan may be exactly what the work serves.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import pairwise

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import QueryableAttribute, Session

from models import Label, RegisterVersion, Stream
from pipeline.register.document import Register, stored
from pipeline.register.meant import meant
from pipeline.register.sameness import new_keys

ALWAYS = datetime(1970, 1, 1, tzinfo=UTC)
"""The time assigned to key results of the first register."""
_ANOTHER = "\0"
Loaded = tuple[datetime, str, int]


def known_since(session: Session, register: Register) -> dict[str, datetime]:
    """Return when each key result was first loaded, under any key; one that was removed and returned counts from its return."""
    columns = (RegisterVersion.loaded_at, RegisterVersion.document, RegisterVersion.id)
    loads = tuple((at, document, id_) for at, document, id_ in session.execute(select(*columns).order_by(columns[2])))
    found = _known_since(loads)
    return {key: found.get(key, ALWAYS) for key in register.objective_of()}


@lru_cache(maxsize=8)  # called for each week and chunk
def _known_since(loads: Sequence[Loaded]) -> Mapping[str, datetime]:
    # A version replaced within days was a mistake that got corrected, such as a wrong file, and not a plan.
    loads = [loads[n] for n in meant([at.date() for at, _, _ in loads])]
    registers = [stored(document, version) for _, document, version in loads]
    names = {key: key for key in registers[-1].objective_of()} if registers else {}
    since: dict[str, datetime] = {}
    for (before, after), (at, _, _) in zip(reversed(list(pairwise(registers))), reversed(loads), strict=False):
        moved, known = new_keys(before, after, _ANOTHER), after.objective_of()
        came = {new: key for key in before.objective_of() if (new := moved.get(key, key)) in known}
        since |= {now: at for now, key in names.items() if key not in came}
        names = {now: came[key] for now, key in names.items() if key in came}
    return since


def later(since: Mapping[str, datetime], at: datetime) -> frozenset[str]:
    """Return the key results that did not exist at that time."""
    return frozenset(key for key, when in since.items() if when > at)


def plan_since(since: Mapping[str, datetime]) -> datetime:
    """Return since when at least half of the key results have existed: earlier answers were about another plan."""
    return sorted(since.values())[(len(since) - 1) // 2] if since else ALWAYS


def holds(session: Session, register: Register, table: type[Label] | type[Stream] = Label) -> ColumnElement[bool]:
    """SQL condition: the answer names a current key result (following.py), or says "none" of all the current ones."""
    at: QueryableAttribute[datetime] | QueryableAttribute[datetime | None]
    key, at = table.key_result, Label.at if table is Label else Stream.answered_at
    newest = max(known_since(session, register).values(), default=ALWAYS)
    none = key.is_(None) if newest == ALWAYS else key.is_(None) & (at >= newest)
    return or_(none, key.in_(sorted(register.objective_of())))
