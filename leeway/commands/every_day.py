"""The commands that run Leeway, and those that show what it found and ask about it."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from leeway.as_json import json_text
from leeway.console import apart, err, goes_with, out, settings_file, the_app

commands = typer.Typer()


@commands.command()
def run(once: Annotated[bool, typer.Option("--once", help="One cycle, then stop.")] = False) -> None:
    """Run everything in this process: pull, match, shares, drift, alerts; repeat every schedule.pull_minutes. Ctrl-C stops it."""
    from leeway.run import run_forever, run_one

    application = the_app()
    if not once:
        run_forever(application, err)
        return
    report = run_one(application, err)
    out.print(_told(report.counts, report.seconds), markup=False)
    for error in report.errors:
        err.print(f"Error: {error}", markup=False)
    if report.errors:
        raise typer.Exit(2)


def _told(counts: dict[str, int], seconds: dict[str, float]) -> str:
    from alerts.words import amount

    return (
        f"{amount(counts.get('signals', 0), 'new signal')}, {amount(counts.get('changed_items', 0), 'work item')} changed, "
        f"{amount(counts.get('encoded', 0), 'text')} encoded, {amount(counts.get('alerts', 0), 'alert')} posted; "
        f"{sum(seconds.values()):.0f} s ({', '.join(f'{k} {v:.0f}' for k, v in seconds.items())})."
    )


@commands.command()
def worker(
    queue: Annotated[
        list[str] | None, typer.Option(help="Only this queue: pull, encode, analyse or speak; may be repeated.")
    ] = None,
    beat: Annotated[bool, typer.Option("--beat", help="Also run beat; a second one does no harm.")] = False,
    cores: Annotated[
        int | None, typer.Option(min=1, help="Cores for the heavy stages; default: all of this machine's.")
    ] = None,
) -> None:
    """Run Celery workers on this machine: one process per queue, so that long work never delays an alert. SIGTERM stops it."""
    import os

    from leeway.broker import require
    from leeway.celery_app import QUEUES
    from leeway.database_state import refuse_unfit
    from leeway.worker import processes, supervise

    unknown = sorted(set(queue or ()) - set(QUEUES))
    if unknown:
        raise typer.BadParameter(f"expected one of {', '.join(QUEUES)}, not {unknown[0]}.", param_hint="--queue")
    require(the_app().settings)
    refuse_unfit(the_app())
    raise typer.Exit(supervise(processes(queue or QUEUES, beat, cores or os.cpu_count() or 1), settings_file()))


@commands.command()
def web(
    open_: Annotated[
        bool, typer.Option("--open", help="Only print a link that signs in once and expires after ten minutes.")
    ] = False,
    role: Annotated[str | None, typer.Option(help="With --open: company, team:KEY, or ops (the default).")] = None,
) -> None:
    """Serve the page with shares, drifts and the labelling queue, on web.host and web.port. `--open` prints a sign-in link."""
    from web.serve import is_served, serve, sign_in_link

    goes_with(there=open_, of="--open: the page itself is for every role", role=role)
    if open_:
        application = the_app()
        link = sign_in_link(application, role or "ops")
        if not is_served(application):
            err.print("Warning: nothing answers on this machine's web.host and web.port; start `leeway web`.")
        out.print(link, markup=False)
        return
    serve(the_app(), out)


@commands.command()
def mcp(
    http: Annotated[bool, typer.Option("--http", help="Serve over HTTP, at /mcp, to clients that send a key.")] = False,
    host: Annotated[
        str, typer.Option(help="With --http: where to listen; by default only this machine can connect.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="With --http.")] = 8441,
    role: Annotated[str, typer.Option(help="Without --http, and with --key: company, ops, or team:KEY.")] = "company",
    key: Annotated[bool, typer.Option("--key", help="Only print a key for --http, valid for thirty days.")] = False,
    end_keys: Annotated[bool, typer.Option("--end-keys", help="Revoke all keys created so far.")] = False,
) -> None:
    """Let an AI assistant query Leeway (MCP): shares, findings, streams and the items behind them; read-only, as on the page.

    An assistant on this machine starts `leeway mcp` itself and talks to it over standard input and output.
    `leeway mcp --http` serves assistants elsewhere, each with a key: under "Ask", the page creates one for the viewer's
    own role. A role sees no more than on the page, and no figure about a person.
    """
    from web import ask_keys
    from web.auth import named

    apart(http=http, key=key, end_keys=end_keys)
    application = the_app()
    if end_keys:
        ask_keys.end_all(application)
        out.print("All keys are revoked; every client needs a new one.")
    elif key:
        out.print(ask_keys.new_key(application, named(application, role)), markup=False)
    elif http:
        from web.ask_serve import serve

        serve(application, host, port, out)
    else:
        from web.ask_serve import speak

        if sys.stdin.isatty():
            err.print(
                "Waiting for an assistant's questions on standard input. "
                "An assistant usually starts this command itself; Ctrl-C stops it."
            )
        speak(application, named(application, role))


@commands.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    wait: Annotated[
        float,
        typer.Option(
            min=0, metavar="MINUTES", help="First wait, at most this long, until all history is read and analysed."
        ),
    ] = 0,
) -> None:
    """Show sources and their lag, pending work, coverage, recent weeks' shares, open drifts and unknown accounts."""
    from leeway.status import status_of, wait_until_complete
    from leeway.status_text import render

    application = the_app()
    found = wait_until_complete(application, 60 * wait, err) if wait else status_of(application)
    if as_json:
        sys.stdout.write(json_text(found))
    else:
        render(found, out)
    if wait and not found["complete"]:
        err.print(f"Error: not complete after {wait:g} minutes. `leeway doctor` shows what is stuck.")
        raise typer.Exit(2)


@commands.command()
def label(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="LABELS.csv", help="One item,key_result per line; without a file you are asked here."),
    ] = None,
    template: Annotated[int, typer.Option(min=0, help="Print this many items worth labelling as CSV, to fill in.")] = 0,
    team: Annotated[str | None, typer.Option(help="Ask only about this team's work, its audit first.")] = None,
) -> None:
    """Label which key result items serve: from a file, or one at a time here. Each answer counts from the next cycle.

    Run `leeway label --template 60 > labels.csv`, fill in the column key_result (a key, or none), then `leeway label labels.csv`.
    """
    from leeway.labelling import ask, import_labels, write_template

    apart(FILE=file, template=template, team=team)
    if template:
        write_template(the_app(), template, sys.stdout)
    elif file:
        import_labels(the_app(), file, out)
    else:
        out.print(f"{ask(the_app(), team, err)} labelled.", markup=False)


@commands.command()
def streams(
    file: Annotated[
        Path | None, typer.Argument(metavar="STREAMS.csv", help="A filled template; without one you are asked here.")
    ] = None,
    template: Annotated[int, typer.Option(min=0, help="Print this many streams as CSV, to fill in.")] = 0,
) -> None:
    """Confirm which key result whole streams of work serve: fifteen minutes settle most of the effort.

    A stream is an epic with everything below it, a thread, a deal, or similar loose items. Streams whose answers would
    move the shares, or recent weeks, most come first. An answer applies to everything in the stream and to what joins it later,
    and counts from the next cycle. In a terminal, answer with one key: Enter for yes, a number for another key result,
    n for none of them, m for mixed (its items are then asked one by one), s to skip, u to undo, q to quit. Without a terminal
    the streams are printed.

    With a file: run `leeway streams --template 40 > streams.csv`, fill in key_result (a key, none, mixed, or yes to
    accept the column serves), then `leeway streams streams.csv`.
    """
    from leeway import confirming

    apart(FILE=file, template=template)
    if template:
        confirming.write_template(the_app(), template, sys.stdout)
    elif file:
        confirming.import_answers(the_app(), file, out)
    elif sys.stdin.isatty() and sys.stdout.isatty():
        import click

        asking = confirming.Asking(the_app(), out, click.getchar)
        count = asking.run()
        told = confirming.confirmed(asking.app, asking.register)
        out.print(f"{confirming.answered(count)}. {told}", markup=False)
    else:
        confirming.show(the_app(), out)


@commands.command("diagnoses")
def diagnoses_(as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False) -> None:
    """Show which form drift takes in each team: what is seen, what it means, what to decide; what cannot be judged, and why."""
    from leeway.meetings import show_diagnoses

    show_diagnoses(the_app(), sys.stdout, as_json=as_json)


@commands.command()
def pack(
    kind: Annotated[str, typer.Argument(metavar="weekly|monthly|quarterly|interview")],
    to: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Write it there instead of printing it.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    mail: Annotated[
        bool, typer.Option("--mail", help="Send it now to those under [packs] who have not received it.")
    ] = False,
) -> None:
    """Prepare a meeting pack: what moved, what is blocked, what to de-risk, what to stop. The page has a printable version.

    Addresses under [packs] in leeway.toml receive it by mail: weekly, 48 hours before the monthly kill session, and a week
    before the quarter ends.
    """
    from alerts.words import amount
    from leeway.meetings import show_pack, write_pack
    from leeway.pack_mail import send_packs

    apart(mail=mail, to=to, json=as_json)
    if mail:
        sent, failed = send_packs(the_app(), kind)
        out.print(f"{amount(sent, 'pack')} sent.")
        for line in failed:
            err.print(f"Error: {line}", markup=False)
        if failed:
            raise typer.Exit(2)
        return
    if to is None:
        show_pack(the_app(), kind, sys.stdout, err, as_json=as_json)
        return
    for path in write_pack(the_app(), kind, to):
        out.print(f"{path} written.", markup=False)


@commands.command()
def digest(
    team: Annotated[str | None, typer.Option(help="Only this team's key.")] = None,
    preview: Annotated[Path | None, typer.Option(help="Write .eml and .html files there instead of sending.")] = None,
) -> None:
    """Send each team lead the week's digest, once; or preview it."""
    from alerts.words import amount
    from leeway.digest import send_digests, write_previews

    application = the_app()
    if preview:
        last = None
        for last in write_previews(application, preview, team):
            out.print(f"{last} written.")
        if last is None:
            err.print(
                "Nothing written: no team of enough people has a whole week yet. `leeway status` shows what is known."
            )
        return
    sent, failed = send_digests(application, team)
    out.print(f"{amount(sent, 'digest')} sent.")
    for line in failed:
        err.print(f"Error: {line}", markup=False)
    if failed:
        raise typer.Exit(2)


@commands.command()
def costs(
    month: Annotated[str, typer.Option(metavar="YYYY-MM", help="The month, such as 2026-10.")],
    semicolons: Annotated[
        bool, typer.Option("--semicolons", help="Use semicolons and decimal commas, as Excel does in much of Europe.")
    ] = False,
    current_rates: Annotated[
        bool,
        typer.Option("--current-rates", help="Use today's rates, not those in force in the month, to correct it."),
    ] = False,
) -> None:
    """Report each objective's cost in a month, as CSV for capitalisation: person-days by team, times the rates in okrs.yaml."""
    from leeway.costs import show_costs

    show_costs(the_app(), month, sys.stdout, err, semicolons=semicolons, current_rates=current_rates)
