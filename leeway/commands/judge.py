"""The commands that judge what Leeway finds, and those that need no database."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from leeway.console import day_of, err, out, the_app

commands = typer.Typer()
MOST_ALARMS = 52
"""False alarms a year, as in the settings: one a week."""


@commands.command()
def evaluate(
    file: Annotated[
        Path, typer.Argument(metavar="LABELS.csv", help="One item,key_result per line, as `leeway label` reads it.")
    ],
    picture: Annotated[Path | None, typer.Option(help="Also plot confidence against truth to this PNG.")] = None,
) -> None:
    """Measure how good the match is on your own labels: accuracy, calibration, error of the top three. Nothing is stored.

    Each item is matched without any of these labels, so the figures show what Leeway finds by itself. A random sample
    shows how good it is on all work; items that Leeway asked about are harder than most.
    """
    from leeway.labelling import evaluate_lines

    for line in evaluate_lines(the_app(), file, picture):
        out.print(line, markup=False)


@commands.command()
def backtest(
    since: Annotated[str | None, typer.Option("--from", help="First day to report (2026-01-05).")] = None,
    picture: Annotated[Path | None, typer.Option(help="Also plot the weeks to this PNG.")] = None,
) -> None:
    """Show what would have been reported on the history in the database, week by week."""
    from leeway.backtest import backtest_lines

    for line in backtest_lines(the_app(), day_of(since, "--from"), picture):
        out.print(line, markup=False)


@commands.command()
def match(
    register: Annotated[Path, typer.Argument(metavar="OKRS.yaml")],
    signals: Annotated[Path, typer.Argument(metavar="SIGNALS.jsonl")],
    predictions: Annotated[
        Path | None, typer.Option("--out", metavar="PREDICTIONS.jsonl", help="Where to write.")
    ] = None,
    labels: Annotated[
        Path | None, typer.Option(metavar="LABELS.jsonl", help="Labels from people: id and key_result.")
    ] = None,
    ask: Annotated[int, typer.Option(min=0, help="Print this many ids most worth labelling, best first.")] = 0,
    model: Annotated[
        str, typer.Option(help="`bundled`, `bundled-int8`, or a sentence-transformers name or folder.")
    ] = "bundled",
) -> None:
    """Match signals to key results offline, without a database.

    A line of SIGNALS.jsonl is one item: id, source, kind; where known, also title, text, team, container, parent, mentions,
    labels, and traces, the number of times something was done on it."""
    from pipeline.encode.encoder import SentenceEncoder
    from pipeline.files import keep, write_jsonl
    from pipeline.match.active_learning import worth_asking
    from pipeline.match.matcher import Matcher
    from pipeline.offline.match import as_row, predict, read_labels, read_signals
    from pipeline.register.document import read

    if predictions is None and not ask:
        raise typer.BadParameter("give a file for the predictions, or --ask for ids to label.", param_hint="--out")
    keep((register, signals, labels), predictions)
    okr, _ = read(register)
    items = read_signals(signals)
    known = read_labels(labels, okr) if labels else {}
    matcher = Matcher(okr, items, SentenceEncoder(model))
    if ask:
        found, _ = matcher.probabilities(known)
        for id_ in worth_asking(matcher, found, ask, set(known)):
            sys.stdout.write(id_ + "\n")
    if predictions is not None:
        write_jsonl(predictions, map(as_row, rows := predict(matcher, known)))
        served = sum(one.key_result is not None for one in rows)
        err.print(f"{predictions}: {len(rows)} signals, {served} on a key result, {len(rows) - served} on none.")


def _alarms(wanted: float) -> float:
    if not 0 < wanted <= MOST_ALARMS:  # also rejects NaN
        raise typer.BadParameter(f"expected more than 0 and at most {MOST_ALARMS} a year.")
    return wanted


@commands.command()
def detect(
    effort: Annotated[Path, typer.Argument(metavar="EFFORT.csv")],
    periods: Annotated[Path, typer.Option(metavar="PERIODS.yaml", help="Priorities by period.")],
    events: Annotated[Path, typer.Option("--out", metavar="EVENTS.jsonl", help="Where to write.")],
    capacity: Annotated[
        Path | None,
        typer.Option(
            metavar="CAPACITY.csv", help="Expected person-days; default: capacity.csv next to EFFORT.csv, if present."
        ),
    ] = None,
    company_alarms: Annotated[
        float, typer.Option(callback=_alarms, help="Target for false alarms per year, for the company.")
    ] = 0.4,
    team_alarms: Annotated[float, typer.Option(callback=_alarms, help="The same, for all teams together.")] = 0.25,
) -> None:
    """Detect drift in daily effort offline, without a database; each date uses only the rows up to it."""
    from alerts.words import amount
    from pipeline.drift.detector import Detector, DriftSettings
    from pipeline.files import keep, write_jsonl
    from pipeline.offline.detect import as_row, read_effort, read_periods
    from pipeline.offline.remarks import remarks

    beside = effort.parent / "capacity.csv"
    capacity = capacity or (beside if beside.exists() else None)
    keep((effort, periods, capacity), events)
    settings = DriftSettings(company_alarms=company_alarms, team_alarms=team_alarms)
    seen, plans = read_effort(effort, capacity), read_periods(periods)
    for remark in remarks(seen, plans, settings.least_people):
        err.print(f"note: {remark}", markup=False)
    found = Detector(seen, plans, settings).run()
    write_jsonl(events, map(as_row, found))
    out.print(f"{events}: {amount(len(found), 'event')}.")
