"""`leeway diagnoses` and `leeway pack`: on the terminal, as files, by mail."""

from pathlib import Path
from typing import Any, TextIO

from rich.console import Console
from sqlalchemy import select
from sqlalchemy.orm import Session

from alerts.diagnoses import diagnoses, not_judged
from alerts.packs import PACKS, Pack, nothing_yet
from alerts.packs.content import as_row, as_text
from alerts.words import plain
from leeway.app import App, NotReady
from leeway.as_json import json_text
from leeway.notify import terms
from models import Cycle
from pipeline.files import write_whole


def nothing_looked_for(session: Session) -> str:
    """That nothing was looked for, before the first analysis is done, when that nothing was found is no news; empty after it."""
    if session.scalar(select(Cycle.id).where(Cycle.finished_at.is_not(None)).limit(1)) is not None:
        return ""
    return "The first analysis is not finished, so nothing has been looked for yet. `leeway status` shows what it is waiting for."


def show_diagnoses(app: App, out: TextIO, *, as_json: bool = False) -> None:
    """Print the open diagnoses, and what could not be judged."""
    _, register = app.register()
    with app.sessions() as session:
        found = diagnoses(session, register, app.settings.drift.least_people)
        unjudged, not_yet = not_judged(session), nothing_looked_for(session)
    if as_json:
        rows: dict[str, Any] = {
            "looked": not not_yet,
            "open": [
                {
                    "id": one.id,
                    "kind": one.kind,
                    "scope": one.scope,
                    "subject": one.subject,
                    "since": one.since.isoformat() if one.since else None,
                    "strength": one.strength,
                    "low": one.low,
                    "high": one.high,
                    "signal": plain(one.signal),
                    "insight": one.insight,
                    "reinforcement": one.reinforcement,
                    "asks": one.asks,
                    "streams": [{"id": id_, "name": name} for id_, name in one.streams],
                }
                for one in found
            ],
            "not_judged": [{"kind": one.kind, "because": one.because} for one in unjudged],
        }
        out.write(json_text(rows))
        return
    for one in found:
        out.write(f"{one.title} ({one.scope_name}): {plain(one.signal)}\n  {one.insight}\n  {one.asks}\n")
    if not found:
        out.write(f"{not_yet or 'No diagnosis is open.'}\n")
    for missing in unjudged:
        out.write(f"{missing.title} could not be judged: {missing.because}.\n")


def make_pack(app: App, kind: str) -> Pack:
    """Return the pack of a kind. Raises NotReady if there is no such kind, or no content yet."""
    if kind not in PACKS:
        raise NotReady(f"there is no pack {kind!r}; expected {', '.join(PACKS)}.")
    _, register = app.register()
    with app.sessions() as session:
        found = PACKS[kind].make(session, register, terms(app))
    if found is None:
        raise NotReady(f"{nothing_yet(kind, register)} `leeway status` shows what is known.")
    return found


def write_pack(app: App, kind: str, folder: Path) -> list[Path]:
    """Write the pack as text and as JSON."""
    found = make_pack(app, kind)
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{kind}-{found.last}"
    paths = [folder / f"{name}.txt", folder / f"{name}.json"]
    write_whole(paths[0], as_text(found, app.settings.web.url).encode())
    write_whole(paths[1], json_text(as_row(found)).encode())
    return paths


def show_pack(app: App, kind: str, out: TextIO, err: Console, *, as_json: bool = False) -> None:
    """Print the pack, and to standard error a note if nothing has been looked for yet."""
    found = make_pack(app, kind)
    with app.sessions() as session:
        if not_yet := nothing_looked_for(session):
            err.print(f"note: {not_yet}")
    out.write(json_text(as_row(found)) if as_json else as_text(found, app.settings.web.url))
