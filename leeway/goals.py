"""`leeway okrs sync`: compare a source's goals with the register, and choose a side for each conflict."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from rich.console import Console
from sqlalchemy import select
from sqlalchemy.orm import Session

from connectors.base import SourceError
from connectors.goals import KeepsGoals, Wanted
from leeway.app import NO_REGISTER, App, NotReady
from leeway.okrs_load import Held, lines, whoami
from models import GoalChoice, GoalLook, RegisterVersion, upsert
from pipeline.ingest.tenants import hold_to_tenant
from pipeline.queue import lease
from pipeline.register.conflicts import Conflict
from pipeline.register.document import Register, fingerprint, judged, stored
from pipeline.register.due import Draft, changes_told
from pipeline.register.edits import GOALS
from pipeline.register.goals import OURS, THEIRS, Choices, Comparison, compared, known, taken
from pipeline.register.point_of_change import Caution, cautions
from pipeline.register.rewrite import rewritten
from pipeline.register.versions import current_version, load_register
from pipeline.register.yaml_nodes import Document

log = structlog.get_logger()
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Looked:
    """How a source's goals differ from a version; `quiet` are conflicts resolved earlier in favour of the register."""

    row: RegisterVersion
    data: Any
    found: Comparison
    open: Sequence[Conflict]
    quiet: Sequence[Conflict]
    source: str


@dataclass(frozen=True, slots=True)
class Proposed:
    """The register with the accepted changes, how it changes, and what needs confirmation."""

    register: Register
    text: str
    changes: Sequence[str]
    cautions: Sequence[Caution]


def look(app: App) -> Looked:
    """Query the source. Raises NotReady without a setting or register, SourceError."""
    given = app.settings.goals
    connector = app.connectors.get(given.source)
    if not given.type:
        raise NotReady('no goal type is set. Write type = "Goal" (or "Epic") under [goals] in leeway.toml.')
    if not isinstance(connector, KeepsGoals):
        raise NotReady(f"[{given.source}] is not set up in leeway.toml, or holds no goals.")
    with app.sessions() as session:
        row = current_version(session)
        if row is None:
            raise NotReady(NO_REGISTER)
        chosen = {(one.key, one.field): one.said for one in session.scalars(select(GoalChoice))}
    data = Document(row.document).data
    hold_to_tenant(connector, app.sessions)
    wanted = Wanted(given.type, given.key_result_type, given.query, known(data), given.fields)
    found = compared(data, connector.goals(wanted))
    quiet = [one for one in found.conflicts if chosen.get((one.key, one.field)) == fingerprint(one.theirs)]
    return Looked(row, data, found, [one for one in found.conflicts if one not in quiet], quiet, given.source)


def proposed(looked: Looked, choices: Choices) -> Proposed | None:
    """Return the register that loading would produce; None if nothing changes. Raises Held if it would not be valid."""
    wanted = taken(looked.data, looked.found, choices)
    if wanted == looked.data:
        return None
    text, _ = rewritten(looked.row.document, wanted)
    register, faults = judged(text)
    if register is None or faults:
        said = "; ".join(f"{one.field}: {one.message}" for one in faults)
        raise Held(f"the register would not be valid with this: {said}")
    before = Draft(stored(looked.row.document, looked.row.id), looked.row.document)
    after = Draft(register, text)
    return Proposed(register, text, changes_told(before, after), cautions(before, after))


def choices_of(looked: Looked, given: Sequence[str]) -> dict[tuple[str, str], str]:
    """Parse `--take`: a side for all conflicts, or KEY.FIELD=SIDE for one. Raises Held for anything else."""
    sides = {looked.source: THEIRS, "register": OURS}
    made: dict[tuple[str, str], str] = {}
    for one in sorted(given, key=lambda said: "=" in said):
        place, equals, side = one.rpartition("=")
        if side not in sides:
            raise Held(
                f"--take {one}: write {looked.source} or register, or for one conflict O1.2.title={looked.source}."
            )
        matching = [c for c in looked.found.conflicts if not equals or f"{c.key}.{c.field}" == place]
        if equals and not matching:
            there = ", ".join(f"{c.key}.{c.field}" for c in looked.found.conflicts) or "none"
            raise Held(f"--take {one}: there is no such conflict now. Open conflicts: {there}.")
        some = matching if equals else [c for c in matching if c in looked.open]
        made |= {(c.key, c.field): sides[side] for c in some}
    return made


def keep_choices(session: Session, looked: Looked, choices: Choices, app: App, *, loads: bool) -> int:
    """Remember where the register's word was kept, so that it is not asked about again until the source says something else; and
    how many goals still differ, those that are taken among them unless it `loads`."""
    settled = choices if loads else {place: side for place, side in choices.items() if side == OURS}
    _keep_look(session, app, looked.source, len(differing(looked, settled, loaded=loads)), None)
    rows = [
        {"key": one.key[:64], "field": one.field, "said": fingerprint(one.theirs), "at": app.now()}
        for one in looked.found.conflicts
        if choices.get((one.key, one.field)) == OURS
    ]
    return upsert(session, GoalChoice, rows, ("key", "field")) if rows else 0


def sync(app: App, out: Console, *, take: Sequence[str], load: bool, by: str | None, why: str | None) -> None:
    """Show the differences and, with `load`, apply them to the register. Raises Held, NotReady, SourceError."""
    looked = look(app)
    choices = choices_of(looked, take)
    made = proposed(looked, choices)
    for line in _lines(looked, choices, made):
        out.print(line, markup=False)
    if load and made is not None and made.cautions and not why:
        raise Held('nothing was loaded. Load it with --why "..."; the reason is stored with the version.')
    with app.sessions.begin() as session:
        keep_choices(session, looked, choices, app, loads=load)
        if load and made is not None:
            version = load_proposed(session, looked, made, by or whoami(), why)
            out.print(f"{looked.source}'s goals are now in the register (version {version}).", markup=False)
        elif made is not None:
            out.print("Nothing was loaded. Use --load to load what is new, linked or taken.", markup=False)
        else:
            out.print("There is nothing to load.", markup=False)


def load_proposed(
    session: Session, looked: Looked, made: Proposed, by: str | None, why: str | None, origin: str = GOALS
) -> int:
    """Make it the register. Raises Held if another version was loaded since the comparison."""
    current = current_version(session)
    if current is None or current.id != looked.row.id:
        raise Held("the register has changed in the meantime; compare again.")
    return load_register(session, made.register, made.text, by, why, origin)[0]


def _lines(looked: Looked, choices: Choices, made: Proposed | None) -> Iterator[str]:
    yield from made.changes if made else ()
    for one in looked.open:
        side = {THEIRS: looked.source, OURS: "register"}.get(choices.get((one.key, one.field), ""))
        hint = f" Taken: {side}." if side else f" --take {one.key}.{one.field}={looked.source}, or =register."
        yield f"conflict: {one.sentence(looked.source)}{hint}"
    for note in looked.found.notes:
        yield f"note: {note}"
    if looked.quiet:
        named = ", ".join(f"{one.key}.{one.field}" for one in looked.quiet)
        yield f"note: resolved earlier in favour of the register, not raised again: {named}."
    yield from lines(made.cautions if made else ())


def look_daily(app: App) -> dict[str, int]:
    """Count once a day how many goals differ, for the log, `leeway status` and the page; nothing is changed."""
    given = app.settings.goals
    if not given.type or not lease.once_every(app.sessions, "goals round", _DAY):
        return {}
    try:
        looked = look(app)
    except (NotReady, SourceError) as error:
        log.warning("goals were not compared", reason=str(error))
        with app.sessions.begin() as session:
            _keep_look(session, app, given.source, 0, str(error))
        return {}
    with app.sessions.begin() as session:
        _keep_look(session, app, given.source, len(differing(looked)), None)
    counts = {"goals_new": len(looked.found.new), "goals_in_conflict": len(looked.open)}
    if any(counts.values()):
        log.info("goals differ from the register: leeway okrs sync", **counts)
    return counts


def differing(looked: Looked, choices: Choices | None = None, *, loaded: bool = False) -> set[str]:
    """Keys of goals that are new or differ; without conflicts that were chosen, and after loading without what is new."""
    found = set() if loaded else {one.key for one in looked.found.new} | set(looked.found.links)
    return found | {one.key for one in looked.open if (one.key, one.field) not in (choices or {})}


def _keep_look(session: Session, app: App, source: str, count: int, error: str | None) -> None:
    row = {"source": source, "at": app.now(), "differing": count, "error": error}
    upsert(session, GoalLook, [row], ("source",))


def goals_status(app: App, session: Session) -> dict[str, Any] | None:
    """Return how many goals differed at the last comparison, or why they could not be read; None if nothing differs."""
    given = app.settings.goals
    row = session.get(GoalLook, given.source) if given.type else None
    if row is None or not (row.differing or row.error):
        return None
    return {"source": row.source.capitalize(), "differing": row.differing, "at": row.at, "error": row.error}


def goals_line(found: dict[str, Any]) -> str:
    """In words, and since when."""
    if found["error"]:
        return f"the goals in {found['source']} were not compared on {found['at']:%Y-%m-%d}: {found['error']}"
    count = found["differing"]
    differ = "1 goal differs" if count == 1 else f"{count} goals differ"
    return f"{differ} in {found['source']} (looked at on {found['at']:%Y-%m-%d})"
