"""`leeway okrs load`, `diff` and `history`: the register as it changes, who changed it and why."""

import getpass
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from rich.console import Console

from alerts.words import amount
from leeway.app import App, NotReady
from leeway.as_json import json_text
from leeway.okrs_table import from_table, table_lines
from models import RegisterVersion
from pipeline.register.change_words import consequences
from pipeline.register.document import Register, read, stored
from pipeline.register.due import Draft, changes_told
from pipeline.register.edits import TABLE, unknown_edits
from pipeline.register.ended import local_day, ran_out
from pipeline.register.overlap import overlap, what_it_replaces
from pipeline.register.point_of_change import Caution, Meaning, cautions
from pipeline.register.sameness import same_top
from pipeline.register.versions import current_version, history, load_register
from pipeline.register.yaml_nodes import Document
from pipeline.spreadsheet import is_table

_YES = ("y", "yes")


class Held(Exception):
    """The register was not loaded; the message says what to do."""


def whoami() -> str | None:
    """Return the login name of the current user, if the system knows one."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return None


def load(
    app: App,
    file: Path,
    out: Console,
    *,
    by: str | None,
    why: str | None,
    yes: bool,
    strict: bool,
    meaning: bool,
    remove: bool = False,
) -> None:
    """Make FILE the current register, or a table what it changes of it. What an edit loosens is said first: a terminal asks, a
    script goes on unless `strict`.

    Raises RegisterError for a file that is not right, Held where it was not loaded.
    """
    register, text = _from_table(app, file, out, yes=yes, remove=remove) if is_table(file) else read(file)
    if ran_out(register, local_day(register, app.now())):
        out.print(f"note: {ended_line(register, text, str(file))}", markup=False)
    found, new_baseline = _said(app, Draft(register, text), meaning, out)
    if found and not yes:
        if strict:
            raise Held(f'{file} was not loaded. Load it with --yes --why "..."; the reason is stored.')
        if sys.stdin.isatty():
            why = _asked(out, file, why)
    elif found and yes and not why:
        raise Held('--yes needs --why "..." if something is loosened; the reason is stored with the version.')
    # Who gave a reason said yes already.
    _ask_about_plan(app, register, file, out, yes=yes, new_baseline=new_baseline and not found)
    if not is_table(file):
        _refuse_loss(app, register, file, out, yes=yes)
    with app.sessions.begin() as session:
        origin = TABLE if is_table(file) else None
        version, new = load_register(session, register, text, by or whoami(), why, origin)
    state = "is now" if new else "already was"
    objectives = amount(len(register.objectives), "objective")
    key_results = amount(len(list(register.key_results())), "key result")
    out.print(f"{file} {state} the register (version {version}): {objectives}, {key_results}.", markup=False)


def _ask(out: Console, file: Path, question: str, otherwise: str) -> None:
    """Ask where somebody is there to answer; a script goes on. Raises Held where they say no."""
    if sys.stdin.isatty() and out.input(question, markup=False).strip().lower() not in _YES:
        raise Held(f"{file} was not loaded. {otherwise}")


def _ask_about_plan(app: App, register: Register, file: Path, out: Console, *, yes: bool, new_baseline: bool) -> None:
    """Ask once where another plan is running, or a new baseline begins. Raises Held where somebody says no."""
    agreed = _ask_about_overlap(app, register, file, out, yes=yes) or yes
    if new_baseline and not agreed:
        _ask(out, file, "Load it and start a new baseline? [y/N] ", "Load it with --yes; a new baseline then starts.")


def _ask_about_overlap(app: App, register: Register, file: Path, out: Console, *, yes: bool) -> bool:
    """Say what a plan that is running loses to this one; returns whether that was agreed to. Raises Held where their periods
    overlap and nobody says yes."""
    with app.sessions() as session:
        current = current_version(session)
    before = stored(current.document, current.id) if current else register
    today = local_day(register, app.now())
    found = what_it_replaces(before, register, today)
    for line in found:
        out.print(f"plan: {line}", markup=False)
    if not found or yes or not overlap(before.period, register.period):
        return False
    otherwise = f"With --yes it replaces {before.period.name}."
    if not sys.stdin.isatty():
        raise Held(f"{file} was not loaded. {otherwise}")
    _ask(out, file, "Replace the running plan with it? [y/N] ", otherwise)
    return True


def _refuse_loss(app: App, register: Register, file: Path, out: Console, *, yes: bool) -> None:
    """Say what was edited on the page or in a table and is not in a file. Raises Held, unless `yes` gives it up."""
    found = _edits_lost(app, register, str(file))
    for line in found:
        out.print(line, markup=False)
    if found and not yes:
        raise Held(
            f"{file} was not loaded: it would undo later edits made on the page or in a table. `leeway okrs export` writes the "
            "register with those edits; copy them into your file, or load it over them with --yes."
        )


def _edits_lost(app: App, register: Register, name: str) -> list[str]:
    with app.sessions() as session:
        return [f"conflict: {one.sentence(name)}" for one in unknown_edits(session, register)]


def _from_table(app: App, file: Path, out: Console, *, yes: bool, remove: bool) -> tuple[Register, str]:
    """The register as a table changes it; what is kept, and what is held against it, is said. Raises Held at a conflict."""
    found = from_table(app, file, remove=remove)
    for line in table_lines(found, str(file)):
        out.print(line, markup=False)
    if found.conflicts and not yes:
        raise Held(
            f"{file} was not loaded: the register changed since it was written. Write it again with `leeway okrs export --csv`, "
            'or load it over that with --yes --why "...".'
        )
    return found.register, found.text


def ended_line(register: Register, text: str, name: str) -> str:
    """That a file's period has ended, with its line. It is loaded all the same: shares of an old plan are worth seeing."""
    line = Document(text).line(("period", "end"))
    period = register.period
    return f"{name}, line {line}: {period.name} ended on {period.end}, so no drift from it is reported."


def _asked(out: Console, file: Path, why: str | None) -> str:
    """Return the typed reason. Raises Held if there is none."""
    out.print("Why? The answer is stored with this version; an empty answer loads nothing.", markup=False)
    said = why or out.input("> ").strip()
    if not said:
        raise Held(f"{file} was not loaded.")
    return said


def _said(app: App, draft: Draft, meaning: bool, out: Console) -> tuple[list[Caution], bool]:
    """What the draft loosens, and whether a new baseline begins; printed with what else it means for past figures. Nothing where
    it is the first, or is the register already."""
    with app.sessions() as session:
        current = current_version(session)
        if current is None or current.document == draft.text:
            return [], False
        before = Draft(stored(current.document, current.id), current.document)
    found = cautions(before, draft, _meaning(app, meaning))
    loaded, today = (local_day(draft.register, at) for at in (current.loaded_at, app.now()))
    for line in (*lines(found), *past_figures(app, before.register, draft.register, loaded, today)):
        out.print(line, markup=False)
    return found, not same_top(before.register, draft.register)


def past_figures(app: App, before: Register, after: Register, loaded: date, today: date) -> list[str]:
    """What loading `after` means for figures of the past, as it is shown."""
    return [
        f"past figures: {one}" for one in consequences(before, after, loaded, today, app.settings.drift.least_people)
    ]


def _meaning(app: App, wanted: bool) -> Meaning | None:
    return app.encoder if wanted else None


def lines(found: Sequence[Caution]) -> list[str]:
    """Cautions as they are shown."""
    return [f"caution: {one.key}: {one.rule}: {one.message}" for one in found]


def diff(app: App, one: str | None, other: str | None, out: Console, meaning: bool) -> None:
    """What leads from one version to another, or to a file: changes, what they loosen, what they mean for past figures.

    With neither, the current version against the one before it; a file or version alone stands against the current one.
    """
    for name in (one, other):
        if name and is_table(Path(name)):
            for line in table_lines(from_table(app, Path(name), remove=False), name):
                out.print(line, markup=False)
    (before, row), (after, _) = _sides(app, one, other)
    changed = changes_told(before, after)
    for line in changed or ["no difference in the register"]:
        out.print(line, markup=False)
    if not changed:
        return
    name = other or one
    if name and not name.isdigit() and not is_table(Path(name)):
        for line in _edits_lost(app, after.register, name):
            out.print(line, markup=False)
    for line in lines(cautions(before, after, _meaning(app, meaning))):
        out.print(line, markup=False)
    today = local_day(after.register, app.now())
    for line in what_it_replaces(before.register, after.register, today):
        out.print(f"plan: {line}", markup=False)
    for line in past_figures(app, before.register, after.register, local_day(before.register, row.loaded_at), today):
        out.print(line, markup=False)


def _sides(
    app: App, one: str | None, other: str | None
) -> tuple[tuple[Draft, RegisterVersion], tuple[Draft, RegisterVersion | None]]:
    with app.sessions() as session:
        current = current_version(session)
        if current is None:
            raise NotReady(
                "no register is loaded yet, so there is nothing to compare with. `leeway okrs load okrs.yaml`."
            )
        if one is None:
            earlier = current_version(session, before=current.id)
            if earlier is None:
                raise NotReady("only one version was loaded; compare it with a file: `leeway okrs diff okrs.yaml`.")
            return _draft(earlier), _draft(current)
        if not one.isdigit() and other is None:
            return _draft(current), _file(app, one)
        first = _draft(_row(session.get(RegisterVersion, int(one)) if one.isdigit() else None, one))
        if other is None:
            return first, _draft(current)
        if other.isdigit():
            return first, _draft(_row(session.get(RegisterVersion, int(other)), other))
        return first, _file(app, other)


def _row(found: RegisterVersion | None, name: str) -> RegisterVersion:
    if found is None:
        raise NotReady(f"there is no version {name}. `leeway okrs history` lists them.")
    return found


def _draft(row: RegisterVersion) -> tuple[Draft, RegisterVersion]:
    return Draft(stored(row.document, row.id), row.document), row


def _file(app: App, name: str) -> tuple[Draft, None]:
    if is_table(Path(name)):
        found = from_table(app, Path(name), remove=False)
        return Draft(found.register, found.text), None
    register, text = read(Path(name))
    return Draft(register, text), None


def show_history(app: App, key: str | None, as_json: bool, out: Console) -> None:
    """Print every load with who, when, why and what it changed; with a key, only what concerns it."""
    with app.sessions() as session:
        found = history(session, key)
    if as_json:
        rows = [
            {"version": x.version, "at": x.at.isoformat(), "by": x.by, "why": x.why, "changes": list(x.changes)}
            for x in found
        ]
        sys.stdout.write(json_text(rows))
        return
    if not found:
        out.print(f"nothing about {key} was ever loaded." if key else "no register is loaded yet.", markup=False)
    for number, load in enumerate(found):
        who = f", {load.by}" if load.by else ""
        out.print(
            f"version {load.version}, {load.at:%Y-%m-%d %H:%M} UTC{who}{': ' + load.why if load.why else ''}",
            markup=False,
        )
        first = number == 0 and key is None
        for line in [] if first else load.changes:
            out.print(f"  {line}", markup=False)
        if first:
            out.print(
                f"  the first register: {len(load.changes)} entr{'y' if len(load.changes) == 1 else 'ies'}",
                markup=False,
            )
