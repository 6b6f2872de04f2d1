"""Carry answers and measurements over to the keys of the new register, following the words of each key result."""

from collections.abc import Mapping
from datetime import date, timedelta

from sqlalchemy import case, delete, select, update
from sqlalchemy.orm import Session

from models import OPEN_STATES, Confidence, Diagnosis, Drift, Label, Measurement, RegisterVersion, Share, Stream, upsert
from pipeline.register.document import Register, stored
from pipeline.register.gone import is_gone, keys_of, renamed, renamed_diagnosis
from pipeline.register.sameness import back_again, entries_of, new_keys, new_objective_keys, same_period
from pipeline.register.workdays import monday

_SHIFT, _TOLD = "objective", ("drift", "gap")
"""The finding about one objective within its period, and the kinds that keep their plan's words for good."""


def follow_keys(session: Session, before: Register, after: Register, archive: str) -> None:
    """Move what people answered about a key result to its new key, so that it never counts for another key result.

    `archive` is appended to the keys of removed entries, since another entry may reuse them; an entry that returns in the same
    words, as after a wrong register was loaded, gets back what is stored under its archived key.
    """
    keys = new_keys(before, after, archive)
    others = new_objective_keys(before, after, archive)
    kept = {one.key for one in after.objectives} | others.keys()
    moved_objectives = others | {one.key: f"{one.key}{archive}" for one in before.objectives if one.key not in kept}
    gone = _left_over(session, before, after) | keys | _gone_key_results(before, after, keys, archive)
    again = _there_again(session, after)
    for table in (Label, Stream) if gone or again else ():
        column = table.key_result
        moved = again | gone
        session.execute(update(table).where(column.in_(moved)).values(key_result=case(moved, value=column)))
    _follow_shares(session, moved_objectives)
    for one in session.scalars(select(Drift).where(Drift.kind.in_(_TOLD))):
        renamed(one, moved_objectives | (again if one.state in OPEN_STATES else {}))
    _follow_diagnoses(session, moved_objectives, gone)
    same, since = same_period(before.period, after.period), after.period.start
    # What was recorded in another period stays there under the keys of that time.
    _follow_numbers(
        session, gone | moved_objectives, since if same else max(since, before.period.end + timedelta(days=1))
    )
    _follow_numbers(session, again, since)
    if others and same:
        about = update(Drift).where(Drift.kind == _SHIFT, Drift.subject.in_(others), Drift.start >= since)
        session.execute(about.values(subject=case(others, value=Drift.subject)))


def _kept(session: Session) -> set[str]:
    """Return the keys that have answers or measurements."""
    columns = (Label.key_result, Stream.key_result, Measurement.key_result, Confidence.key_result)
    return {key for column in columns for key in session.scalars(select(column).distinct()) if key}


def _left_over(session: Session, before: Register, after: Register) -> dict[str, str]:
    """Map keys that an older version left unassigned and that now name another key result."""
    free = (_kept(session) & after.objective_of().keys()) - before.objective_of().keys()
    found: dict[str, str] = {}
    rows = session.scalars(select(RegisterVersion).order_by(RegisterVersion.id.desc())) if free else ()
    for was, id_ in ((stored(row.document, row.id), row.id) for row in rows):
        for key in sorted(free & was.objective_of().keys() - found.keys()) if was != after else ():
            old = [one for one in entries_of(was) if one[0] == key]
            found[key] = back_again(old, entries_of(after)).get(key, f"{key}@{id_}")
    return {old: new for old, new in found.items() if old != new}


def _there_again(session: Session, after: Register) -> dict[str, str]:
    """Map archived keys ("O1.1@7") to the current keys of entries that are back in that version's words."""
    open_ones = select(Drift).where(Drift.kind.in_(_TOLD), Drift.state.in_(OPEN_STATES))
    kept = _kept(session).union(*(keys_of(one) for one in session.scalars(open_ones)))
    found: dict[str, str] = {}
    for objectives in (False, True):
        was = [one for key in sorted(kept) for one in _as_archived(session, key, objectives=objectives)]
        found |= back_again(was, entries_of(after, objectives=objectives))
    return found


def _as_archived(session: Session, key: str, *, objectives: bool) -> list[tuple[str, str, str]]:
    name, _, version = key.rpartition("@")
    row = session.get(RegisterVersion, int(version)) if is_gone(key) and len(version) < 10 else None
    was = entries_of(stored(row.document, row.id), objectives=objectives) if row is not None else []
    return [(key, title, context) for one, title, context in was if one == name]


def _gone_key_results(before: Register, after: Register, keys: Mapping[str, str], archive: str) -> dict[str, str]:
    """Map key results that were removed, and whose keys are not reused, to their archived keys."""
    kept = after.objective_of().keys() | keys.keys()
    return {key: f"{key}{archive}" for key in before.objective_of() if key not in kept}


def _follow_diagnoses(session: Session, objectives: Mapping[str, str], key_results: Mapping[str, str]) -> None:
    """Rename in diagnoses, closed ones included: the packs show them."""
    names = {f"objective:{old}": f"objective:{new}" for old, new in objectives.items()}
    names |= {f"kr:{old}": f"kr:{new}" for old, new in key_results.items()}
    for row in session.scalars(select(Diagnosis)) if names else ():
        renamed_diagnosis(row, names)


def _follow_shares(session: Session, keys: Mapping[str, str]) -> None:
    """Rename in the shares of objectives, which are kept until the next cycle recomputes them for the new plan."""
    aside = {old: f"\n{n}" for n, old in enumerate(keys)}  # via temporary names: keys that swap would collide
    back = {name: keys[old] for old, name in aside.items()}
    for names in (aside, back) if keys else ():
        if names is back:
            session.execute(delete(Share).where(Share.objective.in_(back.values())))
        moved = update(Share).where(Share.objective.in_(names)).values(objective=case(names, value=Share.objective))
        session.execute(moved.execution_options(synchronize_session=False))


def _follow_numbers(session: Session, keys: Mapping[str, str], since: date) -> None:
    """Rename in measurements and confidences of the period that began on this day."""
    for table, day, first in ((Measurement, "day", since), (Confidence, "week", monday(since))):
        stored_in = table.__table__
        mine = stored_in.c.key_result.in_(keys), stored_in.c[day] >= first
        columns = [column for column in stored_in.c if column.name != "id"]
        rows = [dict(row) for row in session.execute(select(*columns).where(*mine)).mappings()] if keys else []
        if not rows:
            continue
        # Delete first: keys that swap would collide.
        session.execute(delete(table).where(*mine).execution_options(synchronize_session=False))
        unique = [name for name in ("key_result", "binding", day) if name in stored_in.c]
        moved = [row | {"key_result": keys[row["key_result"]]} for row in rows]
        there = select(*(stored_in.c[name] for name in unique)).where(stored_in.c.key_result.in_(keys.values()))
        known = {tuple(row) for row in session.execute(there)}  # newer values under the new key win
        new = {place: row for row in moved if (place := tuple(row[name] for name in unique)) not in known}
        upsert(session, table, list(new.values()), unique)
