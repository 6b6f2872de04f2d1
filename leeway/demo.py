"""`leeway demo`: everything on the simulated company. The only module of the product that knows the simulator, and
only as a process: the pipeline's input comes over HTTP, and the truth is requested after the run."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import IO, Any, cast

from rich.console import Console
from sqlalchemy import func, select

from alerts import picture
from alerts.chart_frame import png
from alerts.charts import Fall, WeekPoint, top_share
from alerts.words import fraction, percent
from leeway.app import App
from leeway.demo_folder import DATABASE, DemoError, fresh_database, prepare
from leeway.digest import write_previews
from leeway.run import run_one
from leeway.settings import DatabaseSettings, Settings, WebSettings, environment
from models import Share, Signal, WorkItem, without_password
from pipeline.cycle import Report
from pipeline.register.document import parse
from pipeline.register.versions import load_register

SPEED = 1500.0
"""The simulator's rate limits are looser by this factor, so that half a year arrives in seconds."""


@dataclass(slots=True)
class Company:
    """The simulator's process: one line in, one JSON line out."""

    process: "subprocess.Popen[str]"

    def ask(self, question: str = "") -> Any:
        """Return its answer. Raises DemoError if it gives none."""
        assert self.process.stdin is not None  # noqa: S101 - opened as a pipe
        assert self.process.stdout is not None  # noqa: S101
        with suppress(BrokenPipeError):  # it has stopped
            if question:
                self.process.stdin.write(question + "\n")
                self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise DemoError("the simulator stopped. Run `python -m simulator` to see why.")
        return json.loads(line)


@contextmanager
def simulated(today: date, seed: int) -> Iterator[Company]:
    """Run the simulated company on free loopback ports, in a separate process."""
    command = [
        sys.executable,
        "-m",
        "simulator",
        "--today",
        today.isoformat(),
        "--seed",
        str(seed),
        "--speed",
        str(SPEED),
    ]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own
    try:
        yield Company(process)
    finally:
        with suppress(BrokenPipeError):  # it has stopped by itself
            cast(IO[str], process.stdin).close()  # it stops at the end of its input, also when this process is killed
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()


def run_demo(
    folder: Path,
    database: str | None,
    today: date | None,
    seed: int,
    out: Console,
    serve: Callable[[App, Console], None] | None = None,
) -> dict[str, Any]:
    """Run everything, show it, and leave the files; returns the content of summary.json. `serve` then serves the page."""
    prepare(folder)
    today = today or datetime.now(UTC).date()
    database = database or fresh_database(folder)
    empty = App(Settings.model_validate({"database": {"url": database}}))
    with empty.sessions() as session:  # asked before half a year of a company is made up for nothing
        if session.scalar(select(func.count()).select_from(Signal)):
            raise DemoError(f"{without_password(database)} already holds data; the demo needs an empty database.")
    empty.engine.dispose()
    with simulated(today, seed) as company:
        out.print(f"Simulated company up to {today}: three local servers with the APIs of Jira, Slack and HubSpot.")
        hello = company.ask()
        app = _app(hello["settings"], database, today)
        document = hello["register"]
        with app.sessions.begin() as session:
            load_register(session, parse(document), document)
        report = run_one(app, out)
        if report.errors:
            raise DemoError(report.errors[0])
        posted, truth, pictures = company.ask("posted"), company.ask("truth"), company.ask("pictures")
    summary = _summary(app, report, posted, truth)
    _write(folder, summary, document, app, pictures)
    _show(summary, folder, out)
    if serve:
        serve(app, out)
    return summary


def there(folder: Path, database: str | None) -> App | None:
    """Return the App of an earlier demo; None if there is none to show."""
    path = folder / DATABASE
    if database is None and not path.exists():
        return None
    given = {"database": {"url": database or f"sqlite:///{path}"}, "web": _web()}
    app = App(Settings.model_validate(given))
    with app.sessions() as session:
        return app if session.scalar(select(func.count()).select_from(Share)) else None


def _web() -> dict[str, Any]:
    """Where the page is served: on loopback, on the port of LEEWAY_WEB__PORT where one is set."""
    port = environment.read().data.get("web", {}).get("port", WebSettings().port)
    return {"port": port, "url": f"http://127.0.0.1:{port}"}


def _app(sections: dict[str, Any], database: str, today: date) -> App:
    # As in a company whose page is reachable: with links in the digest and buttons below the alert.
    given = {
        **sections,
        "slack": sections["slack"] | {"signing_secret": "simulated"},
        "web": _web(),
        "alerts": {"from_hour": 0, "to_hour": 24, "any_day": True},
        "database": DatabaseSettings(url=database).model_dump(),
    }
    checked = Settings.model_validate(given)
    # One process: nobody to share the rate limits with, whatever broker the environment names.
    settings = Settings.model_construct(checked.model_fields_set - {"broker"}, **checked.__dict__)
    # The simulated day is over, whatever the clock on the wall says.
    return App(settings, now=datetime.combine(today, time(23, 0), UTC))


def _summary(app: App, report: Report, posted: list[dict[str, Any]], truth: dict[str, Any]) -> dict[str, Any]:
    true = {row["week"]: row["top_share"] for row in truth["weeks"]}
    with app.sessions() as session:
        query = select(Share).where(Share.scope == "company", Share.objective == "top").order_by(Share.week)
        weeks = [
            {
                "week": row.week.isoformat(),
                "top_share": fraction(row.share),
                "low": fraction(row.low),
                "high": fraction(row.high),
                "coverage": fraction(row.coverage),
                "true_top_share": fraction(true[row.week.isoformat()]),
            }
            for row in session.scalars(query)
            if row.week.isoformat() in true
        ]
        signals = session.scalar(select(func.count()).select_from(Signal))
        items = session.scalar(select(func.count()).select_from(WorkItem))
    alerts = [_alert(app, message) for message in posted if "metadata" in message]
    return {
        "signals": signals,
        "work_items": items,
        "seconds": report.seconds,
        "weeks": weeks,
        "alerts": alerts,
        "planted": [_planted(event, truth["weeks"]) for event in truth["planted"]],
    }


def _alert(app: App, message: dict[str, Any]) -> dict[str, Any]:
    """A posted message with the figures of the drift it names."""
    from models import Drift

    with app.sessions() as session:
        drift = session.get_one(Drift, message["metadata"]["event_payload"]["drift"])
        return {
            "kind": drift.kind,
            "scope": drift.scope,
            "severity": drift.severity,
            "start": drift.start.isoformat(),
            "start_low": drift.start_low and drift.start_low.isoformat(),
            "start_high": drift.start_high and drift.start_high.isoformat(),
            "raised_on": drift.raised_on.isoformat(),
            "before": fraction(drift.before),
            "after": fraction(drift.after),
            "low": fraction(drift.low),
            "high": fraction(drift.high),
            "absorbed_by": drift.absorbed_by,
            "themes": drift.explanation.get("themes", []),
            "message": message,
        }


def _planted(event: dict[str, Any], weeks: list[dict[str, Any]]) -> dict[str, Any]:
    """The planted event with what it truly did to the company's top share, in points."""
    start, end = event["start"], event["end"] or "9999"
    during = [w["top_share"] for w in weeks if start <= w["week"] < end]
    before = [w["top_share"] for w in weeks if w["week"] < start]
    change = 100 * (sum(during) / len(during) - sum(before) / len(before)) if during and before else 0.0
    return {**event, "true_company_points": round(change, 1)}


def _write(folder: Path, summary: dict[str, Any], register: str, app: App, pictures: dict[str, str]) -> None:
    (folder / "summary.json").write_text(json.dumps(summary, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    messages = [alert["message"] for alert in summary["alerts"]]
    (folder / "alert.json").write_text(json.dumps(messages, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (folder / "alert.html").write_text(picture.page(messages, pictures), encoding="utf-8")
    (folder / "okrs.yaml").write_text(register, encoding="utf-8")
    (folder / "shares.png").write_bytes(shares(summary))
    list(write_previews(app, folder))


def shares(summary: dict[str, Any]) -> bytes:
    """The weeks of a summary beside the simulated truth, as PNG."""
    points = [
        WeekPoint(
            date.fromisoformat(w["week"]), w["top_share"], w["low"], w["high"], w["coverage"], w["true_top_share"]
        )
        for w in summary["weeks"]
    ]
    falls = [
        Fall(date.fromisoformat(a["start"]), a["before"], a["after"])
        for a in summary["alerts"]
        if a["scope"] == "company"
    ]
    title = "Share of work on the top priorities (dashed: the simulated truth)"
    return png(top_share(points, falls[-1:], title))


def _show(summary: dict[str, Any], folder: Path, out: Console) -> None:
    def say(text: str = "") -> None:
        out.print(text, markup=False)

    say(
        f"\n{summary['signals']:,} signals on {summary['work_items']:,} work items; seconds by stage: {summary['seconds']}"
    )
    say("\nWork on the top priorities, estimate (90% interval) and the simulated truth:")
    errors = []
    for week in summary["weeks"]:
        bar = "█" * round(40 * week["top_share"])
        errors.append(abs(week["top_share"] - week["true_top_share"]))
        say(
            f"{week['week']}  {percent(week['top_share']):3}% ({percent(week['low']):2} to {percent(week['high']):2})  "
            f"true {percent(week['true_top_share']):3}%  seen {percent(week['coverage']):3}%  {bar}"
        )
    say(f"Mean error per week: {100 * sum(errors) / max(1, len(errors)):.1f} points.")
    for alert in summary["alerts"]:
        say(f"\nPosted to Slack ({alert['scope']}):")
        for line in plain_lines(alert["message"]):
            say("  " + line)
    say("\nPlanted, and what was reported:")
    for event in summary["planted"]:
        said = [a for a in summary["alerts"] if a["scope"] == event["scope"] and _about(a, event)]
        late = [a for a in summary["alerts"] if a["scope"] == event["scope"] and a["start"] > event["start"]]
        verdict = "alerted" if said else "no alert, correct" if event["expected"] == "no alert" else "MISSED"
        if said and event["expected"] == "no alert":
            verdict = "ALERTED, wrong"
        elif verdict == "MISSED" and late:
            verdict = f"alerted late, on {late[0]['raised_on']}"
        say(f"  {event['kind']:9} {event['scope']:9} from {event['start']}: {verdict}")
    say(
        f"\n{folder}/ holds summary.json, the alert (alert.json, alert.html), shares.png, okrs.yaml and each team's digest."
    )


def _about(alert: dict[str, Any], event: dict[str, Any]) -> bool:
    start, found = date.fromisoformat(event["start"]), date.fromisoformat(alert["start"])
    earliest, latest = (date.fromisoformat(alert[name] or alert["start"]) for name in ("start_low", "start_high"))
    return earliest <= start <= latest or abs((found - start) / timedelta(days=1)) <= 14


def plain_lines(message: dict[str, Any]) -> list[str]:
    """The message as lines of text, for a terminal."""
    lines: list[str] = []
    for block in message["blocks"]:
        if block["type"] in ("header", "section"):
            text = block["text"]["text"].replace("*To decide:*", "To decide:")
            lines += re.sub(r"\*([^*\n]+)\*", r"“\1”", text).splitlines()  # names are bold in Slack
        elif block["type"] == "context":
            lines += [element["text"] for element in block["elements"] if element["type"] == "mrkdwn"]
    for old, new in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"), ("\u2060", "")):
        lines = [line.replace(old, new) for line in lines]
    return lines
