"""What every face of the demo says, gathered under the name of what it is about: of the company and every team, of all
objectives, findings, weeks and streams, as they stand in the demo's own database and files; and how it says it."""

import csv
import io
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from email import message_from_bytes, policy
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch

import numpy as np
import yaml
from fastapi.testclient import TestClient
from rich.console import Console
from sqlalchemy import select
from typer.testing import CliRunner

from alerts.words import percent, shortened
from leeway.app import App
from leeway.backtest import backtest_lines
from leeway.cli import app as command_line
from leeway.status import status_of
from leeway.status_text import render
from models import WorkItem
from pipeline.drift.observations import observe
from pipeline.register.document import Register
from pipeline.register.workdays import last_complete_day
from pipeline.share.undiluted import Usual
from tests.web.test_ask import ask
from tests.web.test_one_number import rows
from web.auth import Viewer

Claims = Iterator[tuple[str, Any]]
NUMBERS = ("now", "before", "change")


class Demo:
    """A demo that was run: its folder, an App on its database, and a client signed in as the company."""

    def __init__(self, folder: Path, app: App, client: TestClient) -> None:
        self.folder, self.app = folder, app
        _, self.register = app.register()
        self.scopes = ["company", *(team.key for team in self.register.large_teams(5))]
        self.names = {"company": self.register.company} | {team.key: team.name for team in self.register.teams}
        self.titles = titles(self.register)
        self.by_name = {name: key for key, name in self.names.items()}
        self.get = cache(
            client.get
        )  # nothing changes while the faces are read, and many are read for more than one figure

    def scope(self, name: str) -> str:
        """The key of a team as a table has it: with the day since when it is measured, where the company's is another."""
        return self.by_name[re.sub(r" since \d+ \w+$", "", name)]

    def read(self, path: str) -> str:
        """A page as one reads it, without its drawings."""
        answer = self.get(path)
        assert answer.status_code == 200, path
        text = re.sub(r"<svg.*?</svg>|<[^>]+>", " ", answer.text, flags=re.DOTALL)
        return plain(text)

    def rows(self, path: str, heading: str) -> list[list[str]]:
        """The cells of a table."""
        return [[plain(cell) for cell in row] for row in rows(self.get(path).text, heading)]

    def export(self, scope: str, table: str) -> list[dict[str, Any]]:
        """A table as JSON."""
        return cast(list[dict[str, Any]], self.get(f"/api/{scope}/{table}.json").json())

    def mail(self, scope: str) -> str:
        """A digest's text."""
        mail = message_from_bytes((self.folder / f"digest-{scope}.eml").read_bytes(), policy=policy.default)
        body = mail.get_body(("plain",))  # type: ignore[attr-defined]
        return str(body.get_content())


def titles(register: Register) -> dict[str, str]:
    """Keys by title, and by the title as a list or a sentence shortens it."""
    found = {"On no objective": "", "Work on no objective": ""}
    for one in register.objectives:
        for text in (one.title, f"{one.priority} {one.title}", shortened(one.title), shortened(one.title, 55)):
            found[text] = one.key
    return found


def plain(text: str) -> str:
    """On one line, with a minus that Python reads."""
    return " ".join(unescape(text).replace("\u200a", "").replace("−", "-").replace("±", "").split())


def pages(demo: Demo) -> Claims:
    """The company's page and each team's: its card, and its table of objectives."""
    for scope in demo.scopes:
        path = "/" if scope == "company" else f"/teams/{scope}"
        for name, now, interval, before, change, *_ in demo.rows(path, "All objectives"):
            key = demo.titles[name.removesuffix(" plan")]
            yield from part(scope, key, float(now), float(before), float(change))
            yield f"interval of {scope}/{key}", interval
        text = demo.read(path)
        card = r"(On the top priorities|On the plan of the team) (\d+)% .*?between (\d+) and (\d+)%"
        if found := re.search(card, text):
            which = "head" if found[1].startswith("On the plan") else "top"
            yield f"{which} of {scope}", float(found[2])
            yield f"{which}'s interval of {scope}", (float(found[3]), float(found[4]))
        yield f"coverage of {scope}", float(re.search(r"(\d+)% of working days seen", text)[1])  # type: ignore[index]


def part(scope: str, key: str, *numbers: float) -> Claims:
    """Now, before and change of an objective in a scope."""
    for name, value in zip(NUMBERS, numbers, strict=False):
        yield f"{name} of {scope}/{key}", value


def exported(demo: Demo) -> Claims:
    """The tables for machines."""
    for scope in demo.scopes:
        for row in demo.export(scope, "objectives"):
            if row["key"] == "top":
                yield f"top of {scope}", float(row["now"])
                yield f"top's interval of {scope}", (float(row["low"]), float(row["high"]))
                continue
            yield from part(scope, row["key"], *(float(row[name]) for name in NUMBERS))
            yield f"interval of {scope}/{row['key']}", f"{row['low']} to {row['high']}"
        for row in demo.export(scope, "shares"):
            if row["objective"] == "top" and row["complete"]:
                yield from week(scope, row["week"], row["share"], row["low"], row["high"])
        for row in demo.export(scope, "themes"):
            yield f"days of {scope}/{row['name']}", float(round(row["person_days"]))
        for row in demo.export(scope, "drifts"):
            if row["kind"] == "drift":
                yield from finding(row["scope"], row["start"], percent(row["before"]), percent(row["after"]))


def week(scope: str, monday: str, share: float, low: float, high: float) -> Claims:
    """A week of the top priorities."""
    yield f"week {monday} of {scope}", tuple(percent(float(one)) for one in (share, low, high))


def finding(scope: str, start: str, before: int, after: int) -> Claims:
    """A fall."""
    yield f"start of the fall of {scope}", start
    yield f"levels of the fall of {scope}", (int(before), int(after))


def separated(demo: Demo) -> Claims:
    """The same for a spreadsheet."""
    for scope in demo.scopes:
        for row in csv.DictReader(io.StringIO(demo.get(f"/api/{scope}/objectives.csv").text)):
            if row["key"] != "top":
                yield from part(scope, row["key"], *(float(row[name]) for name in NUMBERS))


def assistant(demo: Demo) -> Claims:
    """What an assistant is told, in the company's and in each team's role."""
    for scope in demo.scopes:
        who = Viewer("company") if scope == "company" else Viewer("team", scope)
        told = ask(demo.app, who, "shares")
        for row in told["objectives"]:
            if row["key"] == "top":
                yield f"top of {scope}", float(row["now"])
                continue
            yield from part(scope, row["key"], *(float(row[name]) for name in NUMBERS))
        yield f"coverage of {scope}", float(told["working_days_seen_percent"])
        for row in ask(demo.app, who, "streams")["streams"]:
            yield f"days of {scope}/{row['name'].strip('“”')}", float(row["person_days"])


def digests(demo: Demo) -> Claims:
    """The mails as they were written."""
    line = r"^(.+?)  +(\d+)% \((\d+) to (\d+)\) +(\d+)%"
    for scope in demo.scopes:
        text = demo.mail(scope)
        for title, now, low, high, before in re.findall(line, text, re.MULTILINE):
            key = demo.titles[title.strip()]
            yield from part(scope, key, float(now), float(before))
            yield f"interval of {scope}/{key}", f"{low} to {high}"
        head = re.search(r"(\d+)% of the work was on the (top|plan).*?between (\d+) and (\d+)%", text)
        if head:
            which = "top" if head[2] == "top" else "head"
            yield f"{which} of {scope}", float(head[1])
            yield f"{which}'s interval of {scope}", (float(head[3]), float(head[4]))
        for name, days in re.findall(r"^- (.+): ([\d,]+) person-days in four weeks", text, re.MULTILINE):
            yield f"days of {scope}/{name}", float(days.replace(",", ""))
        yield f"coverage of {scope}", float(re.search(r"(\d+)% of working days seen", text)[1])  # type: ignore[index]


def alerts(demo: Demo) -> Claims:
    """What was posted to Slack."""
    for one in json.loads((demo.folder / "alert.json").read_text()):
        texts = [one["text"], *(block.get("text", {}).get("text", "") for block in one["blocks"])]
        said = plain(" ".join(re.sub(r"[*\u2060]", "", unescape(text)) for text in texts))
        who, fall, start = re.findall(r"^(?:(.+?): )?(\d+) of 100 .*? top priorities since (\d+ \w+)", said)[0]
        scope = demo.by_name[who] if who else "company"
        yield f"fall of {scope}", int(fall)
        yield f"spoken start of {scope}", start
        yield (
            f"interval of the fall of {scope}",
            re.findall(r"between (\d+) and (\d+) of 100 working days left", said)[0],
        )
        for name, now in ((n, b) for n, b in demo.titles.items() if len(n) > 20):
            found = re.search(re.escape(name) + r" (?:fell )?from (\d+)% to (\d+)%", said)
            if found:
                yield f"before of {scope}/{now}", float(found[1])
                yield f"now of {scope}/{now}", float(found[2])
        alt = next(block["alt_text"] for block in one["blocks"] if block["type"] == "image")
        before, after = re.findall(r"(\d+)% before, (\d+)% since", alt)[0]
        yield f"levels of the fall of {scope}", (int(before), int(after))


def summary(demo: Demo) -> Claims:
    """summary.json."""
    found = json.loads((demo.folder / "summary.json").read_text())
    for one in found["weeks"][:-1]:
        yield from week("company", one["week"], one["top_share"], one["low"], one["high"])
    for one in found["alerts"]:
        yield from finding(one["scope"], one["start"], percent(one["before"]), percent(one["after"]))


def finding_pages(demo: Demo) -> Claims:
    """Each finding's page and the list of them."""
    for path in dict.fromkeys(re.findall(r'href="(/drifts/\d+)"', demo.get("/drifts").text)):
        text = demo.read(path)
        # The title; the headline says it again, below whatever else the page has to say first.
        headline = re.match(r"(?:(.+?): )?(\d+) of 100 .*? since (\d+ \w+)", text)
        assert headline, path
        assert text.count(headline[0]) > 1, path
        who, fall, start = headline.groups()
        scope = demo.by_name[who.strip()] if who else "company"
        yield f"fall of {scope}", int(fall)
        yield f"spoken start of {scope}", start
        yield (
            f"interval of the fall of {scope}",
            re.findall(r"between (\d+) and (\d+) of 100 working days left", text)[0],
        )
        for name, before, now, change in demo.rows(path, "What it fell from"):
            yield from part(scope, demo.titles[name], float(now), float(before), float(change))
        yield f"fall of {scope}", int(demo.rows(path, "What took its place")[-1][-1])
    shown = demo.read("/drifts")
    for start, name, before, after in re.findall(r"(\d+ \w+) 20\d\d ([\w &]+?) (\d+)% → (\d+)%", shown):
        scope = demo.by_name[name]
        yield f"spoken start of {scope}", start
        yield f"levels of the fall of {scope}", (int(before), int(after))


def teams_page(demo: Demo) -> Claims:
    """All teams beside each other."""
    ranked = [one.key for one in sorted(demo.register.objectives, key=lambda one: one.priority)]
    for name, *cells in demo.rows("/teams", "Teams by objective"):
        for key, cell in zip([*ranked, ""], cells, strict=True):
            yield f"now of {demo.scope(name)}/{key}", float(cell)
    for name, own, *_, top, seen in demo.rows("/teams", "Each team"):
        yield f"head of {demo.scope(name)}", float(own.strip("%"))
        if top != "–":
            yield f"top of {demo.scope(name)}", float(top.strip("%"))
        yield f"coverage of {demo.scope(name)}", float(seen.strip("%"))


def objective_pages(demo: Demo) -> Claims:
    """Each objective."""
    for one in demo.register.objectives:
        text = demo.read(f"/objectives/{one.key}")
        now, low, high = re.findall(r"company's work (\d+)% .*?between (\d+) and (\d+)%", text)[0]
        yield f"now of company/{one.key}", float(now)
        yield f"interval of company/{one.key}", f"{low} to {high}"
        for name, now, change, *_ in demo.rows(f"/objectives/{one.key}", "Teams"):
            scope = demo.scope(name.removesuffix(" plan"))
            yield f"now of {scope}/{one.key}", float(now.strip("%"))
            yield f"change of {scope}/{one.key}", float(change)


def week_pages(demo: Demo) -> Claims:
    """The last weeks."""
    known = [row["week"] for row in demo.export("company", "shares") if row["complete"] and row["objective"] == "top"]
    for monday in known[-4:]:
        share, low, high = re.findall(r"Top priorities (\d+) (\d+) to (\d+)", demo.read(f"/weeks/{monday}"))[0]
        yield f"week {monday} of company", (int(share), int(low), int(high))


def stream_pages(demo: Demo) -> Claims:
    """Streams, listed and by themselves."""
    page = demo.get("/streams").text
    for path, name, days in re.findall(
        r'<a href="(/streams/[^"]+)">([^<]+)</a>.*?<td class="n" data-v="[\d.]+">([\d,]+)</td>', page, re.DOTALL
    )[:5]:
        yield f"days of company/{unescape(name)}", float(days.replace(",", ""))
        shown = re.findall(r'<div class="v">([\d,]+)</div>', demo.get(path).text)[0]
        yield f"days of company/{unescape(name)}", float(shown.replace(",", ""))


WEEK = r"week of (\S+): top priorities (\d+)% \((\d+) to (\d+)\), (\d+)% of days seen$"
NAMED_FALL = r"(?m)^drift +(.+): (\d+)% -> (\d+)% since ([\d-]+)"
FALL = r"drift, (.+): (\d+)% -> (\d+)% since ([\d-]+)"


def status(demo: Demo) -> Claims:
    """leeway status."""
    out = io.StringIO()
    render(status_of(demo.app), Console(file=out, width=300))
    for monday, *numbers in re.findall(r"(?m)^" + WEEK, out.getvalue()):
        yield f"week {monday} of company", tuple(map(int, numbers[:3]))
    for name, before, after, start in re.findall(NAMED_FALL, out.getvalue()):
        yield from finding(demo.by_name[name], start, before, after)


def backtest(demo: Demo) -> Claims:
    """leeway backtest: the weeks, and what it would have said on which day."""
    lines = list(backtest_lines(demo.app, None, None))
    for monday, *numbers in re.findall(r"(?m)^" + WEEK, "\n".join(lines)):
        yield f"week {monday} of company", tuple(map(int, numbers[:3]))
    found = re.findall(r"(?m)^    ([\d-]+): " + FALL, "\n".join(lines))
    told = [(at, demo.by_name[name], *rest) for at, name, *rest in found]
    yield "told by replaying", sorted((at, scope, start) for at, scope, _, _, start in told)
    company = sum(one[1] == "company" for one in told)
    assert (
        f"{company} alert{'' if company == 1 else 's'} about the company, {len(told) - company} about teams"
        in lines[-1]
    )


def detect(demo: Demo) -> Claims:
    """leeway detect, on the days of work of the demo's database as a file."""
    folder = demo.folder / "detect"
    folder.mkdir(exist_ok=True)
    written(demo, folder)
    names = [str(folder / name) for name in ("effort.csv", "periods.yaml", "events.jsonl")]
    found = CliRunner().invoke(command_line, ["detect", names[0], "--periods", names[1], "--out", names[2]])
    assert found.exit_code == 0, found.output
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    yield (
        "told by replaying",
        sorted((one["at"], one["scope"], one["start"]) for one in events if one["kind"] == "drift"),
    )


def written(demo: Demo, folder: Path) -> None:
    """effort.csv, capacity.csv and periods.yaml of what the detector reads in the database, with nothing given back of what the
    match lost: a file says what is so."""
    with demo.app.sessions() as session, patch("pipeline.drift.observations.load_usual", return_value=Usual()):
        seen = observe(session, demo.register, last_complete_day(demo.app.now(), demo.register.calendar.time_zone))
    assert seen is not None
    assert seen.expected is not None
    with (folder / "effort.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["date", "person", "team", "source", "objective", "person_days"])
        for plane, person, day in np.argwhere(seen.effort > 0).tolist():
            levels = seen.by_source[:, day]
            for source, level in zip(seen.sources, levels / max(levels.sum(), 1e-9), strict=True):
                if level > 0:
                    amount = repr(float(seen.effort[plane, person, day] * level))
                    table.writerow(
                        [seen.days[day], f"p{person}", seen.teams[person], source, seen.names[plane], amount]
                    )
    with (folder / "capacity.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["date", "person", "person_days"])
        table.writerows([day, "all", repr(float(one))] for day, one in zip(seen.days, seen.expected, strict=True))
    ranks = {one.key: one.priority for one in demo.register.objectives}
    (folder / "periods.yaml").write_text(yaml.safe_dump([{"start": seen.days[0], "priority": ranks}]))


FACES: tuple[Callable[[Demo], Claims], ...] = (
    pages,
    teams_page,
    objective_pages,
    finding_pages,
    week_pages,
    stream_pages,
    exported,
    separated,
    assistant,
    digests,
    alerts,
    summary,
    status,
    backtest,
    detect,
)


def gathered(demo: Demo) -> Mapping[str, Mapping[str, Any]]:
    """By what it is about, what each face says of it. A face that says two things of one is an error by itself."""
    said: dict[str, dict[str, Any]] = defaultdict(dict)
    for face in FACES:
        for name, value in face(demo):
            known = said[name].setdefault(face.__name__, value)
            assert known == value, (name, face.__name__, known, value)
    return said


TABLES = re.compile(r"\b20\d\d-\d\d-\d\d\b")
FORBIDDEN = {
    "a state or a severity as the database has it": re.compile(r"\bseverity\b|\b(high|medium|low), |, raised\b"),
    "points of points": re.compile(r"of the points"),
    "a space before a percent sign": re.compile(r"\d %"),
    "a hyphen for a minus": re.compile(r"(?:^|[\s(>])-\d"),
    "a day as a number": TABLES,
    "a thing of Python": re.compile(r"\bNone,|\bnan\b|\bTrue\b|\{\}|\[\]"),
}
"""What no face says. In a terminal days are numbers, so that its lines can be sorted."""


def spoken(demo: Demo) -> Iterator[tuple[str, str]]:
    """Every face as text, without what comes from outside: titles of the register, names of streams and items."""
    paths = [
        "/",
        "/teams",
        "/streams",
        "/drifts",
        "/diagnoses",
        "/packs",
        "/packs/weekly",
        "/packs/monthly",
        "/packs/quarterly",
    ]
    paths += [f"/teams/{scope}" for scope in demo.scopes[1:]]
    paths += [f"/objectives/{one.key}" for one in demo.register.objectives]
    paths += re.findall(r'href="(/(?:drifts|diagnoses)/\d+)"', demo.get("/").text)
    for path in dict.fromkeys(paths):
        text = re.sub(r"<svg.*?</svg>|<[^>]+>", " ", demo.get(path).text, flags=re.DOTALL)
        yield path, unescape(text)
    for scope in demo.scopes:
        yield f"digest of {scope}", re.sub(r"http\S+", "", demo.mail(scope))
    yield (
        "alert",
        re.sub(r'"(ts|value|id|block_id)": "[^"]*"|"names": \[[^]]*\]', "", (demo.folder / "alert.json").read_text()),
    )
    out = io.StringIO()
    render(status_of(demo.app), Console(file=out, width=300))
    yield "status", TABLES.sub("", out.getvalue())
    yield "backtest", TABLES.sub("", "\n".join(backtest_lines(demo.app, None, None)))


def misspoken(demo: Demo) -> list[tuple[str, str, str]]:
    """Where a face says what none says: the face, what it is, and the words around it."""
    outside = [one.title for one in demo.register.objectives] + [one.title for _, one in demo.register.key_results()]
    with (
        demo.app.sessions() as session
    ):  # questions quote the titles that people gave their work, diagnoses what they wrote
        quoted = [text for row in session.execute(select(WorkItem.title, WorkItem.text)) for text in row if text]
    outside += [one for one in set(quoted) if any(pattern.search(one) for pattern in FORBIDDEN.values())]
    found = []
    for face, text in spoken(demo):
        for title in sorted(outside, key=len, reverse=True):
            text = text.replace(title, "")
        for what, pattern in FORBIDDEN.items():
            found += [(face, what, text[max(0, one.start() - 30) : one.end() + 20]) for one in pattern.finditer(text)]
    return found
