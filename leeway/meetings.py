"""`leeway diagnoses` and `leeway pack`: on the terminal, as files, by mail."""

import json
from pathlib import Path
from typing import Any, TextIO

from alerts.diagnoses import diagnoses, not_judged
from alerts.packs import PACKS, Pack, nothing_yet
from alerts.packs.content import as_row, as_text
from alerts.words import plain
from leeway.app import App, NotReady
from leeway.notify import terms
from pipeline.files import write_whole


def show_diagnoses(app: App, out: TextIO, *, as_json: bool = False) -> None:
    """Print the open diagnoses, and what could not be judged."""
    _, register = app.register()
    with app.sessions() as session:
        found = diagnoses(session, register, app.settings.drift.least_people)
        unjudged = not_judged(session)
    if as_json:
        rows: dict[str, Any] = {
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
        out.write(json.dumps(rows, indent=1, ensure_ascii=False) + "\n")
        return
    for one in found:
        out.write(f"{one.title} ({one.scope_name}): {plain(one.signal)}\n  {one.insight}\n  {one.asks}\n")
    if not found:
        out.write("No diagnosis is open.\n")
    for missing in unjudged:
        out.write(f"{missing.title} could not be judged: {missing.because}.\n")


def make_pack(app: App, kind: str) -> Pack:
    """The pack of a kind. Raises NotReady where there is no such kind, or nothing to say yet."""
    if kind not in PACKS:
        raise NotReady(f"there is no pack {kind!r}; expected {', '.join(PACKS)}.")
    _, register = app.register()
    with app.sessions() as session:
        found = PACKS[kind].make(session, register, terms(app))
    if found is None:
        raise NotReady(f"{nothing_yet(kind, register)} `leeway status` says what is known.")
    return found


def write_pack(app: App, kind: str, folder: Path) -> list[Path]:
    """Write the pack as text and as JSON."""
    found = make_pack(app, kind)
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{kind}-{found.last}"
    paths = [folder / f"{name}.txt", folder / f"{name}.json"]
    write_whole(paths[0], as_text(found, app.settings.web.url).encode())
    write_whole(paths[1], (json.dumps(as_row(found), indent=1, ensure_ascii=False) + "\n").encode())
    return paths


def show_pack(app: App, kind: str, out: TextIO, *, as_json: bool = False) -> None:
    """Print the pack."""
    found = make_pack(app, kind)
    out.write(
        json.dumps(as_row(found), indent=1, ensure_ascii=False) + "\n"
        if as_json
        else as_text(found, app.settings.web.url)
    )
