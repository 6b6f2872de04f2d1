"""The command line: global options, and how an error ends a command. Each command imports what it needs when it runs, so
that `--help` and `status` answer at once."""

import os
import select
import sys
from collections.abc import Sequence
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, TextIO

import typer

from leeway import __version__
from leeway.commands import every_day, judge, look_after, okrs, progress, source, start, steps
from leeway.console import READER_LEFT, choose_settings, err, out, write_no_more
from leeway.help import BySection

app = typer.Typer(
    cls=BySection,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    help="Leeway compares what a company works on with its objectives, and reports when the two drift apart.\n\n"
    "First steps: `leeway demo` shows everything on a simulated company. Then `leeway init`, edit leeway.toml "
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
        Path | None, typer.Option(help="Settings file; default: $LEEWAY_CONFIG, else leeway.toml here.")
    ] = None,
    json_logs: Annotated[bool, typer.Option("--json-logs", help="Write logs as JSON lines.")] = False,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version and stop.")
    ] = False,
) -> None:
    from leeway import logs

    logs.set_up(json=json_logs)
    choose_settings(config)


_INTERRUPTED = 130
_STOPPED = "Stopped. Finished work is kept; run it again to resume."


def _say_everything() -> None:
    """Make output never fail on a character: a terminal shows a question mark for what it cannot print; files and pipes get
    UTF-8."""
    _open_closed()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper) and stream.encoding.lower().replace("-", "") != "utf8":
            if stream.isatty():
                stream.reconfigure(errors="replace")
            else:
                stream.reconfigure(encoding="utf-8")


def _open_closed() -> None:
    """Open the null device in place of a standard stream that was closed (`2>&-`, some daemons). Otherwise the next file or
    socket would take its number, and child processes would write there."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - for as long as we live
            os.set_inheritable(getattr(sys, name).fileno(), True)


def _run() -> None:
    """Run the command and flush its output; Python would flush at exit, where an error prints a line and sets no status. Exits
    with READER_LEFT if `head` or a pager has read enough."""
    given = sys.stdout, sys.stderr
    try:
        app()
    except (SystemExit, BrokenPipeError) as end:
        # The library assumes that every broken pipe is our reader's: it replaces the stream and exits with status 1.
        taken = isinstance(end, SystemExit) and sys.stdout is not given[0]
        if _reader_left(given, broke=taken or isinstance(end, BrokenPipeError)):
            write_no_more()
            sys.exit(READER_LEFT)
        if taken and end.__context__ is not None:
            raise end.__context__ from None
        raise


def _reader_left(streams: Sequence[TextIO], broke: bool) -> bool:
    """Flush the streams; return True if their reader is gone, i.e. if the pipe that broke was ours."""
    try:
        for stream in streams:
            stream.flush()
    except BrokenPipeError:
        return True
    if not broke:
        return False
    ends = select.poll()
    for stream in streams:
        with suppress(OSError):  # a stream without a file number is not a pipe
            ends.register(stream.fileno(), 0)
    return bool(ends.poll(0))


def main() -> None:
    """Run a command; an expected error is one sentence and exit code 2, never a traceback."""
    from leeway.errors import expected

    _say_everything()
    try:
        _run()
    except KeyboardInterrupt:
        err.print(_STOPPED)
        sys.exit(_INTERRUPTED)
    except SystemExit as end:
        if end.code == _INTERRUPTED:  # the library exits silently after Ctrl-C
            err.print(_STOPPED)
        raise
    except Exception as error:
        sentence = expected(error)
        if sentence is None:
            raise
        err.print(f"Error: {sentence}", markup=False)
        if isinstance(error, OSError) and not error.filename:
            write_no_more()
        sys.exit(2)


if __name__ == "__main__":
    main()
