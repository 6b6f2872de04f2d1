"""`leeway check` and `leeway sync`: what an ops engineer meets on the first afternoon."""

import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from sqlalchemy.orm import Session
from typer.testing import CliRunner

from connectors.checks import after_pages, clock_row, listed_rows
from connectors.limits import Rate
from leeway.app import App
from leeway.check import _broker, check_all
from leeway.cli import app as cli
from leeway.doctor import diagnose
from leeway.settings import Settings
from models import StreamCursor, connect
from simulator.company import register_yaml
from simulator.server import Simulator
from tests.conftest import NOW, TODAY, newest_sqlite, redis_server
from tests.smtp import served


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    with redis_server(tmp_path) as server:
        yield f"redis+socket://{server.socket_file}"


@pytest.fixture
def smtp() -> Iterator[int]:
    with served(object()) as smtp:
        yield smtp.port


def rows(company: Simulator, folder: Path, **sections: dict[str, Any]) -> dict[tuple[str, str], Any]:
    given = {**company.settings(), "database": {"url": newest_sqlite(folder / "check.db")}, **sections}
    settings = Settings.model_construct(**Settings.model_validate(given).__dict__)
    settings.__pydantic_fields_set__.clear()
    settings.__pydantic_fields_set__.update(given)
    return {(row.part, row.name): row for row in check_all(App(settings, now=NOW))}


def test_everything_in_order_says_scopes_volume_and_time(company: Simulator, tmp_path: Path, smtp: int) -> None:
    calls = [record for record in company.world.records if record.type == "calls"]
    meetings = [record for record in company.world.records if record.type == "meetings"]
    for record in (*calls[:2], *meetings[:3]):  # as an app logs them (calcom #25998, HubSpot.NET #16)
        record.properties.pop("hubspot_owner_id", None)
    meetings[0].properties["hs_attendee_owner_ids"] = "1;2"
    found = rows(company, tmp_path, smtp={"host": "127.0.0.1", "port": smtp, "starttls": False})
    bad = {name for name, row in found.items() if not row.ok}
    assert bad == {("register", "okrs.yaml")}
    assert "time zone Europe/Berlin" in found["jira", "account"].found
    window = NOW - timedelta(weeks=26)
    issues = sum(issue.updated >= window for issue in company.world.issues)
    assert f"about {issues} issues in the window" in found["jira", "data"].found
    assert "the backfill takes at least" in found["slack", "data"].found
    records = len(company.world.records)
    assert f"about {records} records" in found["hubspot", "data"].found
    assert found["hubspot", "calls without owners"].found.startswith("2 in the window, which count for nobody")
    assert found["hubspot", "meetings without owners"].found.startswith("2 in")
    assert "agrees" in found["jira", "clock"].found
    assert "read their messages" in found["slack", "scope channels:history"].found
    assert "not granted; only needed to" in found["slack", "scope usergroups:read"].found
    assert found["alerts", "channel #leadership"].ok
    assert found["smtp", f"127.0.0.1:{smtp}"].ok


def test_each_fault_is_a_line_with_its_fix_and_no_secret(company: Simulator, tmp_path: Path) -> None:
    company.slack.left.add("leadership")
    company.config.hubspot_scopes -= {"sales-email-read"}
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    file = tmp_path / "people.csv"
    file.write_text("source,account,email\njira,,\n")
    found = rows(
        company,
        tmp_path,
        smtp={"host": "127.0.0.1", "port": port},
        identity={"file": str(file)},
        broker={"url": f"redis://:sekret@127.0.0.1:{port}/0"},
        jira=company.settings()["jira"] | {"projects": ["APP", "NOPE"]},
        slack=company.settings()["slack"] | {"channels": ["platform", "nowhere"]},
    )
    bad = {name for name, row in found.items() if not row.ok}
    assert bad >= {
        ("alerts", "channel #leadership"),
        ("hubspot", "scope sales-email-read"),
        ("smtp", f"127.0.0.1:{port}"),
        ("jira", "project NOPE"),
        ("slack", "channel nowhere"),
        ("identity", str(file)),
        ("broker", f"127.0.0.1:{port}/0"),
    }
    assert "/invite" in found["slack", "channel nowhere"].fix
    assert "Private Apps" in found["hubspot", "scope sales-email-read"].fix
    assert "IBE" in found["jira", "other projects"].found
    assert "line 2" in found["identity", str(file)].found
    assert "sekret" not in str(found)


def test_the_clock_the_list_and_the_time_in_words() -> None:
    assert clock_row(3.0).ok
    assert not clock_row(-400.0).ok
    assert "400 s behind" in clock_row(-400.0).found
    assert [row.ok for row in listed_rows("project", ["A", "B"], {"A", "C"}, "fix")] == [True, False, True]
    assert "at least 7.0 h" in after_pages("messages", 6300, 15, Rate(1, 60)).found


def configure(folder: Path, company: Simulator) -> None:
    lines = [f'[database]\nurl = "sqlite:///{folder}/sync.db"']
    for section, values in company.settings().items():
        lines += [f"[{section}]", *(f"{name} = {json.dumps(value)}" for name, value in values.items())]
    (folder / "leeway.toml").write_text("\n".join(lines))
    (folder / "okrs.yaml").write_text(register_yaml(TODAY))


def leeway(folder: Path, *words: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli, ["--config", str(folder / "leeway.toml"), *words])
    return result.exit_code, result.output


def test_what_nobody_expected_in_one_source_is_exit_code_2_and_the_next_run_goes_on(
    company: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    configure(tmp_path, company)
    with monkeypatch.context() as patch:
        patch.setattr("connectors.jira.connector.JiraConnector._page", fail)
        code, said = leeway(tmp_path, "sync")
    flat = " ".join(said.split())
    assert code == 2
    assert "Error: jira: issues: stopped by an unexpected ZeroDivisionError before the first record." in flat
    assert "The next pull continues there" in flat
    assert all(f"{source}: " in flat for source in ("slack", "hubspot"))
    assert "stopped by an unexpected ZeroDivisionError" in " ".join(leeway(tmp_path, "status")[1].split())
    assert leeway(tmp_path, "sync", "jira")[0] == 0


def test_sync_tries_again_what_was_set_aside_and_status_says_what_it_was(company: Simulator, tmp_path: Path) -> None:
    configure(tmp_path, company)
    issue = company.world.issues[-1]

    def spoil(asked: str, body: bytes) -> bytes:
        if "/search/jql" not in asked:
            return body
        answer = json.loads(body)
        for one in answer["issues"]:
            if one["id"] == str(issue.id) and "created" in one.get("fields", {}):
                one["fields"]["created"] = "yesterday"
        return json.dumps(answer).encode()

    company.config.faults.change = spoil
    code, said = leeway(tmp_path, "sync", "jira")
    assert code == 0
    assert "1 set aside" in said
    code, said = leeway(tmp_path, "status")
    assert f"1 of jira issues, such as {issue.id}: ValueError" in said
    assert "--retry-failed" in said
    company.config.faults.change = None
    code, said = leeway(tmp_path, "sync", "--retry-failed", "jira")
    assert "1 read or gone, 0 still set aside" in said
    assert "set aside:" not in leeway(tmp_path, "status")[1].replace("set aside: 0", "")


def test_sync_cuts_the_past_and_sweeps(company: Simulator, tmp_path: Path) -> None:
    configure(tmp_path, company)
    assert "run it again" in leeway(tmp_path, "sync", "jira", "--minutes", "0")[1]
    assert "run it again" not in leeway(tmp_path, "sync", "jira")[1]
    gone = company.world.issues.pop()
    rows_gone = 2 + len(gone.changes) + sum(map(bool, gone.comments)) + sum(map(bool, gone.worklogs))
    assert f"jira: {rows_gone} removed" in leeway(tmp_path, "sync", "jira", "--sweep")[1]


def test_a_persons_own_mailbox_is_refused(company: Simulator, tmp_path: Path) -> None:
    configure(tmp_path, company)
    with (tmp_path / "leeway.toml").open("a") as file:
        file.write(
            '\n[mailbox]\nhost = "127.0.0.1"\nusername = "finn.okoro@velora.example"\npassword = "x"\n'
            'own_domains = ["velora.example"]\n'
        )
    leeway(tmp_path, "okrs", "load", str(tmp_path / "okrs.yaml"))
    result = CliRunner().invoke(cli, ["--config", str(tmp_path / "leeway.toml"), "run", "--once"])
    assert "own mailbox" in str(result.exception)


def test_the_daily_sweep_is_no_stream_and_its_age_no_lag(company: Simulator, tmp_path: Path) -> None:
    configure(tmp_path, company)
    leeway(tmp_path, "sync", "jira")
    leeway(tmp_path, "sync", "jira", "--sweep")
    engine = connect(f"sqlite:///{tmp_path}/sync.db")
    with Session(engine) as session:
        session.get_one(StreamCursor, ("jira", "sweep")).finished_at = datetime.now(UTC) - timedelta(hours=20)
        session.commit()
    found = json.loads(leeway(tmp_path, "status", "--json")[1])["sources"]["jira"]
    assert (found["streams"], found["minutes_since_pull"]) == (1, 0)
    with Session(engine) as session:
        session.get_one(StreamCursor, ("jira", "issues")).finished_at = datetime.now(UTC) + timedelta(hours=3.1)
        session.commit()
    said = leeway(tmp_path, "status")[1]
    assert "this machine's clock is 3 hours behind what was noted last" in said
    assert "pulled by another clock" in said
    assert (
        "FAIL database: clock: this machine's clock is 3 hours behind"
        in leeway(tmp_path, "doctor", "--only", "database")[1]
    )


@pytest.mark.parametrize(
    ("name", "value", "found", "fix"),
    [
        ("maxmemory", "1", "is full", "Raise its maxmemory"),
        ("replicaof", "127.0.0.1 1", "is a replica", "Set broker.url to the primary"),
        ("requirepass", "x", "rejects the login", "redis://:password@host"),
    ],
)  # PING answers of each but the last
def test_a_redis_that_takes_no_message_is_said_by_check_and_doctor(
    name: str, value: str, found: str, fix: str, tmp_path: Path
) -> None:
    with redis_server(tmp_path) as server:
        url = f"redis+socket://{server.socket_file}"
        app = App(Settings.model_validate({"broker": {"url": url}, "database": {"url": "sqlite://"}}))
        server.execute_command(
            *(["REPLICAOF", *value.split()] if name == "replicaof" else ["CONFIG", "SET", name, value])
        )
        try:
            for row in (*_broker(app), *diagnose(app, only="broker")):
                assert not row.ok
                assert found in row.found
                assert fix in row.fix
        finally:
            undo = {"maxmemory": ["CONFIG", "SET", "maxmemory", "0"], "replicaof": ["REPLICAOF", "NO", "ONE"]}
            other = Redis(unix_socket_path=server.socket_file, password=value if name == "requirepass" else None)
            other.execute_command(*undo.get(name, ["CONFIG", "SET", "requirepass", ""]))
            other.close()
