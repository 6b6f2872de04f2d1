"""The commands for operating an installation."""

from pathlib import Path
from typing import Annotated

import typer

from leeway.console import apart, err, goes_with, out, print_rows, the_app

commands = typer.Typer()


@commands.command()
def doctor(
    only: Annotated[
        str | None,
        typer.Option(
            help="Only this part: database, broker, workers, beat, sources, cycle, tasks, alerts, digests, packs, pulse, "
            "interview."
        ),
    ] = None,
    clear: Annotated[
        bool,
        typer.Option(
            "--clear", help="Once it is fixed: clear dead tasks, and retry refused messages at the next wake-up."
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Show what is stuck and how to fix it: queues, workers, beat, sources that lag, an open cycle, tasks that failed for
    good."""
    from alerts.words import amount
    from leeway.doctor import diagnose, names
    from leeway.operations import clear_dead
    from leeway.undelivered import try_again

    apart(clear=clear, json=as_json, only=only) if clear else None
    if only is not None and only not in names():
        raise typer.BadParameter(f"expected one of {', '.join(names())}.", param_hint="--only")
    application = the_app()
    if clear:
        forgotten, again = clear_dead(application.sessions), try_again(application)
        out.print(
            f"{amount(forgotten, 'dead task')} cleared; {amount(again, 'refused message')} to be retried at the next wake-up."
        )
        return
    print_rows(diagnose(application, only), as_json)


@commands.command()
def sync(
    source: Annotated[
        str | None, typer.Argument(help="Only this source: jira, slack, hubspot, github, calendar, mailbox.")
    ] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Only read again the records that were set aside.")
    ] = False,
    sweep: Annotated[
        bool, typer.Option("--sweep", help="Only look for what was deleted or silently edited; otherwise once a day.")
    ] = False,
    minutes: Annotated[float | None, typer.Option(min=0.0, help="Spend at most this long on history.")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="With --sweep: also remove more than a few percent of the records.")
    ] = False,
) -> None:
    """Pull only, without matching or alerts. If stopped, it resumes where it left off."""
    from leeway.sync import sync_sources

    apart(retry_failed=retry_failed, sweep=sweep, minutes=minutes is not None)
    goes_with(there=sweep, of="--sweep", force=force)
    errors = sync_sources(
        the_app(), source, err, out, retry_failed=retry_failed, sweep=sweep, minutes=minutes, force=force
    )
    for error in errors:
        err.print(f"Error: {error}", markup=False)
    if errors:
        raise typer.Exit(2)


@commands.command()
def upgrade(
    check: Annotated[bool, typer.Option("--check", help="Only rehearse it, and leave the database unchanged.")] = False,
) -> None:
    """Upgrade the database to this version. Every command does so automatically; this one shows the steps."""
    import migrations
    from alerts.words import amount
    from leeway import __version__
    from models import connect

    engine = connect(the_app().settings.database.url)
    steps = migrations.pending(engine)
    for step in steps:
        out.print(f"{step.revision}  {step.about}", markup=False)
    if not steps:
        out.print("The database is up to date.")
    elif check:
        migrations.rehearse(engine)
        out.print(
            f"{amount(len(steps), 'step')}, rehearsed without errors; the database is unchanged. Back it up, then run `leeway "
            "upgrade`."
        )
    else:
        migrations.upgrade(engine, __version__)
        out.print(f"{amount(len(steps), 'step')} done.")
    engine.dispose()


@commands.command("export")
def export_(file: Annotated[Path, typer.Argument(metavar="FILE.zip")]) -> None:
    """Back up everything to one file, as of one moment, while Leeway keeps running. It holds names and texts: keep it safe."""
    from alerts.words import amount
    from leeway.progress import stage_progress
    from leeway.transfer import export

    with stage_progress(err) as show:
        counts = export(the_app().engine, file, lambda table, done: show(table, done, None))
    out.print(f"{file}: {amount(sum(counts.values()), 'row')} from {amount(len(counts), 'table')}.", markup=False)


@commands.command("import")
def import_(file: Annotated[Path, typer.Argument(metavar="FILE.zip")]) -> None:
    """Load an export into the empty database at database.url: to restore a backup, or to move from SQLite to PostgreSQL."""
    from alerts.words import amount
    from leeway.progress import stage_progress
    from leeway.transfer import bring_in

    with stage_progress(err) as show:
        counts = bring_in(the_app().engine, file, lambda table, done: show(table, done, None))
    out.print(
        f"{amount(sum(counts.values()), 'row')} of {amount(len(counts), 'table')} imported. `leeway status` shows them.",
        markup=False,
    )


@commands.command()
def forget(
    person: Annotated[str, typer.Argument(help="An e-mail address, or an account such as jira:5f1c.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete every trace of a person and never ingest it again. Totals they contributed to stay, without a name."""
    from alerts.words import amount
    from pipeline.people.forget import forget as delete_traces

    if not yes:
        typer.confirm("Delete their accounts, signals and words? This cannot be undone", abort=True, err=True)
    done = delete_traces(the_app().sessions, person)
    # The amount would be a figure about the person.
    out.print(
        f"Deleted {amount(done.accounts, 'account')} with all their signals, and their name in what others wrote. Past effort "
        "stays "
        "in their team's totals. Pruning backups is up to you."
    )
