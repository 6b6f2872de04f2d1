"""What ops rely on: metrics that the rules and the dashboard name, a doctor that says what hangs, backups that come back."""

import json
import re
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import structlog
import yaml
from celery import Celery
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from sqlalchemy import Engine, delete, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, ProgrammingError
from sqlalchemy.orm import Session, sessionmaker

import migrations
from leeway import tasks
from leeway.app import App, NotReady
from leeway.broker import require
from leeway.database_state import refuse_unfit
from leeway.doctor import diagnose
from leeway.metrics import WOKEN, exposition
from leeway.operations import KEEP, bury, count, prune, prune_vectors
from leeway.settings import Settings
from leeway.signing import signing_key
from leeway.tasks import LeewayTask
from leeway.transfer import TransferError, bring_in, export
from migrations import UpgradeError
from models import (
    Base,
    Chunk,
    Cycle,
    DeadTask,
    Drift,
    Lease,
    Notification,
    Share,
    StreamCursor,
    Vector,
    WorkItem,
    connect,
)
from pipeline.queue import lease
from pipeline.register.workdays import monday
from tests.conftest import HashedWords
from web.app import make

DEPLOY = Path(__file__).parents[2] / "deploy"
EXPORTS = Path(__file__).parent / "exports"
NOW = datetime.now(UTC)


@pytest.fixture
def filled(sessions: sessionmaker[Session]) -> sessionmaker[Session]:
    """A little of everything that a metric is made of."""
    with sessions.begin() as session:
        session.add(
            StreamCursor(
                source="jira",
                stream="issues",
                state={"at": 1},
                pulled_at=NOW,
                finished_at=NOW - timedelta(hours=3),
                error="jira: 401",
            )
        )
        session.add(
            Cycle(started_at=NOW - timedelta(hours=4), finished_at=NOW, seconds={"match": 2.5}, counts={"alerts": 1})
        )
        session.add(Cycle(started_at=NOW - timedelta(hours=3), stage="match"))
        session.add(Chunk(stage="match", name="000000", detail={"ids": [1]}))
        session.add(Lease(name=WOKEN, holder="-", until=NOW - timedelta(hours=1)))
        item = WorkItem(
            source="slack",
            external_id="ü-1",
            kind="message",
            container="#a",
            labels=["x"],
            mentions=[],
            title="Grüße 🚲 \u2028 'quoted' \"twice\"",
            created_at=NOW,
        )
        session.add(item)
        session.add(Vector(text_hash="h", model="m", data=HashedWords().encode(["a text"]).tobytes()))
        session.add(
            Share(
                week=NOW.date(),
                scope="company",
                objective="top",
                share=0.1 + 0.2,
                low=0.1,
                high=0.5,
                coverage=0.55,
                person_days=12.25,
            )
        )
        session.add(
            Drift(
                kind="drift",
                scope="company",
                subject="",
                state="raised",
                severity="high",
                raised_on=NOW.date(),
                start=NOW.date(),
                before=0.6,
                after=0.4,
                low=-0.3,
                high=-0.1,
                absorbed_by=[["", 20.0]],
            )
        )
    count(sessions, "tasks", "pull jira done", 2)
    count(sessions, "tasks", "pull jira done", 1)
    count(sessions, "rate_limit_wait_seconds", "pull jira", 1.5)
    bury(sessions, "leeway.tasks.pull", "jira", ValueError("words of a ticket"))
    return sessions


@pytest.fixture
def make_app() -> Iterator[Callable[..., App]]:
    """Apps whose connections are closed at the end."""
    made: list[App] = []

    def one(given: dict[str, Any]) -> App:
        made.append(App(Settings.model_validate(given)))
        return made[-1]

    yield one
    for app in made:
        if "engine" in app.__dict__:
            app.engine.dispose()


def samples(page: bytes) -> dict[tuple[str, ...], float]:
    families = text_string_to_metric_families(page.decode())
    return {(s.name, *s.labels.values()): s.value for family in families for s in family.samples}


def test_what_is_seen_of_a_week_is_that_of_the_last_whole_one(filled: sessionmaker[Session]) -> None:
    over, running = monday(NOW.date()) - timedelta(weeks=1), monday(NOW.date())
    figures = {"scope": "company", "objective": "top", "share": 0.3, "low": 0.1, "high": 0.5, "person_days": 12.25}
    with filled.begin() as session:
        session.query(Share).delete()
        session.add_all([Share(week=over, coverage=0.9, **figures), Share(week=running, coverage=0.1, **figures)])
        session.add(Cycle(started_at=NOW, finished_at=NOW, seconds={}, counts={}, through=running - timedelta(days=1)))
    assert samples(exposition(filled, 5, NOW))["leeway_coverage_ratio",] == 0.9


def test_the_metrics_say_what_stands_in_the_database(filled: sessionmaker[Session]) -> None:
    found = samples(exposition(filled, 5, NOW))
    assert found["leeway_source_lag_seconds", "jira"] == pytest.approx(3 * 3600)
    assert found["leeway_source_streams_failing", "jira"] == 1
    assert found["leeway_pending_items", "encode"] == 1
    assert found["leeway_pending_parts", "match"] == 1
    assert found["leeway_cycle_stage_seconds", "match"] == 2.5
    assert found["leeway_cycle_open_seconds",] > 2 * 3600
    assert found["leeway_coverage_ratio",] == 0.55
    assert found["leeway_open_drifts", "drift", "high"] == 1
    assert found["leeway_alerts_untold",] == 1
    assert found["leeway_dead_tasks",] == 1
    assert found["leeway_tasks_total", "done", "pull jira"] == 3  # labels come in the order of their names
    assert found["leeway_rate_limit_wait_seconds_total", "pull jira"] == 1.5


def test_the_rules_and_the_dashboard_name_metrics_that_there_are(filled: sessionmaker[Session]) -> None:
    known = {name for name, *_ in samples(exposition(filled, 5))} | {"up"}
    rules = yaml.safe_load((DEPLOY / "leeway-rules.yml").read_text())["groups"][0]["rules"]
    panels = json.loads((DEPLOY / "grafana-dashboard.json").read_text())["panels"]
    queries = [rule["expr"] for rule in rules] + [target["expr"] for panel in panels for target in panel["targets"]]
    named = {name for query in queries for name in re.findall(r"leeway_\w+", query)}
    assert len(rules) >= 8
    assert len(named) >= 12
    assert named <= known | {"leeway_set_aside", "leeway_signals"}, named - known
    assert all(rule["annotations"]["summary"] for rule in rules)


def test_what_was_never_read_has_a_metric_though_it_has_no_lag(filled: sessionmaker[Session]) -> None:
    """prometheus #2882, stash #1100: an alert on what is absent until all is well never comes."""
    with filled.begin() as session:
        session.add(StreamCursor(source="slack", stream="a", state={}, pulled_at=NOW, finished_at=NOW))
        session.add(StreamCursor(source="slack", stream="b", state={}, pulled_at=NOW))
    found = samples(exposition(filled, 5, sources=["jira", "slack", "hubspot"]))
    unread = {key[1]: value for key, value in found.items() if key[0] == "leeway_source_streams_unread"}
    assert {"slack": unread["slack"], "hubspot": unread["hubspot"]} == {"slack": 1, "hubspot": 1}
    assert "hubspot" not in {key[1] for key in found if key[0] == "leeway_source_lag_seconds"}


def test_the_metrics_are_for_this_machine_or_with_the_token(
    filled: sessionmaker[Session], make_app: Callable[..., App]
) -> None:
    url = filled.kw["bind"].url.render_as_string(hide_password=False)
    given: dict[str, Any] = {"database": {"url": url}}
    page = make(make_app(given))
    assert TestClient(page).get("/metrics").status_code == 200
    assert TestClient(page, client=("203.0.113.9", 1)).get("/metrics").status_code == 403
    assert TestClient(page).get("/metrics", headers={"x-forwarded-for": "203.0.113.9"}).status_code == 403
    guarded = make(make_app(given | {"web": {"metrics_token": SecretStr("sekret")}}))
    assert TestClient(guarded).get("/metrics").status_code == 403
    assert TestClient(guarded).get("/metrics", headers={"Authorization": "Bearer sekret"}).status_code == 200


def test_the_doctor_names_what_hangs_and_the_fix(filled: sessionmaker[Session], make_app: Callable[..., App]) -> None:
    url = filled.kw["bind"].url.render_as_string(hide_password=False)
    given = {
        "database": {"url": url},
        "broker": {"url": "redis://127.0.0.1:1/0"},
        "jira": {"url": "http://127.0.0.1:1", "token": "sekret", "projects": ["A"], "email": "a@x.example"},
    }
    rows = {(row.part, row.name): row for row in diagnose(make_app(given))}
    hanging = {key for key, row in rows.items() if not row.ok}
    assert hanging == {
        ("broker", "redis"),
        ("workers", "answer"),
        ("beat", "wakes"),
        ("sources", "jira"),
        ("cycle", "analysis"),
        ("tasks", "pull jira"),
        ("alerts", "notifications"),
    }
    assert all(rows[key].fix for key in hanging)
    assert "401" in rows["sources", "jira"].found
    assert "ValueError" in rows["tasks", "pull jira"].found
    assert "ticket" not in rows["tasks", "pull jira"].found
    with filled.begin() as session:
        for table in (Cycle, Chunk, DeadTask, Drift):
            session.execute(delete(table))
        cursor = session.get_one(StreamCursor, ("jira", "issues"))
        cursor.error, cursor.finished_at = None, NOW
    # beat woke workers an hour ago, though no broker is set: they use the address that holds then (celery #6661)
    without = make_app({k: v for k, v in given.items() if k != "broker"})
    assert ("beat", "wakes") in {(row.part, row.name) for row in diagnose(without, "beat") if not row.ok}
    with filled.begin() as session:
        session.get_one(Lease, WOKEN).until = NOW - timedelta(days=2)
    assert [row for row in diagnose(without) if not row.ok] == []


def test_workers_without_a_broker_say_so_at_once() -> None:
    nowhere = Settings.model_validate({"broker": {"url": "redis://127.0.0.1:1/0"}})
    require(nowhere)  # one that is set is waited for
    nowhere.model_fields_set.discard("broker")
    with pytest.raises(
        NotReady, match=r"broker\.url is not set, and Redis at redis://127\.0\.0\.1:1/0 does not answer"
    ):
        require(nowhere)


def test_neither_an_error_nor_its_dead_task_holds_words(sessions: sessionmaker[Session]) -> None:
    row = WorkItem(
        source="jira", external_id="1", kind="bug", container="A", labels=[], mentions=[], title="words of a ticket"
    )
    with sessions.begin() as session:
        session.add(row)
    again = {"source": "jira", "external_id": "1", "kind": "bug", "container": "A", "title": "words of a ticket"}
    with pytest.raises(IntegrityError) as caught, sessions.begin() as session:
        session.execute(insert(WorkItem).values(labels=[], mentions=[], **again))
    assert "words of a ticket" not in str(caught.value)
    bury(sessions, "leeway.tasks.pull", "jira", caught.value)
    with sessions() as session:
        assert "words of a ticket" not in session.scalars(select(DeadTask.reason)).one()


@pytest.mark.parametrize(("error", "times"), [(OperationalError, 1 + LeewayTask.max_retries), (ProgrammingError, 1)])
def test_only_what_may_pass_by_itself_is_tried_again_and_that_is_said(
    error: type[DBAPIError], times: int, sessions: sessionmaker[Session], monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def fail() -> None:
        tried.append(1)
        raise error("SELECT", {}, Exception("words of a ticket"))

    monkeypatch.setattr(tasks, "the_app", lambda: SimpleNamespace(sessions=sessions))
    task = Celery("one", set_as_current=False).task(base=LeewayTask, name="one", shared=False)(fail)
    with structlog.testing.capture_logs() as said:
        task.apply()
    assert len(tried) == times
    again = [line for line in said if line["event"] == "task failed and will be retried"]
    assert len(again) == times - 1
    assert all(line["reason"] == error.__name__ for line in again)
    refused = OperationalError("SELECT", {}, Exception('FATAL:  password authentication failed for user "leeway"'))
    assert "password authentication failed" in tasks._why(refused)  # the kind alone says nothing of what to do
    with sessions() as session:
        assert {row.task for row in session.scalars(select(DeadTask))} == {"one"}


def test_a_database_of_a_newer_version_is_said_where_workers_start_and_in_their_log(
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # synapse #11255, metabase #14904
    newer = UpgradeError("the database was written by a newer version of Leeway")

    class Newer:
        @property
        def engine(self) -> Engine:
            raise newer

        sessions = engine

    with pytest.raises(UpgradeError):
        refuse_unfit(cast(App, Newer()))
    monkeypatch.setattr(tasks, "the_app", Newer)
    with structlog.testing.capture_logs() as said:
        LeewayTask().on_failure(newer, "", (), {}, None)
    assert [line["event"] for line in said] == ["task failed for good", "and it could not be recorded"]
    assert said[0]["reason"] == str(newer)


def content(engine: Engine) -> dict[str, list[tuple[Any, ...]]]:
    with Session(engine) as session:
        return {t.name: sorted(map(repr, session.execute(select(t)).all())) for t in Base.metadata.sorted_tables}  # type: ignore[misc]


def test_an_export_comes_back_whole_on_the_other_database(
    filled: sessionmaker[Session], tmp_path: Path, postgres_url: str
) -> None:
    engine = filled.kw["bind"]
    there = f"sqlite:///{tmp_path}/other.db" if engine.dialect.name == "postgresql" else postgres_url + "_b"
    if engine.dialect.name == "sqlite":
        admin = connect(postgres_url).execution_options(isolation_level="AUTOCOMMIT")
        with admin.connect() as connection:
            name = postgres_url.rpartition("/")[2].partition("?")[0] + "_b"
            connection.execute(text(f"DROP DATABASE IF EXISTS {name}"))
            connection.execute(text(f"CREATE DATABASE {name}"))
        admin.dispose()
        there = postgres_url.replace(name.removesuffix("_b"), name)
    other = connect(there)
    migrations.upgrade(other)
    started = sessionmaker(other)  # as where beat, a worker and the page are up before the backup is brought in
    signing_key(started, "web")
    count(started, "tasks", "wake done", 1)
    lease.not_before(started, WOKEN, datetime.now(UTC))
    counts = export(engine, tmp_path / "all.zip")
    assert counts["work_item"] == 1
    assert (tmp_path / "all.zip").stat().st_mode & 0o077 == 0
    assert bring_in(other, tmp_path / "all.zip") == counts
    assert content(other) == content(engine)
    with Session(other) as session:  # a new row gets a number after the imported ones
        session.add(WorkItem(source="slack", external_id="2", kind="message", container="#a", labels=[], mentions=[]))
        session.commit()
    with pytest.raises(TransferError, match="needs an empty one"):
        bring_in(other, tmp_path / "all.zip")
    other.dispose()


def test_a_damaged_export_is_refused_whole(filled: sessionmaker[Session], tmp_path: Path) -> None:
    export(filled.kw["bind"], tmp_path / "good.zip")
    with pytest.raises(TransferError, match="already exists"):
        export(filled.kw["bind"], tmp_path / "good.zip")
    empty = connect(f"sqlite:///{tmp_path}/empty.db")
    migrations.upgrade(empty)
    before = content(empty)
    with zipfile.ZipFile(tmp_path / "good.zip") as good:
        parts = {name: good.read(name) for name in good.namelist()}
    for what, change, said in (
        ("line", {"work_item.jsonl": b"{]\n"}, r"work_item.jsonl, line 1"),
        ("row", {"work_item.jsonl": b""}, "damaged"),
        ("no manifest", {"manifest.json": b"[]"}, "not a Leeway export"),
        ("future", {"manifest.json": b'{"format": 1, "revision": "9999", "rows": {}}'}, r"newer .* \(revision 9999\)"),
        (
            "named future",
            {"manifest.json": b'{"format": 2, "version": "9.8.7", "revision": "9999", "rows": {}}'},
            r"written by Leeway 9\.8\.7 \(revision 9999\).*Import it with that version, or upgrade",
        ),
    ):
        path = tmp_path / f"{what}.zip"
        with zipfile.ZipFile(path, "w") as bad:
            for name, data in (parts | change).items():
                bad.writestr(name, data)
        with pytest.raises(TransferError, match=said):
            bring_in(empty, path)
    (tmp_path / "half.zip").write_bytes((tmp_path / "good.zip").read_bytes()[:900])
    for path in (tmp_path / "half.zip", tmp_path / "none.zip"):
        with pytest.raises(TransferError):
            bring_in(empty, path)
    assert content(empty) == before
    empty.dispose()


@pytest.mark.parametrize("revision", ["0006", "0013"])
def test_an_export_that_an_older_version_wrote_loads(engine: Engine, revision: str) -> None:
    """exports/ holds one row in each table, written by the code that had this revision as its newest."""
    old = EXPORTS / f"{revision}.zip"
    with zipfile.ZipFile(old) as archive:
        manifest = json.loads(archive.read("manifest.json"))
    assert manifest["revision"] == revision
    counts = bring_in(engine, old)
    assert {name: counts[name] for name in manifest["rows"]} == manifest["rows"]
    with Session(engine) as session:
        assert session.scalars(select(WorkItem.title)).one() == "title Grüße 🚲"
        assert session.scalars(select(Vector.data)).one() == b"\x00\xff bytes"
        assert session.scalars(select(Share.person_days)).one() == 0.1 + 0.2
        assert session.scalars(select(Cycle.finished_at)).one() == datetime(2026, 7, 10, 18, tzinfo=UTC)
        if revision == "0006":  # a post that the older version kept with the drift has a row of its own since
            told = session.scalars(select(Notification)).one()
            assert told.sent_at == datetime(2026, 7, 10, 18, tzinfo=UTC)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (None, "work_item.jsonl is not there; nothing was imported"),
        (b"{]\n", "work_item.jsonl, line 1 is damaged; nothing was imported"),
    ],
)
def test_a_damaged_export_of_an_older_version_is_refused_whole(
    lite: Engine, change: bytes | None, said: str, tmp_path: Path
) -> None:
    with zipfile.ZipFile(EXPORTS / "0006.zip") as old, zipfile.ZipFile(tmp_path / "bad.zip", "w") as bad:
        for name in old.namelist():
            if name != "work_item.jsonl":
                bad.writestr(name, old.read(name))
        if change:
            bad.writestr("work_item.jsonl", change)
    before = content(lite)
    with pytest.raises(TransferError, match=said):
        bring_in(lite, tmp_path / "bad.zip")
    assert content(lite) == before


def test_pruning_keeps_what_anything_rests_on(filled: sessionmaker[Session]) -> None:
    with filled.begin() as session:
        item = session.scalars(select(WorkItem)).one()
        item.text_hash = "h"
        session.add(Vector(text_hash="nobody's", model="m", data=b"1"))
        session.scalars(select(Cycle).order_by(Cycle.id)).first().finished_at = NOW - 2 * KEEP  # type: ignore[union-attr]
        old = session.scalars(select(DeadTask)).one()
        old.at = NOW - 2 * KEEP
    assert prune(filled, NOW) == 2
    assert prune_vectors(filled) == 1
    assert prune(filled, NOW) == 0
    with filled() as session:
        assert session.scalars(select(Vector.text_hash)).all() == ["h"]
        assert len(session.scalars(select(Cycle)).all()) == 1
        assert len(session.scalars(select(Share)).all()) == 1


def test_a_database_that_is_away_is_the_doctors_first_word() -> None:
    rows = diagnose(App(Settings.model_validate({"database": {"url": "postgresql+psycopg://u:sekret@127.0.0.1:1/x"}})))
    assert [row.part for row in rows] == ["database"]
    assert not rows[0].ok
    assert "sekret" not in rows[0].found
    assert OperationalError.__name__ not in rows[0].found
