"""What other tools read from the same simulated company, and what they miss.

GrimoireLab Perceval and dlt have conflicting dependencies, so they need an environment of their own:

    python -m venv /tmp/peers && /tmp/peers/bin/pip install perceval dlt
    python -m benchmarks.connectors.peers --python /tmp/peers/bin/python

Each is configured according to its manual, with only the address changed. The rows show what was read, out of how many.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy.orm import sessionmaker

import migrations
from connectors.registry import connector
from models import connect
from pipeline.ingest import pull as ingest
from simulator.api.config import ApiConfig
from simulator.server import Simulator
from simulator.work import live
from tests.connectors import truth

TODAY = date(2026, 7, 10)
SINCE = datetime(2025, 12, 1, tzinfo=UTC)

PERCEVAL_JIRA = """
import json, sys
from perceval.backends.core.jira import Jira
s = json.load(sys.stdin)["jira"]
n = 0
try:
    for item in Jira(s["url"], user=s["email"], password=s["token"]).fetch():
        n += 1
except Exception as error:
    print(json.dumps({"read": n, "said": f"{type(error).__name__}: {str(error)[:90]}"}))
else:
    print(json.dumps({"read": n, "said": ""}))
"""
PERCEVAL_SLACK = """
import json, sys
from perceval.backends.core import slack
s = json.load(sys.stdin)["slack"]
slack.SlackClient.URL = s["api_url"] + "%(resource)s"
seen, said = set(), ""
for channel in s["ids"]:
    try:
        for item in slack.Slack(channel, s["token"]).fetch():
            seen.add((channel, item["data"]["ts"]))
    except Exception as error:
        said = f"{type(error).__name__}: {str(error)[:90]}"
print(json.dumps({"read": len(seen), "said": said}))
"""
DLT = """
import json, sys
from dlt.sources.rest_api import rest_api_source
given = json.load(sys.stdin)
j = given["jira"]
fields = "summary,description,status,assignee,created,updated,comment,worklog"
source = rest_api_source({
    "client": {"base_url": j["url"], "auth": {"type": "http_basic", "username": j["email"], "password": j["token"]},
               "paginator": {"type": "cursor", "cursor_path": "nextPageToken", "cursor_param": "nextPageToken"}},
    "resources": [{"name": "issues", "endpoint": {"path": "rest/api/3/search/jql", "data_selector": "issues", "params": {
        "jql": f"project in ({','.join(j['projects'])}) AND updated >= 1000000000000 ORDER BY updated ASC",
        "fields": fields, "expand": "changelog", "maxResults": 100}}}],
})
n = parts = 0
for issue in source.resources["issues"]:
    n += 1
    f = issue["fields"]
    parts += 1 + len(issue["changelog"]["histories"]) + len(f["comment"]["comments"]) + len(f["worklog"]["worklogs"])
s = given["slack"]
source = rest_api_source({
    "client": {"base_url": s["api_url"], "auth": {"type": "bearer", "token": s["token"]},
               "paginator": {"type": "cursor", "cursor_path": "response_metadata.next_cursor", "cursor_param": "cursor"}},
    "resources": [{"name": c, "endpoint": {"path": "conversations.history", "data_selector": "messages",
                   "params": {"channel": c, "limit": 200}}} for c in s["ids"]],
})
m = sum(1 for c in s["ids"] for _ in source.resources[c])
print(json.dumps({"issues": n, "parts": parts, "messages": m, "said": ""}))
"""


def _run(python: str, code: str, asked: dict[str, object]) -> dict[str, object]:
    """What the code prints last, or the last line of its error."""
    done = subprocess.run([python, "-c", code], input=json.dumps(asked), capture_output=True, text=True)
    if done.returncode:
        return {"said": done.stderr.strip().splitlines()[-1][:120]}
    found: dict[str, object] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def main() -> None:
    """One table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", required=True, help="a Python with perceval and dlt installed")
    given = parser.parse_args()
    with Simulator(live(TODAY), ApiConfig(speed=1e5)) as company:
        at = max(issue.updated for issue in company.world.issues)
        long = company.world.issues[-1]
        long.changes += [(at, 1, "status", "To Do", "In Progress")] * 130
        long.worklogs += [(at, 1, 0.25)] * 40
        sources = company.settings()
        sources["slack"].pop("alert_channel")
        there = truth.signals_of(company)
        count = {name: sum(row[0] == name for row in there) for name in ("jira", "slack", "hubspot")}
        asked = json.loads(json.dumps(sources))
        asked["slack"]["ids"] = [
            id_ for id_, name in company.slack.channels.items() if name in sources["slack"]["channels"]
        ]
        perceval_jira, perceval_slack, dlt = (
            _run(given.python, code, asked) for code in (PERCEVAL_JIRA, PERCEVAL_SLACK, DLT)
        )
        with tempfile.TemporaryDirectory() as folder:
            engine = connect(f"sqlite:///{Path(folder) / 'ours.db'}")
            migrations.upgrade(engine)
            for name, values in sources.items():
                ingest.pull(connector(name, **values), sessionmaker(engine), SINCE)
            kept = truth.kept_signals(sessionmaker(engine))
    ours = {name: sum(row[0] == name for row in kept & there) for name in count}
    print("tool      source   signals read   of  ")
    for tool, name, read, said in (
        ("leeway", "jira", ours["jira"], ""),
        ("leeway", "slack", ours["slack"], ""),
        ("leeway", "hubspot", ours["hubspot"], ""),
        ("perceval", "jira", perceval_jira.get("read"), perceval_jira["said"]),
        ("perceval", "slack", perceval_slack.get("read"), perceval_slack["said"]),
        ("dlt", "jira", dlt.get("parts"), dlt["said"]),
        ("dlt", "slack", dlt.get("messages"), dlt["said"]),
    ):
        print(f"{tool:9} {name:8} {read!s:>12} {count[name]:6}  {said}")


if __name__ == "__main__":
    sys.exit(main())
