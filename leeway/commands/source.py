"""`leeway source`: which site, workspace or account each source is, and switching to another one."""

import sys
from typing import Annotated

import typer

from leeway.as_json import json_text
from leeway.console import err, out, the_app
from leeway.help import BySection

commands = typer.Typer(
    cls=BySection,
    help="Show which site, workspace or account each source is, and what to do where leeway.toml points to another.",
)
Source = Annotated[str, typer.Argument(help="jira, slack, hubspot or github.")]


@commands.callback(invoke_without_command=True)
def show(
    context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False
) -> None:
    """Show which site, workspace or account each source was read from, and which is refused."""
    from alerts.words import amount
    from leeway.tenants import tenants_of

    if context.invoked_subcommand is not None:
        return
    found = list(tenants_of(the_app()))
    if as_json:
        sys.stdout.write(json_text(found))
        return
    if not found:
        err.print("The site, workspace or account of each source is recorded at its next pull: `leeway run --once`.")
    for one in found:
        signals = "signals from few people" if one["signals"] is None else amount(one["signals"], "signal")
        refused = f"; refused: {one['refused']}" if one["refused"] else ""
        out.print(
            f"{one['source']:8} {one['tenant']}, since {one['since']:%Y-%m-%d}, {signals}{refused}",
            markup=False,
        )


@commands.command()
def accept(source: Source) -> None:
    """Confirm that the settings point to the same records at a new address: keep everything and continue.

    For a server that moved with its database, or an account renamed in a way Leeway cannot see. Where records got new
    ids, as from Jira Server to Cloud, use `leeway source replace`.
    """
    from leeway import tenants

    out.print(tenants.accept(the_app(), source), markup=False)


@commands.command()
def replace(source: Source, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Switch to where the settings now point: remove what the former source brought, and read the new one from the beginning.

    For a move from a sandbox to production, or from Jira Server to Cloud. Answers about single items are removed with them;
    shares of past weeks are computed again from what is read. First stop `leeway run` and make a backup (`leeway export`).
    """
    from leeway import tenants

    def agree(what: str) -> None:
        if not yes:
            typer.confirm(f"{what}? This cannot be undone", abort=True, err=True)

    out.print(tenants.replace(the_app(), source, agree), markup=False)
