"""The command line. Each command imports what it needs when it runs, so that `--help` and `status` answer at once."""

import json
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from leeway import __version__
from leeway.help import BySection

if TYPE_CHECKING:
    from collections.abc import Sequence

    from leeway.check import CheckRow

app = typer.Typer(
    cls=BySection,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    help="Leeway watches what a company works on beside what it said it would, and tells when the two part.\n\n"
    "First steps: `leeway demo` shows the whole job on a simulated company. Then `leeway init`, edit leeway.toml "
    "and okrs.yaml, `leeway check`, `leeway okrs load okrs.yaml`, `leeway run`.",
)
okrs = typer.Typer(cls=BySection, no_args_is_help=True, help="The register: load, lint or compare an okrs.yaml.")
app.add_typer(okrs, name="okrs")
out, err = Console(highlight=False, soft_wrap=True), Console(stderr=True, highlight=False, soft_wrap=True)
_state: dict[str, Any] = {"config": None}
_MEANING = "Also hold new key results against their objective by meaning; loads the model."


def the_app() -> Any:
    """The App of the settings file that was asked for."""
    from leeway.app import App
    from leeway.settings import load

    return App(load(_state["config"]))


def _print_version(asked: bool) -> None:
    if asked:
        out.print(__version__)
        raise typer.Exit


@app.callback()
def _options(
    config: Annotated[
        Path | None, typer.Option(help="Settings file; else $LEEWAY_CONFIG, else leeway.toml here.")
    ] = None,
    json_logs: Annotated[bool, typer.Option("--json-logs", help="Logs as JSON lines.")] = False,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version and stop.")
    ] = False,
) -> None:
    from leeway import logs

    logs.set_up(json=json_logs)
    _state["config"] = config


@app.command()
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
    seed: Annotated[int, typer.Option(help="Another seed is another half year of the same company.")] = 7,
    serve: Annotated[bool, typer.Option("--serve", help="Leave the page up afterwards, and print a way in.")] = False,
) -> None:
    """The whole job on a simulated company: pull over HTTP, match, shares, drift, one alert in Slack. No account needed."""
    from leeway.demo import run_demo, there

    try:
        day = date.fromisoformat(today) if today else None
    except ValueError:
        raise typer.BadParameter(f"{today!r} is no date like 2026-07-14.", param_hint="--today") from None
    if not serve:
        run_demo(output, database, day, seed, out)
        return
    from functools import partial

    from web.serve import serve as serve_page

    show, before = partial(serve_page, standing=True), there(output, database)
    if before is None:
        run_demo(output, database, day, seed, out, show)
    else:
        out.print(f"Showing the company of {output}, as it was left; without --serve the demo runs anew.", markup=False)
        show(before, out)


@app.command()
def init(folder: Annotated[Path, typer.Argument(help="Where to write; existing files are kept.")] = Path()) -> None:
    """Write leeway.toml and okrs.yaml, commented and ready to edit."""
    from importlib.resources import files

    folder.mkdir(parents=True, exist_ok=True)
    for name in ("leeway.toml", "okrs.yaml"):
        target = folder / name
        if target.exists():
            out.print(f"{target} is there already and was kept.")
            continue
        target.write_text(files("leeway").joinpath("templates", name).read_text(encoding="utf-8"), encoding="utf-8")
        target.chmod(0o600)  # it will hold tokens
        out.print(f"{target} written.")
    settings = "" if folder == Path() else f"--config {folder / 'leeway.toml'} "
    out.print(
        f"Next: edit both, then `leeway {settings}check` and `leeway {settings}okrs load {folder / 'okrs.yaml'}`."
    )


@app.command()
def check(as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False) -> None:
    """Try everything a run needs: settings, database, model, each source's token, scopes, projects and channels."""
    from leeway.check import check_all

    _print_rows(check_all(the_app()), as_json)


def _print_rows(rows: "Sequence[CheckRow]", as_json: bool) -> None:
    """One line each, with the mend; exit code 2 where any is not well."""
    if as_json:
        sys.stdout.write(json.dumps([row.as_json() for row in rows], indent=1) + "\n")
    else:
        for row in rows:
            mark = "ok  " if row.ok else "next" if row.todo else "FAIL"
            out.print(f"{mark} {row.part}: {row.name}: {row.found}", markup=False)
            if row.mend:
                out.print(f"       {'do' if row.todo else 'fix'}: {row.mend}", markup=False)
    if not all(row.ok or row.todo for row in rows):
        raise typer.Exit(2)


@okrs.command("load")
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


@okrs.command("lint")
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


@okrs.command("diff")
def okrs_diff(
    one: Annotated[str | None, typer.Argument(metavar="[A]", help="A version's number, or a file.")] = None,
    other: Annotated[str | None, typer.Argument(metavar="[B]", help="Another version's number, or a file.")] = None,
    meaning: Annotated[bool, typer.Option("--meaning", help=_MEANING)] = False,
) -> None:
    """What loading a FILE would change, or what changed from version A to B: by field, what it loosens, what it means for
    past figures. Without arguments: what the last load changed."""
    from leeway.okrs_load import diff

    diff(the_app(), one, other, out, meaning)


@okrs.command("history")
def okrs_history(
    key: Annotated[str | None, typer.Argument(help="Only about this objective, key result, team or address.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Every load of a register: who, when, why, and what it changed."""
    from leeway.okrs_load import show_history

    show_history(the_app(), key, as_json, out)


@app.command()
def run(once: Annotated[bool, typer.Option("--once", help="One cycle, then stop.")] = False) -> None:
    """Everything in this process: pull, match, shares, drift, alerts; again every schedule.pull_minutes. Ctrl-C stops it."""
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
    return (
        f"{counts.get('signals', 0)} new signals, {counts.get('changed_items', 0)} work items changed, "
        f"{counts.get('encoded', 0)} texts encoded, {counts.get('alerts', 0)} alerts posted; "
        f"{sum(seconds.values()):.0f} s ({', '.join(f'{k} {v:.0f}' for k, v in seconds.items())})."
    )


@app.command()
def status(
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
    wait: Annotated[
        float,
        typer.Option(min=0, metavar="MINUTES", help="First wait until the past is read and analysed, at most so long."),
    ] = 0,
) -> None:
    """Sources and their lag, what is pending, coverage, the last weeks' shares, open drifts, whom nobody knows."""
    from leeway.status import render, status_of, wait_until_complete

    application = the_app()
    found = wait_until_complete(application, 60 * wait, err) if wait else status_of(application)
    if as_json:
        sys.stdout.write(json.dumps(found, indent=1, default=str) + "\n")
    else:
        render(found, out)
    if wait and not found["complete"]:
        err.print(f"Error: not complete after {wait:g} minutes. `leeway doctor` says what hangs.")
        raise typer.Exit(2)


@app.command()
def sync(
    source: Annotated[
        str | None, typer.Argument(help="Only this source: jira, slack, hubspot, github, calendar, mailbox.")
    ] = None,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Only read again what was set aside.")] = False,
    sweep: Annotated[
        bool, typer.Option("--sweep", help="Only look for what was deleted or silently edited; else once a day.")
    ] = False,
    minutes: Annotated[float | None, typer.Option(min=0.0, help="Spend at most so long on the past.")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="With --sweep: remove also more than a few per cent of what there is.")
    ] = False,
) -> None:
    """Only pull, without matching or alerts. Stopped at any moment, it goes on where it was."""
    from leeway.sync import sync_sources

    errors = sync_sources(
        the_app(), source, err, out, retry_failed=retry_failed, sweep=sweep, minutes=minutes, force=force
    )
    for error in errors:
        err.print(f"Error: {error}", markup=False)
    if errors:
        raise typer.Exit(2)


@app.command()
def doctor(
    only: Annotated[
        str | None,
        typer.Option(help="One part: database, broker, workers, beat, sources, cycle, tasks or alerts."),
    ] = None,
    clear: Annotated[bool, typer.Option("--clear", help="Forget the dead tasks, once you know why.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """What hangs, and how to mend it: queues, workers, beat, sources that lag, an open cycle, tasks that failed for good."""
    from leeway.doctor import diagnose, names
    from leeway.operations import clear_dead

    if only is not None and only not in names():
        raise typer.BadParameter(f"expected one of {', '.join(names())}.", param_hint="--only")
    application = the_app()
    if clear:
        out.print(f"{clear_dead(application.sessions)} dead tasks forgotten.")
        return
    _print_rows(diagnose(application, only), as_json)


@app.command("export")
def export_(file: Annotated[Path, typer.Argument(metavar="FILE.zip")]) -> None:
    """Back up everything to a file, of one moment, while the rest goes on. It holds names and texts: keep it safe."""
    from leeway.progress import stage_progress
    from leeway.transfer import export

    with stage_progress(err) as show:
        counts = export(the_app().engine, file, lambda table, done: show(table, done, None))
    out.print(f"{file}: {sum(counts.values())} rows of {len(counts)} tables.", markup=False)


@app.command()
def costs(month: Annotated[str, typer.Option(metavar="YYYY-MM", help="The month, such as 2026-10.")]) -> None:
    """What each objective cost in a month, as CSV for capitalisation: person-days by team, times the rates in okrs.yaml."""
    import csv

    from alerts.weeks import complete_through
    from leeway.costs import Month, cost_rows
    from pipeline.spreadsheet import guarded

    try:
        span = Month.of(month)
    except ValueError:
        raise typer.BadParameter(f"{month!r} is no month like 2026-10.", param_hint="--month") from None
    application = the_app()
    _, register = application.register()
    with application.sessions() as session:
        rows = cost_rows(session, register, span, complete_through(session))
    if not rows:
        err.print(f"No whole week of {month} is known.")
        raise typer.Exit(2)
    writer = csv.DictWriter(sys.stdout, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: guarded(value) for name, value in row.items()} for row in rows)


@app.command("import")
def import_(file: Annotated[Path, typer.Argument(metavar="FILE.zip")]) -> None:
    """Fill the empty database of database.url from an export: a restore, or the move from SQLite to PostgreSQL."""
    from leeway.progress import stage_progress
    from leeway.transfer import bring_in

    with stage_progress(err) as show:
        counts = bring_in(the_app().engine, file, lambda table, done: show(table, done, None))
    out.print(f"{sum(counts.values())} rows of {len(counts)} tables are in. `leeway status` shows them.", markup=False)


@app.command()
def worker(
    queue: Annotated[
        list[str] | None, typer.Option(help="Only this queue: pull, encode, analyse or speak; may be repeated.")
    ] = None,
    beat: Annotated[bool, typer.Option("--beat", help="Run beat as well; two of it do no harm.")] = False,
    cores: Annotated[
        int | None, typer.Option(min=1, help="Cores for the heavy stages; else all of this machine.")
    ] = None,
) -> None:
    """Celery workers for this machine: a process for each queue, so that no long work holds up an alert. SIGTERM stops it."""
    import os

    from leeway.celery_app import QUEUES
    from leeway.worker import processes, supervise

    unknown = sorted(set(queue or ()) - set(QUEUES))
    if unknown:
        raise typer.BadParameter(f"expected one of {', '.join(QUEUES)}, not {unknown[0]}.", param_hint="--queue")
    commands = processes(queue or QUEUES, beat, cores or os.cpu_count() or 1)
    raise typer.Exit(supervise(commands, _state["config"]))


@app.command()
def upgrade(
    check: Annotated[bool, typer.Option("--check", help="Only try it, and leave the database as it is.")] = False,
) -> None:
    """Bring the database to this version. Every command does so by itself; this one says what is to be done."""
    import migrations
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
            f"{len(steps)} steps, tried without a fault; the database is as it was. Back it up, then `leeway upgrade`."
        )
    else:
        migrations.upgrade(engine, __version__)
        out.print(f"{len(steps)} steps done.")
    engine.dispose()


@app.command()
def web(
    open_: Annotated[
        bool, typer.Option("--open", help="Only print a link that signs in once, within ten minutes.")
    ] = False,
    role: Annotated[str, typer.Option(help="With --open: company, ops, or team:KEY.")] = "ops",
) -> None:
    """The page with shares, drifts and the labelling queue, on web.host and web.port. `leeway web --open` prints a way in."""
    from web.serve import is_served, serve, sign_in_link

    if open_:
        application = the_app()
        link = sign_in_link(application, role)
        if not is_served(application):
            err.print("Warning: no page answers on this machine's web.host and web.port; `leeway web` serves it.")
        out.print(link, markup=False)
        return
    serve(the_app(), out)


@app.command()
def mcp(
    http: Annotated[
        bool, typer.Option("--http", help="Serve it over HTTP, at /mcp, for those who send a key.")
    ] = False,
    host: Annotated[
        str, typer.Option(help="With --http: where to listen; this machine alone by default.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="With --http.")] = 8441,
    role: Annotated[str, typer.Option(help="Without --http, and with --key: company, ops, or team:KEY.")] = "company",
    key: Annotated[bool, typer.Option("--key", help="Only print a key for --http; it ends after thirty days.")] = False,
    end_keys: Annotated[bool, typer.Option("--end-keys", help="End all keys that were made until now.")] = False,
) -> None:
    """Let an assistant ask (MCP): shares, findings, streams and the items behind them, read only, as on the page.

    An assistant on this machine starts it itself, with the command `leeway mcp`, and talks to it on standard input and output.
    `leeway mcp --http` answers assistants elsewhere, each with a key: the page makes one of the viewer's own role under
    "Ask". A role sees no more than on the page, and no figure about a person.
    """
    from web import ask_keys
    from web.auth import named

    application = the_app()
    if end_keys:
        ask_keys.end_all(application)
        out.print("All keys are ended; whoever asks needs a new one.")
    elif key:
        out.print(ask_keys.new_key(application, named(application, role)), markup=False)
    elif http:
        from web.ask_serve import serve

        serve(application, host, port, out)
    else:
        from web.ask_serve import speak

        speak(application, named(application, role))


@app.command()
def forget(
    person: Annotated[str, typer.Argument(help="An e-mail address, or an account like jira:5f1c.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete every trace of a person and never take it in again. Sums that they went into stay, without a name."""
    from pipeline.people.forget import forget as delete_traces

    if not yes:
        typer.confirm("Delete their accounts, signals and words? This cannot be undone", abort=True, err=True)
    done = delete_traces(the_app().sessions, person)
    out.print(
        f"Deleted {done.accounts} accounts, {done.signals} signals; {done.texts} texts without their name. "
        "Past effort stays as a sum of their team. Backups are yours to prune."
    )


@app.command()
def label(
    file: Annotated[
        Path | None, typer.Argument(metavar="LABELS.csv", help="item,key_result a line; else one asks.")
    ] = None,
    template: Annotated[int, typer.Option(min=0, help="Print so many items worth a label as CSV, to fill in.")] = 0,
    team: Annotated[str | None, typer.Option(help="Ask only about this team's work, its audit first.")] = None,
) -> None:
    """Say what items serve: from a file, or one after the other here. Each answer counts from the next cycle on.

    `leeway label --template 60 > labels.csv`, fill in the column key_result (a key, or none), `leeway label labels.csv`.
    """
    from leeway.labelling import ask, import_labels, write_template

    if template:
        write_template(the_app(), template, sys.stdout)
    elif file:
        import_labels(the_app(), file, out)
    else:
        out.print(f"{ask(the_app(), team, err)} labelled.", markup=False)


@app.command()
def streams(
    file: Annotated[
        Path | None, typer.Argument(metavar="STREAMS.csv", help="A filled template; else one asks here.")
    ] = None,
    template: Annotated[int, typer.Option(min=0, help="Print so many streams as CSV, to fill in.")] = 0,
) -> None:
    """Confirm what whole streams of work serve: a quarter of an hour that settles most of the effort.

    A stream is an epic with all below it, a thread or deal, or loose items that are alike. Those come first whose answer
    moves the shares, or their last weeks, most. An answer holds for all that is in the stream and for what joins it later,
    and counts from the next cycle on. In a terminal one key answers: Enter yes, a number another key result, n none of
    them, m mixed (then its items are asked one by one), s skip, u undo, q quit. Elsewhere the streams are printed.

    By file: `leeway streams --template 40 > streams.csv`, fill in key_result (a key, none, mixed, or yes for what the
    column serves says), `leeway streams streams.csv`.
    """
    from leeway import confirming

    if template:
        confirming.write_template(the_app(), template, sys.stdout)
    elif file:
        confirming.import_answers(the_app(), file, out)
    elif sys.stdin.isatty() and sys.stdout.isatty():
        import click

        asking = confirming.Asking(the_app(), out, click.getchar)
        count = asking.run()
        told = confirming.confirmed(asking.app, asking.register)
        out.print(f"{count} streams answered; they count from the next cycle on. {told}", markup=False)
    else:
        confirming.show(the_app(), out)


@app.command()
def evaluate(
    file: Annotated[
        Path, typer.Argument(metavar="LABELS.csv", help="item,key_result a line, as `leeway label` reads it.")
    ],
    picture: Annotated[Path | None, typer.Option(help="Also draw confidence against truth to this PNG.")] = None,
) -> None:
    """How good the match is on your own labels: accuracy, calibration, error of the top three. Nothing is kept.

    Each item is matched without any of these labels, so the figures are of what Leeway finds by itself. A random sample
    tells how good it is on all work; items that Leeway asked for are harder than most.
    """
    from leeway.labelling import evaluate_lines

    for line in evaluate_lines(the_app(), file, picture):
        out.print(line, markup=False)


@app.command()
def backtest(
    since: Annotated[str | None, typer.Option("--from", help="First day to report (2026-01-05).")] = None,
    picture: Annotated[Path | None, typer.Option(help="Also draw the weeks to this PNG.")] = None,
) -> None:
    """What would have been said on the history in the database, week by week."""
    from leeway.backtest import backtest_lines

    for line in backtest_lines(the_app(), date.fromisoformat(since) if since else None, picture):
        out.print(line, markup=False)


@app.command()
def digest(
    team: Annotated[str | None, typer.Option(help="Only this team's key.")] = None,
    preview: Annotated[Path | None, typer.Option(help="Write .eml and .html files there instead of sending.")] = None,
) -> None:
    """Send each team lead the week's digest, once; or preview it."""
    from leeway.digest import send_digests, write_previews

    application = the_app()
    if preview:
        for path in write_previews(application, preview, team):
            out.print(f"{path} written.")
        return
    sent, failed = send_digests(application, team)
    out.print(f"{sent} digests sent.")
    for line in failed:
        err.print(f"Error: {line}", markup=False)
    if failed:
        raise typer.Exit(2)


@app.command()
def match(
    register: Annotated[Path, typer.Argument(metavar="OKRS.yaml")],
    signals: Annotated[Path, typer.Argument(metavar="SIGNALS.jsonl")],
    predictions: Annotated[
        Path | None, typer.Option("--out", metavar="PREDICTIONS.jsonl", help="Where to write.")
    ] = None,
    labels: Annotated[
        Path | None, typer.Option(metavar="LABELS.jsonl", help="What people said: id and key_result.")
    ] = None,
    ask: Annotated[int, typer.Option(min=0, help="Print so many ids that are most worth a label, best first.")] = 0,
    model: Annotated[str, typer.Option(help="`bundled`, or a sentence-transformers name or folder.")] = "bundled",
) -> None:
    """Match signals to key results offline, without a database."""
    from pipeline.encode.encoder import SentenceEncoder
    from pipeline.files import write_jsonl
    from pipeline.match.active_learning import worth_asking
    from pipeline.match.matcher import Matcher
    from pipeline.offline.match import as_row, predict, read_labels, read_signals
    from pipeline.register.document import read

    if predictions is None and not ask:
        raise typer.BadParameter("say where to write the predictions, or --ask for ids to label.", param_hint="--out")
    okr, _ = read(register)
    items = read_signals(signals)
    known = read_labels(labels, okr) if labels else {}
    matcher = Matcher(okr, items, SentenceEncoder(model))
    if ask:
        found, _ = matcher.probabilities(known)
        for id_ in worth_asking(matcher, found, ask, set(known)):
            sys.stdout.write(id_ + "\n")
    if predictions is not None:
        rows = predict(matcher, known)
        write_jsonl(predictions, map(as_row, rows))
        served = sum(one.key_result is not None for one in rows)
        err.print(f"{predictions}: {len(rows)} signals, {served} on a key result, {len(rows) - served} on none.")


@app.command()
def detect(
    effort: Annotated[Path, typer.Argument(metavar="EFFORT.csv")],
    periods: Annotated[Path, typer.Option(metavar="PERIODS.yaml", help="Priorities by period.")],
    events: Annotated[Path, typer.Option("--out", metavar="EVENTS.jsonl", help="Where to write.")],
    capacity: Annotated[
        Path | None,
        typer.Option(
            metavar="CAPACITY.csv", help="Expected person-days; else capacity.csv beside EFFORT.csv, if there."
        ),
    ] = None,
    company_alarms: Annotated[float, typer.Option(help="Wanted false alarms a year for the company.")] = 0.4,
    team_alarms: Annotated[float, typer.Option(help="The same for all teams together.")] = 0.25,
) -> None:
    """Find drift in daily effort offline, without a database; at each date only rows up to it are used."""
    from pipeline.drift.detector import Detector, DriftSettings
    from pipeline.files import write_jsonl
    from pipeline.offline.detect import as_row, read_effort, read_periods

    beside = effort.with_name("capacity.csv")
    capacity = capacity or (beside if beside.exists() else None)
    settings = DriftSettings(company_alarms=company_alarms, team_alarms=team_alarms)
    found = Detector(read_effort(effort, capacity), read_periods(periods), settings).run()
    write_jsonl(events, map(as_row, found))
    out.print(f"{events}: {len(found)} event{'' if len(found) == 1 else 's'}.")


def main() -> None:
    """Run a command; an expected error is one sentence and exit code 2, never a traceback."""
    from leeway.errors import expected

    try:
        app()
    except KeyboardInterrupt:
        err.print("Stopped. What was done is kept; run it again to go on.")
        sys.exit(130)
    except Exception as error:
        sentence = expected(error)
        if sentence is None:
            raise
        err.print(f"Error: {sentence}", markup=False)
        sys.exit(2)


if __name__ == "__main__":
    main()
