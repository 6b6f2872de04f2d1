"""`leeway okrs`: load, lint and compare the register, and show its history."""

from pathlib import Path
from typing import Annotated

import typer

from leeway.console import apart, day_of, err, out, the_app
from leeway.help import BySection

commands = typer.Typer(
    cls=BySection, no_args_is_help=True, help="Manage the register: load, lint, compare or export an okrs.yaml."
)
_MEANING = "Also compare the meaning of new key results with that of their objective; loads the model."


@commands.command("load")
def okrs_load(
    file: Path,
    why: Annotated[str | None, typer.Option(help="Why it changes; stored with the version.")] = None,
    by: Annotated[str | None, typer.Option(help="Who loads it; default: the login name.")] = None,
    yes: Annotated[
        bool,
        typer.Option("--yes", help="Also load what loosens something (needs --why) or replaces a running plan."),
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse to load anything that loosens something.")] = False,
    meaning: Annotated[bool, typer.Option("--meaning", help=_MEANING)] = False,
    remove: Annotated[bool, typer.Option("--remove", help="With a table: remove what has no row in it.")] = False,
) -> None:
    """Make FILE, an okrs.yaml or a table (.csv) from okrs export, the current register. Loading the same text again changes
    nothing.

    What an edit silently loosens is shown first (a lower target, another metric, a later day, ...): on a terminal you are
    asked why, a script continues unless --strict. A plan whose period overlaps the running one replaces it: Leeway shows what
    ends, and asks for confirmation (or --yes). A table changes only the cells that differ from the version it was written
    from; what it does not contain stays.
    """
    from leeway.okrs_load import load

    apart(yes=yes, strict=strict)
    load(the_app(), file, out, by=by, why=why, yes=yes, strict=strict, meaning=meaning, remove=remove)


@commands.command("export")
def okrs_export(
    as_table: Annotated[
        bool, typer.Option("--csv", help="Write a table, a row for each objective and key result.")
    ] = False,
    semicolons: Annotated[
        bool,
        typer.Option(
            "--semicolons", help="Separate cells with semicolons, as Excel does in much of Europe; implies --csv."
        ),
    ] = False,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write it here (a .csv is a table); default: standard output.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a FILE that holds something else.")] = False,
    version: Annotated[
        int | None, typer.Option(metavar="N", help="Export this version; `okrs history` lists them.")
    ] = None,
) -> None:
    """Write the current register as okrs.yaml, or as a table to edit in a spreadsheet. Loads nothing.

    Run leeway okrs export --output plan.csv, edit it in a spreadsheet, then leeway okrs load plan.csv.
    """
    from leeway.okrs_table import export
    from pipeline.spreadsheet import is_table

    table = as_table or semicolons or (output is not None and is_table(output))
    export(the_app(), err, table=table, semicolons=semicolons, output=output, force=force, version=version)


@commands.command("lint")
def okrs_lint(
    file: Path,
    skip: Annotated[list[str] | None, typer.Option(metavar="RULE", help="Skip this rule; may be repeated.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with code 1 if there is any hint.")] = False,
) -> None:
    """Check FILE: faults prevent it from loading; hints improve key results, matches and alerts. Offline; nothing is stored."""
    from leeway.okrs_lint import UnknownRule, lint

    try:
        found = lint(file, skip or (), as_json, out)
    except UnknownRule as error:
        raise typer.BadParameter(str(error), param_hint="--skip") from None
    if strict and found:
        raise typer.Exit(1)


@commands.command("diff")
def okrs_diff(
    one: Annotated[
        str | None, typer.Argument(metavar="[A]", help="A version's number, or a file (okrs.yaml or .csv).")
    ] = None,
    other: Annotated[str | None, typer.Argument(metavar="[B]", help="Another version's number, or a file.")] = None,
    meaning: Annotated[bool, typer.Option("--meaning", help=_MEANING)] = False,
) -> None:
    """Show what loading a FILE would change, or what changed from version A to B: by field, what it loosens, what it means
    for past figures. Without arguments: what the last load changed."""
    from leeway.okrs_load import diff

    diff(the_app(), one, other, out, meaning)


@commands.command("carry-over")
def okrs_carry_over(
    name: Annotated[str | None, typer.Option(help="The new period's name; default: the next one, Q3 to Q4.")] = None,
    start: Annotated[
        str | None,
        typer.Option(metavar="YYYY-MM-DD", help="Its first day; default: the day after the old period's end."),
    ] = None,
    end: Annotated[
        str | None, typer.Option(metavar="YYYY-MM-DD", help="Its last day; default: as long as the old period.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write it here; default: standard output.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a FILE that holds something else.")] = False,
) -> None:
    """Write the current register with the next period, to continue with the same objectives and key results. Loads nothing.

    For when a period ends and the next plan is much like it: write it with --output next.yaml, review it, then run
    leeway okrs load next.yaml. It lists the key results whose own due day lies before the new period.
    """
    from leeway.okrs_carry import carry_over

    first, last = day_of(start, "--start"), day_of(end, "--end")
    carry_over(the_app(), err, name=name, start=first, end=last, output=output, force=force)


@commands.command("sync")
def okrs_sync(
    take: Annotated[
        list[str] | None,
        typer.Option(metavar="SIDE", help="Which side wins: jira or register, or for one conflict O1.2.title=jira."),
    ] = None,
    load: Annotated[bool, typer.Option("--load", help="Load what is new, linked, or taken from the source.")] = False,
    why: Annotated[str | None, typer.Option(help="Why it changes; stored with the version.")] = None,
    by: Annotated[str | None, typer.Option(help="Who loads it; default: the login name.")] = None,
) -> None:
    """Compare the goals in Jira with the register: what is new, what differs, what was deleted. Loads nothing without --load.

    [goals] in leeway.toml defines which issues are goals. `goal: GOAL-1` in okrs.yaml links an entry to its goal. Where the
    two conflict, nothing changes until --take says which side wins; once the register has won, the conflict is not raised again.
    """
    from leeway.goals import sync

    sync(the_app(), out, take=take or (), load=load, by=by, why=why)


@commands.command("challenge")
def okrs_challenge(
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    meaning: Annotated[
        bool,
        typer.Option("--meaning/--no-meaning", help="Include key results far from their objective; loads the model."),
    ] = True,
) -> None:
    """Show what to question: objectives that changed while nothing below them did, key results far from their objective.

    The first are found after `goals.cascade_days` (14). If it is intended, silence it with `accepted: [cascade-break]`
    on the objective, or `accepted: [weak-link]` on the key result.
    """
    from leeway.okrs_challenge import challenge

    challenge(the_app(), out, as_json=as_json, meaning=meaning)


@commands.command("history")
def okrs_history(
    key: Annotated[str | None, typer.Argument(help="Only about this objective, key result, team or address.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """List every load of a register: who, when, why, and what it changed."""
    from leeway.okrs_load import show_history

    show_history(the_app(), key, as_json, out)
