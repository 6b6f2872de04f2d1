"""`leeway label` and `leeway evaluate`: labels on the command line and from files, and how good the match is on them."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import typer
from rich.console import Console

from alerts.words import amount
from leeway.app import App
from leeway.named import known_team
from pipeline.feedback.labels import NONE, VERSION, keep, keep_one, read_csv
from pipeline.feedback.questions import questions
from pipeline.files import write_picture
from pipeline.spreadsheet import guarded


def import_labels(app: App, file: Path, out: Console) -> None:
    """Store the file's labels."""
    _, register = app.register()
    with app.sessions() as session:
        labels = read_csv(file, session, register)
    count = keep(app.sessions, labels, "file", app.now())
    out.print(f"{amount(count, 'label')} saved; labels count from the next cycle (`leeway run --once`).", markup=False)


def write_template(app: App, count: int, target: TextIO) -> None:
    """Write the items most worth labelling as CSV, with the likeliest answers and an empty answer column."""
    version, register = app.register()
    with app.sessions() as session:
        asked = questions(session, register, None, set())[:count]
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(["item", "key_result", "likely", "place", "title", "part of", VERSION])
    for one in asked:
        likely = " ".join(k["key"] for k in one["likely"][:3])
        row = [
            one["key"] or one["item"],
            "",
            likely,
            one["place"],
            (one["name"] or one["text"])[:120],
            one["of"][:120],
            version,
        ]
        writer.writerow([guarded(cell) for cell in row])


def ask(app: App, team: str | None, out: Console) -> int:
    """Ask about items one by one in the terminal; each answer is stored at once. Returns how many were labelled."""
    _, register = app.register()
    if team:
        known_team(register, team)
    keys = {key.lower(): key for key in register.objective_of()}
    with app.sessions() as session:
        asked = questions(session, register, team, set())
    kept = 0
    for number, one in enumerate(asked, 1):
        place = one["place"] + (f", part of {one['of']}" if one["of"] else "")
        name = one["name"] or one["text"][:200]
        out.print(f"\n{number} of {len(asked)}: {one['key'] or ''} {name} ({place})", markup=False)
        for choice, likely in enumerate(one["likely"][:5], 1):
            out.print(f"  {choice}  {likely['title']}", markup=False)
        out.print(
            f"  0  none of our key results; or type a key such as {next(iter(keys.values()))}; s skips, q quits",
            markup=False,
        )
        answer = _answer(keys, [k["key"] for k in one["likely"][:5]])
        if answer == "q":
            break
        if answer != "s":
            with app.sessions.begin() as session:
                keep_one(session, one["id"], None if answer == NONE else answer, "terminal", app.now())
            kept += 1
    return kept


def _answer(keys: dict[str, str], likely: list[str]) -> str:
    while True:
        try:
            given = typer.prompt("Which", default="s", err=True).strip().lower()
        except typer.Abort:  # Ctrl-C, Ctrl-D, or no terminal: answers so far are kept
            typer.echo(err=True)
            return "q"
        if given in ("s", "q"):
            return str(given)
        if given == "0":
            return NONE
        if given.isdigit() and int(given) <= len(likely):
            return likely[int(given) - 1]
        if given in keys:
            return keys[given]
        typer.echo(f"{given!r} is not one of these.", err=True)


def evaluate_lines(app: App, file: Path, picture: Path | None) -> Iterator[str]:
    """Yield the figures for the file's labels, each predicted without any of them."""
    from alerts.chart_frame import png
    from alerts.reliability import reliability
    from pipeline.match.evaluate import figures
    from pipeline.match.stage import matcher_of

    _, register = app.register()
    with app.sessions() as session:
        labels = read_csv(file, session, register)
    work, matcher, known = matcher_of(app.sessions, register, app.encoder)
    names = {one.row: one.item.id for one in work}
    judged = {names[one.work_item]: one.key_result for one in labels}
    found, _ = matcher.probabilities({id_: key for id_, key in known.items() if id_ not in judged})
    rows = [matcher.position[id_] for id_ in judged]
    of, top = register.objective_of(), register.top()
    result = figures(found[rows], list(judged.values()), matcher.keys, {key: of[key] in top for key in matcher.keys})
    yield f"{result.items} labelled items, each matched without any of these labels"
    yield f"accuracy                 {100 * result.accuracy:5.1f} %   right key result, or correctly none"
    yield f"macro-F1                 {result.macro_f1:7.3f}"
    yield f"on-goal F1               {result.on_goal_f1:7.3f}   serves any key result"
    yield f"calibration error        {result.calibration_error:7.3f}   0 is perfect; above 0.1 intervals are too narrow"
    yield f"top three, counted       {result.counted_top_error:+7.1f} points of these items"
    yield f"top three, as in shares  {result.expected_top_error:+7.1f} points of these items"
    for one in result.bins:
        yield f"  of {one.count:4} answers with about {100 * one.confidence:3.0f} % confidence {100 * one.right:3.0f} % are right"
    if picture:
        write_picture(picture, png(reliability(result.bins)))
        yield f"{picture} written."
