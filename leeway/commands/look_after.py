"""The commands of whoever looks after an installation."""

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
            help="One part: database, broker, workers, beat, sources, cycle, tasks, alerts, digests, packs, pulse, interview."
        ),
    ] = None,
    clear: Annotated[
        bool,
        typer.Option(
            "--clear", help="Once it is fixed: forget dead tasks, and retry at the next wake-up what was refused."
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """What is stuck, and how to fix it: queues, workers, beat, sources that lag, an open cycle, tasks that failed for good."""
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
            f"{amount(forgotten, 'dead task')} forgotten; {amount(again, 'refused message')} tried again at the next wake."
        )
        return
    print_rows(diagnose(application, only), as_json)


@commands.command()
def sync(
    source: Annotated[
        str | None, typer.Argument(help="Only this source: jira, slack, hubspot, github, calendar, mailbox.")
    ] = None,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Only read again what was set aside.")] = False,
    sweep: Annotated[
        bool, typer.Option("--sweep", help="Only look for what was deleted or silently edited; else once a day.")
    ] = False,
    minutes: Annotated[float | None, typer.Option(min=0.0, help="Spend at most this long on the past.")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="With --sweep: also remove more than a few percent of the records.")
    ] = False,
) -> None:
    """Only pull, without matching or alerts. Stopped at any moment, it resumes where it stopped."""
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
    check: Annotated[bool, typer.Option("--check", help="Only try it, and leave the database as it is.")] = False,
) -> None:
    """Bring the database to this version. Every command does so automatically; this one shows the steps."""
    import migrations
    from alerts.words import amount
    from leeway import __version__
    from models import connect

    engine = connect(the_app().settings.database.url)
    steps = migrations.pending(engine)
    for step in steps:
        out.print(f"{step.revision}  {step.about}", markup=False)
    if not steps:
        out.print("The database is of the newest version; nothing is to be done.")
    elif check:
        migrations.rehearse(engine)
        out.print(
            f"{amount(len(steps), 'step')}, tried without a fault; the database is as it was. Back it up, then `leeway upgrade`."
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
    out.print(f"{file}: {amount(sum(counts.values()), 'row')} of {amount(len(counts), 'table')}.", markup=False)


@commands.command("import")
def import_(file: Annotated[Path, typer.Argument(metavar="FILE.zip")]) -> None:
    """Fill the empty database of database.url from an export: a restore, or the move from SQLite to PostgreSQL."""
    from alerts.words import amount
    from leeway.progress import stage_progress
    from leeway.transfer import bring_in

    with stage_progress(err) as show:
        counts = bring_in(the_app().engine, file, lambda table, done: show(table, done, None))
    out.print(
        f"{amount(sum(counts.values()), 'row')} of {amount(len(counts), 'table')} brought in. `leeway status` shows them.",
        markup=False,
    )


@commands.command()
def forget(
    person: Annotated[str, typer.Argument(help="An e-mail address, or an account like jira:5f1c.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete every trace of a person and never take it in again. Sums that they went into stay, without a name."""
    from alerts.words import amount
    from pipeline.people.forget import forget as delete_traces

    if not yes:
        typer.confirm("Delete their accounts, signals and words? This cannot be undone", abort=True, err=True)
    done = delete_traces(the_app().sessions, person)
    # How much it was would be a figure about them.
    out.print(
        f"Deleted {amount(done.accounts, 'account')} with all signals, and their name in what others wrote. Past effort stays "
        "as a sum of their team. Backups are yours to prune."
    )
