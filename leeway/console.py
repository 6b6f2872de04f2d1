"""Shared by all commands: where they write, and the App for the chosen settings file."""

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
    """Return True if --json-logs was given, without importing the logging code for `--help`."""
    logs = sys.modules.get("leeway.logs")
    return logs is not None and logs.as_json()


_MOVES = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0)), " ") | {ord(c): c for c in "\n\t"}
"""Characters that move a terminal's cursor, clear its screen or set its title; each is replaced by a space."""


READER_LEFT = 141
"""Exit status when `head` or a pager has read enough: what a shell reports for a program ended by SIGPIPE."""


def write_no_more() -> None:
    """Discard unwritable output, so that the flush at exit does not fail with another status."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)


class Verbatim(Console):
    """Prints text verbatim: titles, names and paths may contain brackets or :words: between colons, which must not become markup,
    emoji or terminal escapes. Set here rather than at each call, so that table cells follow too."""

    def __init__(self, **given: Any) -> None:
        super().__init__(highlight=False, soft_wrap=True, markup=False, emoji=False, **given)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> "Iterable[Segment]":
        """Yield the segments to write, escapes removed; control segments of our own bars and colours stay."""
        for one in super().render(renderable, options):
            yield one if one.control else Segment(one.text.translate(_MOVES), one.style)

    def on_broken_pipe(self) -> None:
        """End the command: nobody is reading its output."""
        write_no_more()
        raise SystemExit(READER_LEFT)


class _Beside(Verbatim):
    """Messages in addition to a command's output: a line for people, or with --json-logs a log entry, without bars."""

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
    """Use this settings file from now on; None for the default."""
    _state["config"] = file


def settings_file() -> Path | None:
    """Return the chosen settings file, None if none was chosen."""
    return _state["config"]


def day_of(text: str | None, option: str) -> date | None:
    """Return the date given to an option, None if it is not given. Ends the command if it is not a valid date."""
    from models.vocabulary import YEARS

    try:
        day = date.fromisoformat(text) if text else None
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a date such as 2026-10-01.", param_hint=option) from None
    if day is not None and day.year not in YEARS:
        raise typer.BadParameter(f"{text!r} is not within the years {YEARS[0]} to {YEARS[-1]}.", param_hint=option)
    return day


def apart(**given: object) -> None:
    """End the command if more than one of these options is given: they conflict, and one would be silently ignored. An
    argument's name is in capitals."""
    names = [name if name.isupper() else f"--{name.replace('_', '-')}" for name, value in given.items() if value]
    if len(names) > 1:
        raise typer.BadParameter(
            f"{names[0]} and {names[1]} cannot be combined; give one of them.", param_hint=names[1]
        )


def goes_with(*, there: object, of: str, **given: object) -> None:
    """End the command if one of these options is given without what it depends on (named by `of`): it would do nothing."""
    for name in () if there else (name for name, value in given.items() if value):
        option = f"--{name.replace('_', '-')}"
        raise typer.BadParameter(f"it has no effect without {of}.", param_hint=option)


def the_app() -> Any:
    """Return the App for the chosen settings file."""
    from leeway.app import App
    from leeway.settings import default_path, load

    settings = load(settings_file())
    usual = settings.database.url.removeprefix("sqlite:///")
    if not settings.model_fields_set and not default_path().exists() and not Path(usual).exists():
        err.print(
            f"Note: neither {default_path()} nor {usual} is in {Path.cwd()}, so this starts from scratch there. "
            "Change to the folder that has them, or point to the settings with --config or LEEWAY_CONFIG."
        )
    return App(settings, path=settings_file())


def print_rows(rows: "Sequence[CheckRow]", as_json: bool) -> None:
    """Print one line per row, with the fix; exits with code 2 if any row failed."""
    if as_json:
        sys.stdout.write(json_text([row.as_json() for row in rows]))
    else:
        show_rows(rows)
    if not all(row.ok or row.todo for row in rows):
        raise typer.Exit(2)


def show_rows(rows: "Sequence[CheckRow]") -> None:
    """Print one line per row, with the fix."""
    for row in rows:
        mark = "ok  " if row.ok else "next" if row.todo else "FAIL"
        out.print(f"{mark} {row.part}: {row.name}: {row.found}", markup=False)
        if row.fix:
            out.print(f"       {'do' if row.todo else 'fix'}: {row.fix}", markup=False)
