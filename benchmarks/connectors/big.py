"""Serve a large company's tools: 50,000 issues with changelogs, 100,000 messages, 30,000 CRM objects.

`python -m benchmarks.connectors.big --issues 50000 ...` prints the settings as a JSON line, then serves until its standard input
closes. Texts are short and generated, since only reading them is measured.
"""

import argparse
import json
import random
import re
import sys
from datetime import UTC, date, datetime, timedelta

from simulator.api.config import ApiConfig
from simulator.api.faults import Faults
from simulator.company import CHANNELS, PIPELINES, PROJECTS, WEEKS, people
from simulator.crm import owner_id, stage_id
from simulator.server import Simulator
from simulator.world import Issue, Message, Record, World

TODAY = date(2026, 7, 10)
END = datetime(2026, 7, 10, 20, tzinfo=UTC)
START = END - timedelta(weeks=WEEKS)
SPAN = (END - START).total_seconds()
WORDS = re.findall(
    r"\w+",
    """
    battery lease renewal invoice rider app firmware unlock dispatch charger station partner contract quote works council
    rollout migration latency alert dashboard export form training handover review estimate""",
)


def big(issues: int, messages: int, records: int, seed: int = 1) -> World:
    """A world of that size over half a year."""
    rng = random.Random(seed)
    world = World(TODAY, people(), [])
    _add_issues(world, rng, issues)
    _add_messages(world, rng, messages)
    _add_records(world, rng, records)
    return world


def _text(rng: random.Random, count: int) -> str:
    return " ".join(rng.choices(WORDS, k=count))


def _add_issues(world: World, rng: random.Random, issues: int) -> None:
    staff = len(world.people)
    projects = list(PROJECTS.values())
    for n in range(issues):
        created = START + timedelta(seconds=int(SPAN * n / issues))
        issue = Issue(
            10_000 + n,
            f"{projects[n % len(projects)]}-{n}",
            projects[n % len(projects)],
            "Task",
            _text(rng, 8),
            _text(rng, 60),
            n % staff,
            created,
        )
        issue.assignee = n % staff
        for k, (old, new) in enumerate((("To Do", "In Progress"), ("In Progress", "In Review"), ("In Review", "Done"))):
            at = created + timedelta(hours=5 * (k + 1), seconds=n % 977)
            issue.changes.append((min(at, END), n % staff, "status", old, new))
        issue.comments = [(min(created + timedelta(hours=7), END), (n + 1) % staff, _text(rng, 20))]
        issue.status = "Done"
        world.issues.append(issue)


def _add_messages(world: World, rng: random.Random, messages: int) -> None:
    staff = len(world.people)
    channels = list(CHANNELS.values())
    per_channel = messages // len(channels)
    for channel in channels:
        root, clock = "", START.timestamp()
        for n in range(per_channel):
            clock += SPAN / per_channel
            ts = f"{clock:.6f}"
            reply = n % 5 == 4 and root
            world.messages.append(Message(channel, ts, n % staff, _text(rng, 15), root if reply else None))
            root = root if reply else ts


def _add_records(world: World, rng: random.Random, records: int) -> None:
    staff = len(world.people)
    pipelines = [name for name in PIPELINES.values() if name != "Support"]
    ids = {name: str(90 + n) for n, name in enumerate(["Employers", "Iberia", "Support"])}
    for n in range(records):
        at = START + timedelta(seconds=int(SPAN * n / records))
        iso = at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        if n % 10 == 0:
            name = pipelines[n % len(pipelines)]
            properties = {
                "dealname": _text(rng, 5),
                "pipeline": ids[name],
                "dealstage": stage_id(name, 0),
                "createdate": iso,
                "hubspot_owner_id": owner_id(n % staff),
                f"hs_v2_date_entered_{stage_id(name, 0)}": iso,
            }
            world.records.append(Record("deals", 500_000 + n, properties, at, at))
            deal = 500_000 + n
            continue
        kind = ("calls", "emails", "notes")[n % 3]
        body = {
            "calls": {
                "hs_call_title": "Call",
                "hs_call_body": f"<p>{_text(rng, 20)}</p>",
                "hs_call_duration": "900000",
            },
            "emails": {
                "hs_email_subject": _text(rng, 5),
                "hs_email_text": _text(rng, 30),
                "hs_email_direction": "EMAIL",
            },
            "notes": {"hs_note_body": f"<p>{_text(rng, 25)}</p>"},
        }[kind]
        properties = body | {"hs_timestamp": iso, "hubspot_owner_id": owner_id(n % staff)}
        world.records.append(Record(kind, 500_000 + n, properties, at, at, links=[("deals", deal)]))


def main() -> None:
    """Serve until the input closes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--issues", type=int, default=50_000)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--records", type=int, default=30_000)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    given = parser.parse_args()
    faults = Faults(rates={"timeout": 1.0}, seconds=given.latency) if given.latency else Faults()
    config = ApiConfig(speed=1e6, frozen=True, faults=faults)
    with Simulator(big(given.issues, given.messages, given.records), config) as company:
        sources = company.settings()
        sources["slack"].pop("alert_channel")
        sources["slack"]["channels"] = list(CHANNELS.values())
        since = (END - timedelta(weeks=WEEKS, days=2)).isoformat()
        sys.stdout.write(json.dumps({"sources": sources, "since": since, "now": END.isoformat()}) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
