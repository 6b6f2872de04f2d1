"""The commands of the first hour: the demo, the first files, and checking everything a run needs."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from leeway.console import day_of, out, print_rows, show_rows, the_app

commands = typer.Typer()


@commands.command()
def demo(
    database: Annotated[
        str | None, typer.Option(help="Database address; else a fresh SQLite file in the output folder.")
    ] = None,
    output: Annotated[Path, typer.Option(help="Folder for summary.json, the alert, the digest and the chart.")] = Path(
        "demo-out"
    ),
    today: Annotated[
        str | None, typer.Option(help="Last day of the simulated half year (2026-07-14); else today.")
    ] = None,
    seed: Annotated[int, typer.Option(help="A different seed gives a different half year of the same company.")] = 7,
    serve: Annotated[
        bool, typer.Option("--serve", help="Keep the page running afterwards, and print a sign-in link.")
    ] = False,
) -> None:
    """Run the whole pipeline on a simulated company: pull over HTTP, match, shares, drift, one Slack alert. No account needed."""
    from leeway.demo import run_demo, there
    from leeway.settings.values import database_address

    day = day_of(today, "--today")
    try:
        database_address(database or "")
    except ValueError as error:
        raise typer.BadParameter(f"{error}.", param_hint="--database") from None
    if not serve:
        run_demo(output, database, day, seed, out)
        return
    from web.serve import serve as serve_page

    show, before = partial(serve_page, standing=True), there(output, database)
    if before is None:
        run_demo(output, database, day, seed, out, show)
    else:
        out.print(
            f"Showing the company of {output}, as it was left; run without --serve to run the demo again.", markup=False
        )
        show(before, out)


Listed = Annotated[str | None, typer.Option(metavar="A,B", help="What to read from it; nothing else is read.")]


@commands.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Where to write; existing files are kept.")] = Path(),
    jira: Annotated[str | None, typer.Option(metavar="URL", help="Connect this Jira.")] = None,
    jira_email: Annotated[str | None, typer.Option(help="E-mail address of the account that owns the token.")] = None,
    jira_projects: Listed = None,
    slack_channels: Listed = None,
    slack_alert_channel: Annotated[str | None, typer.Option(metavar="NAME", help="Where alerts go.")] = None,
    hubspot_pipelines: Listed = None,
    told: Annotated[
        bool, typer.Option("--backtest", help="End with what Leeway would have reported last quarter.")
    ] = False,
    ask: Annotated[bool, typer.Option(help="Ask on a terminal for anything that no flag gives.")] = True,
) -> None:
    """Write leeway.toml and okrs.yaml; connect the sources, test their tokens and draft the teams.

    On a terminal it asks. Without one, flags name what to connect, and tokens come from LEEWAY_JIRA__TOKEN or
    LEEWAY_JIRA__TOKEN_FILE (likewise for the others); with neither it writes two files to edit.
    """
    from leeway.first_run import FirstRun, somebody_answers
    from leeway.first_run_end import last_quarter

    flags = {
        "jira": {"url": jira, "email": jira_email, "projects": jira_projects},
        "slack": {"channels": slack_channels, "alert_channel": slack_alert_channel},
        "hubspot": {"pipelines": hubspot_pipelines},
    }
    given = _given(flags)
    asks = ask and somebody_answers()
    say = partial(out.print, markup=False)
    try:
        FirstRun(folder, given, asks, say, show_rows)()
        settings = "" if folder == Path() else f"--config {folder / 'leeway.toml'} "
        register = folder / "okrs.yaml"
        say(
            f"Next: write your objectives into {register}, then `leeway {settings}check` and "
            f"`leeway {settings}okrs load {register}`."
        )
        last_quarter(folder, asks, told, out)
    except EOFError:  # the terminal is gone, or Ctrl-D: treat as Ctrl-C
        raise typer.Exit(130) from None


def _given(flags: Mapping[str, Mapping[str, str | None]]) -> dict[str, dict[str, str | list[str]]]:
    """Return the flags by source; lists are split at commas, and sources without flags are left out."""
    lists = ("projects", "channels", "pipelines")
    return {
        source: {
            k: [one.strip() for one in v.split(",") if one.strip()] if k in lists else v for k, v in values.items() if v
        }
        for source, values in flags.items()
        if any(values.values())
    }


@commands.command()
def check(as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False) -> None:
    """Check everything a run needs: settings, database, model, each source's token, scopes, projects and channels."""
    from leeway.check import check_all

    print_rows(check_all(the_app()), as_json)
