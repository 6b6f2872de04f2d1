"""What every command has: where it writes, and the App of the settings file that was asked for."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leeway.check import CheckRow

out, err = Console(highlight=False, soft_wrap=True), Console(stderr=True, highlight=False, soft_wrap=True)
_state: dict[str, Path | None] = {"config": None}


def choose_settings(file: Path | None) -> None:
    """Take this settings file in all that follows; None for the usual one."""
    _state["config"] = file


def settings_file() -> Path | None:
    """The settings file that was asked for, None where none was."""
    return _state["config"]


def the_app() -> Any:
    """The App of the settings file that was asked for."""
    from leeway.app import App
    from leeway.settings import load

    return App(load(settings_file()), path=settings_file())


def print_rows(rows: "Sequence[CheckRow]", as_json: bool) -> None:
    """One line each, with the fix; exit code 2 where any is not well."""
    if as_json:
        sys.stdout.write(json.dumps([row.as_json() for row in rows], indent=1) + "\n")
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
