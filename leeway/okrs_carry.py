"""`leeway okrs carry-over`: write the current register with the next period, to review and load."""

import sys
from datetime import date
from pathlib import Path

from rich.console import Console

from leeway.app import App, NotReady
from pipeline.files import write_whole
from pipeline.register.carry import CarryError, carried, due_before, next_period
from pipeline.register.document import Register, stored
from pipeline.register.ended import local_day, ran_out
from pipeline.register.figures import exactly
from pipeline.register.versions import current_version


def carry_over(
    app: App,
    err: Console,
    *,
    name: str | None,
    start: date | None,
    end: date | None,
    output: Path | None,
    force: bool,
) -> None:
    """Write the current register with another period, to `output` or standard output; loads nothing.

    Raises NotReady without a register, CarryError where nothing can be written.
    """
    with app.sessions() as session:
        current = current_version(session)
        if current is None:
            raise NotReady(
                "no register is loaded yet, so there is nothing to carry over. `leeway okrs load okrs.yaml`."
            )
        text, register = current.document, stored(current.document, current.id)
    period = next_period(register.period, name, start, end)
    made = carried(text, register, period)
    if output is None:
        sys.stdout.write(made)
    else:
        write_file(output, made, force)
    place = str(output) if output else "okrs.yaml"
    _say(err, f"{register.period.name} is carried over to {period.name}, {period.start} to {period.end}.")
    for one in due_before(text, period):
        _say(err, f"{one.key} was due on {one.day}, before {period.name} begins: give it another day, or remove it.")
    _moved_on(app, err, register)
    following = register.model_copy(update={"period": period})
    if ran_out(following, local_day(register, app.now())):
        _say(err, f"{period.name} has also ended: choose a later one with --start and --end.")
    saved = "" if output else "save it as okrs.yaml, "
    _say(err, f"Nothing was loaded. Next: {saved}edit it for the next plan, then `leeway okrs load {place}`.")


def _moved_on(app: App, err: Console, register: Register) -> None:
    """Name the numbers that are no longer where the file says they start: their way would begin half done, or behind itself."""
    from pipeline.progress.series import series  # the clients of what is measured are slow to import

    with app.sessions() as session:
        for one in register.measured():
            points, start = series(session, one), one.metric.start if one.metric else None
            if points and start is not None and points[-1].value != start:
                now = exactly(points[-1].value)
                _say(err, f"{one.key} starts at {exactly(start)} in it but is now at {now}: write `start: {now}`.")


def write_file(output: Path, text: str, force: bool) -> None:
    """Write the file; never over different text without `force`. Raises CarryError."""
    made = text.encode()
    if output.exists() and not force and output.read_bytes() != made:
        raise CarryError(f"{output} exists and holds something else. Name another file, or overwrite it with --force.")
    write_whole(output, made)


def _say(err: Console, line: str) -> None:
    err.print(line, markup=False)
