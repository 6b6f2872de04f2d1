"""What every command has: where it writes, and the App of the settings file that was asked for."""

import json
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leeway.check import CheckRow


def _as_json() -> bool:
    """Whether --json-logs was asked for; `--help` does not load what logs need."""
    logs = sys.modules.get("leeway.logs")
    return logs is not None and logs.as_json()


class _Beside(Console):
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


out, err = Console(highlight=False, soft_wrap=True), _Beside(stderr=True, highlight=False, soft_wrap=True)
_state: dict[str, Path | None] = {"config": None}


def choose_settings(file: Path | None) -> None:
    """Take this settings file in all that follows; None for the usual one."""
    _state["config"] = file


def settings_file() -> Path | None:
    """The settings file that was asked for, None where none was."""
    return _state["config"]


def day_of(text: str | None, option: str) -> date | None:
    """The day that an option names, None where it is not given. Ends the command where there is no such day."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no day like 2026-10-01.", param_hint=option) from None


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
