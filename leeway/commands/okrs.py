"""`leeway okrs`: load, lint and compare the register, and show its history."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from leeway.console import err, out, the_app
from leeway.help import BySection

commands = typer.Typer(cls=BySection, no_args_is_help=True, help="The register: load, lint or compare an okrs.yaml.")
_MEANING = "Also hold new key results against their objective by meaning; loads the model."


@commands.command("load")
def okrs_load(
    file: Path,
    why: Annotated[str | None, typer.Option(help="Why it changes; kept with the version.")] = None,
    by: Annotated[str | None, typer.Option(help="Who loads it; else the login.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Load also what loosens something; needs --why.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Load nothing that loosens something.")] = False,
    meaning: Annotated[bool, typer.Option("--meaning", help=_MEANING)] = False,
) -> None:
    """Make FILE the current register. The same text again changes nothing.

    What an edit loosens without saying so is said first (a lower target, another metric, a later day, ...): on a terminal
    you are asked why, a script goes on unless --strict.
    """
    from leeway.okrs_load import load

    load(the_app(), file, out, by=by, why=why, yes=yes, strict=strict, meaning=meaning)


@commands.command("lint")
def okrs_lint(
    file: Path,
    skip: Annotated[
        list[str] | None, typer.Option(metavar="RULE", help="Leave this rule out; may be repeated.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit code 1 where there is any hint.")] = False,
) -> None:
    """Check FILE: faults stop it from loading, hints make key results, matches and alerts better. Offline, nothing is kept."""
    from leeway.okrs_lint import UnknownRule, lint

    try:
        found = lint(file, skip or (), as_json, out)
    except UnknownRule as error:
        raise typer.BadParameter(str(error), param_hint="--skip") from None
    if strict and found:
        raise typer.Exit(1)


@commands.command("diff")
def okrs_diff(
    one: Annotated[str | None, typer.Argument(metavar="[A]", help="A version's number, or a file.")] = None,
    other: Annotated[str | None, typer.Argument(metavar="[B]", help="Another version's number, or a file.")] = None,
    meaning: Annotated[bool, typer.Option("--meaning", help=_MEANING)] = False,
) -> None:
    """What loading a FILE would change, or what changed from version A to B: by field, what it loosens, what it means for
    past figures. Without arguments: what the last load changed."""
    from leeway.okrs_load import diff

    diff(the_app(), one, other, out, meaning)


@commands.command("carry-over")
def okrs_carry_over(
    name: Annotated[str | None, typer.Option(help="The new period's name; else the next one, Q3 to Q4.")] = None,
    start: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Its first day; else the day after the old end.")
    ] = None,
    end: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Its last day; else as long as the old period.")
    ] = None,
    output: Annotated[Path | None, typer.Option(metavar="FILE", help="Write it here; else to standard output.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a FILE that holds something else.")] = False,
) -> None:
    """Write the current register with the next period, to go on with the same objectives and key results. Loads nothing.

    For when a period ends and the next plan is much like it: write it with --output next.yaml, look through it, then
    leeway okrs load next.yaml. Names the key results whose own day lies before the new period.
    """
    from leeway.okrs_carry import carry_over

    first, last = start.date() if start else None, end.date() if end else None
    carry_over(the_app(), err, name=name, start=first, end=last, output=output, force=force)


@commands.command("history")
def okrs_history(
    key: Annotated[str | None, typer.Argument(help="Only about this objective, key result, team or address.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Every load of a register: who, when, why, and what it changed."""
    from leeway.okrs_load import show_history

    show_history(the_app(), key, as_json, out)
