"""The command line: what stands before a command, and how an error ends one. Each command imports what it needs when it
runs, so that `--help` and `status` answer at once."""

import os
import sys
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer

from leeway import __version__
from leeway.commands import every_day, judge, look_after, okrs, progress, source, start, steps
from leeway.console import choose_settings, err, out
from leeway.help import BySection

app = typer.Typer(
    cls=BySection,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    help="Leeway compares what a company works on with its objectives, and reports when the two drift apart.\n\n"
    "First steps: `leeway demo` shows the whole job on a simulated company. Then `leeway init`, edit leeway.toml "
    "and okrs.yaml, `leeway check`, `leeway okrs load okrs.yaml`, `leeway run`.",
)
for section in (start, every_day, progress, steps, look_after, judge):
    app.add_typer(section.commands)
app.add_typer(okrs.commands, name="okrs")
app.add_typer(source.commands, name="source")


def _print_version(asked: bool) -> None:
    if asked:
        out.print(__version__)
        raise typer.Exit


@app.callback()
def _options(
    config: Annotated[
        Path | None, typer.Option(help="Settings file; else $LEEWAY_CONFIG, else leeway.toml here.")
    ] = None,
    json_logs: Annotated[bool, typer.Option("--json-logs", help="Logs as JSON lines.")] = False,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version and stop.")
    ] = False,
) -> None:
    from leeway import logs

    logs.set_up(json=json_logs)
    choose_settings(config)


_INTERRUPTED = 130
_STOPPED = "Stopped. What was done is kept; run it again to resume."


def _say_everything() -> None:
    """No letter ends a command: what a terminal cannot show is a question mark there, and files and pipes are in UTF-8."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper) and stream.encoding.lower().replace("-", "") != "utf8":
            if stream.isatty():
                stream.reconfigure(errors="replace")
            else:
                stream.reconfigure(encoding="utf-8")


def main() -> None:
    """Run a command; an expected error is one sentence and exit code 2, never a traceback."""
    from leeway.errors import expected

    _say_everything()
    try:
        app()
    except KeyboardInterrupt:
        err.print(_STOPPED)
        sys.exit(_INTERRUPTED)
    except SystemExit as end:
        if end.code == _INTERRUPTED:  # the library ends a command that Ctrl-C stopped, without a word
            err.print(_STOPPED)
        raise
    except Exception as error:
        sentence = expected(error)
        if sentence is None:
            raise
        err.print(f"Error: {sentence}", markup=False)
        if (
            isinstance(error, OSError) and not error.filename
        ):  # what could not be written is not tried again at the exit
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.__stdout__.fileno() if sys.__stdout__ else 1)
        sys.exit(2)


if __name__ == "__main__":
    main()
