"""Our pull against a bare loop of the vendor's client that only reads, in one run against the same simulator.

`python -m benchmarks.connectors.rate` prints the seconds of each, the ratio of the rates, and the puller's memory. The
bare loop asks for the same things (issues with changelogs, messages with their threads, records with their deals), one
request after the other, and throws them away; ours parses, stores page by page in SQLite and keeps its cursors.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from hubspot import HubSpot
from jira import JIRA
from slack_sdk import WebClient

FIELDS = (
    "summary,description,issuetype,status,project,parent,assignee,creator,reporter,labels,created,updated,"
    "comment,worklog,issuelinks"
)


def bare_jira(given: dict[str, Any]) -> int:
    """Every issue with its changelog, by page token."""
    client = JIRA(given["url"], basic_auth=(given["email"], given["token"]), options={"rest_api_version": "3"})
    token, seen = None, 0
    while True:
        answer: Any = client.enhanced_search_issues(
            f"project in ({','.join(given['projects'])}) AND updated >= 1000000000000 ORDER BY updated ASC",
            nextPageToken=token,
            maxResults=100,
            fields=FIELDS,
            expand="changelog",
            json_result=True,
        )
        seen += len(answer["issues"])
        token = answer.get("nextPageToken")
        if not token:
            return seen


def bare_slack(given: dict[str, Any]) -> int:
    """Every message, and the replies of each thread."""
    client = WebClient(token=given["token"], base_url=given["api_url"])
    ids = {c["name"]: c["id"] for c in client.conversations_list(limit=200)["channels"]}
    seen = 0
    for name in given["channels"]:
        cursor = ""
        while True:
            answer = client.conversations_history(channel=ids[name], limit=200, cursor=cursor)
            seen += len(answer["messages"])
            for message in answer["messages"]:
                if message.get("reply_count"):
                    seen += (
                        len(client.conversations_replies(channel=ids[name], ts=message["ts"], limit=200)["messages"])
                        - 1
                    )
            cursor = answer["response_metadata"]["next_cursor"]
            if not cursor:
                break
    return seen


def bare_hubspot(given: dict[str, Any]) -> int:
    """Every record by search, and the deals that engagements hang on."""
    client = HubSpot(access_token=given["token"], host=given["api_url"])
    seen = 0
    for type_ in ("deals", "tickets", "calls", "meetings", "emails", "notes", "tasks"):
        after = "0"
        while True:
            query = {
                "limit": 200,
                "after": after,
                "properties": [
                    "hs_timestamp",
                    "dealname",
                    "hs_call_body",
                    "hs_note_body",
                    "hs_email_text",
                    "hs_email_subject",
                    "hubspot_owner_id",
                ],
                "sorts": ["hs_object_id"],
            }
            page = json.loads(client.crm.objects.search_api.do_search(type_, query, _preload_content=False).data)
            seen += len(page["results"])
            ids = [row["id"] for row in page["results"]]
            for first in range(0, len(ids), 100):
                if type_ not in ("deals", "tickets"):
                    inputs = {"inputs": [{"id": id_} for id_ in ids[first : first + 100]]}
                    client.crm.associations.v4.batch_api.get_page(type_, "deals", inputs, _preload_content=False)
            after = ((page.get("paging") or {}).get("next") or {}).get("after", "")
            if not after:
                break
    return seen


def _pulled(settings: dict[str, Any], folder: Path) -> Any:
    """The report of a process that pulls from what these settings name."""
    path, report = folder / "settings.json", folder / "report.json"
    path.write_text(json.dumps(settings))
    subprocess.run(
        [
            sys.executable,
            "-m",
            "benchmarks.connectors.puller",
            str(path),
            f"sqlite:///{folder}/big.db",
            "--report",
            str(report),
        ],
        check=True,
    )
    return json.loads(report.read_text())


def _print_rates(bare: dict[str, tuple[int, float]], ours: Any) -> None:
    print("source    objects  bare s  ours s  ratio of rates")
    for name, (count, seconds) in bare.items():
        print(
            f"{name:8} {count:8}  {seconds:6.1f}  {ours['seconds'][name]:6.1f}  {seconds / ours['seconds'][name]:.2f}"
        )
    total = sum(seconds for _, seconds in bare.values())
    mine = sum(ours["seconds"].values())
    print(f"all                {total:6.1f}  {mine:6.1f}  {total / mine:.2f} (wanted 0.80)")


def main() -> None:
    """Serve, read bare, pull, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="1 is 50,000 issues, 100,000 messages, 30,000 records")
    parser.add_argument("--only", choices=("jira", "slack", "hubspot"), help="one source")
    parser.add_argument(
        "--latency", type=float, default=0.0, help="seconds before each answer, as of a server far away"
    )
    given = parser.parse_args()
    sizes = [
        f"--{name}={int(count * given.scale)}"
        for name, count in (("issues", 50_000), ("messages", 100_000), ("records", 30_000))
    ] + [f"--latency={given.latency}"]
    server = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.connectors.big", *sizes],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    settings = json.loads(server.stdout.readline())
    if given.only:
        settings["sources"] = {given.only: settings["sources"][given.only]}
    try:
        bare = _read_bare(settings["sources"])
        with tempfile.TemporaryDirectory() as folder:
            ours = _pulled(settings, Path(folder))
    finally:
        server.communicate()
    _print_rates(bare, ours)
    _print_memory(ours)


def _read_bare(sources: dict[str, Any]) -> dict[str, tuple[int, float]]:
    """Objects and seconds of the bare loop, by source."""
    found = {}
    for name, read in (("jira", bare_jira), ("slack", bare_slack), ("hubspot", bare_hubspot)):
        if name in sources:
            start = time.perf_counter()
            found[name] = (read(sources[name]), time.perf_counter() - start)
    return found


def _print_memory(ours: Any) -> None:
    memory = ours["memory_mb"]
    tenth = max(1, len(memory) // 10)
    early, late = sum(memory[tenth : 2 * tenth]) / tenth, sum(memory[-tenth:]) / tenth
    print(
        f"signals stored: {sum(ours['signals'].values())}; memory of the puller: {max(memory):.0f} MB at most (wanted 300), "
        f"{early:.0f} MB in the second tenth, {late:.0f} MB in the last"
    )


if __name__ == "__main__":
    main()
