"""The end of `leeway init`: read half a year once, and show what Leeway would have reported last quarter."""

from datetime import date, timedelta
from pathlib import Path

from rich.console import Console

from leeway.app import App, NotReady
from leeway.backtest import backtest_lines
from leeway.okrs_load import load as load_register
from leeway.progress import stage_progress
from leeway.run import look_once
from leeway.settings import load
from pipeline.register.quarters import quarter_of


def last_quarter(folder: Path, asks: bool, wanted: bool, out: Console) -> None:
    """If wanted by flag or answer, load the register, pull, and print what would have been reported. Raises what each of them
    does.

    On a terminal it asks first; nothing is posted on the way.
    """
    if asks and not wanted:
        out.print(
            "With your objectives in okrs.yaml, Leeway can now read half a year and show what it would have reported last "
            "quarter; "
            "nothing is posted. This takes from a few minutes to an hour.",
            markup=False,
        )
        wanted = input("Edit okrs.yaml in another window, then answer. Start now? [y/N] ").strip().lower() in (
            "y",
            "yes",
        )
    if not wanted:
        return
    app = App(load(folder / "leeway.toml"))
    load_register(app, folder / "okrs.yaml", out, by=None, why=None, yes=False, strict=False, meaning=False)
    with stage_progress(out) as show:
        report = look_once(app, show)
    for error in report.errors:
        out.print(error, markup=False)
    try:
        for line in backtest_lines(app, before(app.now().date()), None):
            out.print(line, markup=False)
    except NotReady:
        out.print("There is too little history yet; run `leeway backtest` later.", markup=False)


def before(today: date) -> date:
    """Return the first day of the previous quarter."""
    return quarter_of(quarter_of(today).start - timedelta(days=1)).start
