"""The commands about steps that must be stable, and about decisions."""

import sys
from typing import Annotated

import typer

from leeway.console import apart, out, the_app

commands = typer.Typer()


@commands.command()
def steps(
    as_json: Annotated[bool, typer.Option("--json", help="Everything, for machines.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Conformance by step and week, for a spreadsheet.")] = False,
) -> None:
    """Show whether hand-offs go as written: conformance of each step of `steps:` in okrs.yaml, what deviates, and what softens.

    Write the steps in okrs.yaml with the sources' own stages, fields and words (`stage: Closed won`, `field: intake_form`,
    `happens: reply`) and a time for each, such as `within: 24 working hours`. docs/steps.md has examples to copy.
    """
    from leeway.steps import show_steps

    apart(json=as_json, csv=as_csv)
    show_steps(the_app(), out, sys.stdout, "json" if as_json else "csv" if as_csv else "table")


@commands.command("decisions")
def decisions_(as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False) -> None:
    """Show what was decided about findings, what waits, and how long it took: from flagged to decided, from stop to really
    stopped."""
    from leeway.decisions import show_decisions

    show_decisions(the_app(), sys.stdout, as_json=as_json)
