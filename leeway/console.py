"""What every command has: where it writes, and the App of the settings file that was asked for."""

import os
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from leeway.as_json import json_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from leeway.check import CheckRow


def _as_json() -> bool:
    """Whether --json-logs was asked for; `--help` does not load what logs need."""
    logs = sys.modules.get("leeway.logs")
    return logs is not None and logs.as_json()


_MOVES = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0)), " ") | {ord(c): c for c in "\n\t"}
"""What moves a terminal's cursor, clears its screen or writes its title, where a blank is shown."""


READER_LEFT = 141
"""The exit status where `head` or a pager has read enough: what a shell shows of every program that SIGPIPE ends."""


def write_no_more() -> None:
    """What a stream does not take is not tried again at the exit, which would end with a status of its own."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)


class Verbatim(Console):
    """Prints what it is given: titles, names and paths of others hold brackets, :words: between colons and whatever else, which
    are no markup, no emoji and no orders to the terminal. Set here and not at each call, so that cells of tables follow too."""

    def __init__(self, **given: Any) -> None:
        super().__init__(highlight=False, soft_wrap=True, markup=False, emoji=False, **given)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> "Iterable[Segment]":
        """What is written, piece by piece; our own bars and colours are orders of their own and stay."""
        for one in super().render(renderable, options):
            yield one if one.control else Segment(one.text.translate(_MOVES), one.style)

    def on_broken_pipe(self) -> None:
        """End the command: nobody reads what it says."""
        write_no_more()
        raise SystemExit(READER_LEFT)


class _Beside(Verbatim):
    """What is said beside a command's output: a line for people, and with --json-logs one of the log, without bars."""

    def print(self, *objects: Any, **style: Any) -> None:
        """Print, or log."""
        if not _as_json():
            super().print(*objects, **style)
            return
        import structlog

        text, log = " ".join(map(str, objects)).strip(), structlog.get_logger()
        if text.startswith("Error: "):
            log.error(text.removeprefix("Error: "))
        else:
            log.info(text)

    @property
    def is_terminal(self) -> bool:
        """Whether bars may be drawn."""
        return super().is_terminal and not _as_json()


out, err = Verbatim(), _Beside(stderr=True)
_state: dict[str, Path | None] = {"config": None}


def choose_settings(file: Path | None) -> None:
    """Take this settings file in all that follows; None for the usual one."""
    _state["config"] = file


def settings_file() -> Path | None:
    """The settings file that was asked for, None where none was."""
    return _state["config"]


def day_of(text: str | None, option: str) -> date | None:
    """The day that an option names, None where it is not given. Ends the command where there is no such day."""
    from models.vocabulary import YEARS

    try:
        day = date.fromisoformat(text) if text else None
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no day like 2026-10-01.", param_hint=option) from None
    if day is not None and day.year not in YEARS:
        raise typer.BadParameter(f"{text!r} is in no year from {YEARS[0]} to {YEARS[-1]}.", param_hint=option)
    return day


def apart(**given: object) -> None:
    """End the command where two of these options are given, since each asks for another thing and one would be dropped in
    silence; an argument's name is in capitals."""
    names = [name if name.isupper() else f"--{name.replace('_', '-')}" for name, value in given.items() if value]
    if len(names) > 1:
        raise typer.BadParameter(
            f"{names[0]} and {names[1]} do not go together; give one of them.", param_hint=names[1]
        )


def goes_with(*, there: object, of: str, **given: object) -> None:
    """End the command where one of these options is given without what it belongs to, which `of` names: it would do nothing."""
    for name in () if there else (name for name, value in given.items() if value):
        option = f"--{name.replace('_', '-')}"
        raise typer.BadParameter(f"it says nothing without {of}.", param_hint=option)


def the_app() -> Any:
    """The App of the settings file that was asked for."""
    from leeway.app import App
    from leeway.settings import default_path, load

    settings = load(settings_file())
    usual = settings.database.url.removeprefix("sqlite:///")
    if not settings.model_fields_set and not default_path().exists() and not Path(usual).exists():
        err.print(
            f"Note: neither {default_path()} nor {usual} is in {Path.cwd()}, so this starts from nothing there. "
            "Change into the folder that has them, or name the settings by --config or LEEWAY_CONFIG."
        )
    return App(settings, path=settings_file())


def print_rows(rows: "Sequence[CheckRow]", as_json: bool) -> None:
    """One line each, with the fix; exit code 2 where any is not well."""
    if as_json:
        sys.stdout.write(json_text([row.as_json() for row in rows]))
    else:
        show_rows(rows)
    if not all(row.ok or row.todo for row in rows):
        raise typer.Exit(2)


def show_rows(rows: "Sequence[CheckRow]") -> None:
    """One line each, with the fix."""
    for row in rows:
        mark = "ok  " if row.ok else "next" if row.todo else "FAIL"
        out.print(f"{mark} {row.part}: {row.name}: {row.found}", markup=False)
        if row.fix:
            out.print(f"       {'do' if row.todo else 'fix'}: {row.fix}", markup=False)
