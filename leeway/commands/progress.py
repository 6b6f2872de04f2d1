"""The commands about the numbers of key results."""

from typing import Annotated

import typer

from leeway.console import apart, day_of, err, goes_with, out, the_app

commands = typer.Typer()


@commands.command(context_settings={"ignore_unknown_options": True})  # a number may be negative
def measure(
    key: Annotated[str | None, typer.Argument(metavar="[KEY_RESULT]", help="Its key, such as O1.2.")] = None,
    value: Annotated[str | None, typer.Argument(metavar="[NUMBER]", help="What it is now, such as 42.")] = None,
    note: Annotated[str, typer.Option(help="A note to keep with the number; name no person.")] = "",
    day: Annotated[str, typer.Option(metavar="YYYY-MM-DD", help="The day it applies to; default: today.")] = "",
    again: Annotated[bool, typer.Option("--again", help="Measure again even what was already measured today.")] = False,
) -> None:
    """Check in the number of a key result (`leeway measure O1.2 42`); without one, measure what is due now.

    Key results with `metric:` in okrs.yaml are measured once a day by `leeway run`; those with `metric: {checkin: true}` are
    entered here. See docs/progress.md.
    """
    from leeway.measuring import check_in, measure_now
    from pipeline.register.figures import exactly

    goes_with(there=key, of="a key result and its number", note=note, day=day)
    apart(KEY_RESULT=key, again=again)
    application = the_app()
    if key is not None:
        if value is None:
            raise typer.BadParameter("a number is needed, such as `leeway measure O1.2 42`.", param_hint="NUMBER")
        number = _number(value)
        found, period = check_in(application, key, number, note, day_of(day, "--day"))
        of = f" ({period})" if period else ""
        out.print(f"{found.key} {found.title}{of}: {exactly(number)} saved.", markup=False)
        return
    rows = measure_now(application, again=again)
    for row in rows:
        said = f"not measured: {row['fault']}" if row["fault"] else exactly(row["value"])
        (err if row["fault"] else out).print(f"{row['key_result']} on {row['day']}: {said}", markup=False)
    if any(row["fault"] for row in rows):
        raise typer.Exit(2)


@commands.command()
def progress(
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="For a spreadsheet.")] = False,
    period: Annotated[
        str, typer.Option(metavar="NAME", help="Show how those of an earlier period ended, such as Q3.")
    ] = "",
) -> None:
    """Show where the numbers of key results stand: now, target, pace, a forecast for the period's end, and their share of
    work."""
    import sys

    from leeway.pace import show_progress

    apart(json=as_json, csv=as_csv)
    show_progress(the_app(), out, sys.stdout, "json" if as_json else "csv" if as_csv else "table", period)


@commands.command()
def interview(
    ask: Annotated[
        bool, typer.Option("--ask", help="Ask now; nobody is asked twice while an interview is open.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show whom --ask would ask and how; nobody is asked.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Show how far the priorities of leadership and leads agree, what they would stop, and which dependencies several fear.

    Answers are private and deleted when the interview closes; nothing is shown before then, nor for groups of fewer than five.
    See docs/interview.md.
    """
    import sys

    from leeway.interview import plan_of, run_interview, show

    apart(ask=ask, dry_run=dry_run, json=as_json)
    application = the_app()
    if dry_run:
        for line in plan_of(application):
            out.print(line, markup=False)
        return
    if not ask:
        show(application, sys.stdout, as_json=as_json)
        return
    found = run_interview(application, ask=True)
    out.print(f"{found.asked} asked, {found.reminded} reminded.", markup=False)
    for error in found.errors:
        err.print(f"Error: {error}", markup=False)
    if found.errors:
        raise typer.Exit(2)


def _number(text: str) -> float:
    from pipeline.progress.cannot import CannotMeasure, number_of

    try:
        return number_of(text, "NUMBER is")
    except CannotMeasure as error:
        raise typer.BadParameter(str(error), param_hint="NUMBER") from None


@commands.command()
def pulse(
    send: Annotated[bool, typer.Option("--send", help="Ask now everyone who has not been asked this week.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show whom --send would ask and how; nobody is asked.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Show how confident the owners of key results are, week by week, and where that disagrees with the number and the work.

    With `on = true` under [pulse] each owner is asked once a week, in Slack or by mail; `--send` asks now, never twice in a week.
    See docs/pulse.md.
    """
    import sys

    from leeway.pulse import plan_of, send_pulse, show_pulse

    apart(send=send, dry_run=dry_run, json=as_json)
    application = the_app()
    if dry_run:
        for line in plan_of(application):
            out.print(line, markup=False)
        return
    if not send:
        show_pulse(application, out, sys.stdout, as_json=as_json)
        return
    found = send_pulse(application)
    out.print(f"{found.asked} asked, {found.reminded} reminded.", markup=False)
    for error in found.errors:
        err.print(f"Error: {error}", markup=False)
    if found.errors:
        raise typer.Exit(2)
