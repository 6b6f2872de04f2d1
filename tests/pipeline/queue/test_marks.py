"""Marks: the earliest day stays, and what a page marks costs no walk through all items of its source."""

from datetime import date
from pathlib import Path

from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from models import WorkItem, connect
from pipeline.queue.marks import _EFFORT, mark_effort
from tests.conftest import newest_sqlite


def days(session: Session) -> dict[tuple[str, str], date | None]:
    session.expire_all()
    return {(one.source, one.external_id): one.effort_from for one in session.scalars(select(WorkItem))}


def test_the_earliest_day_stays_and_nothing_else_is_marked(engine: Engine) -> None:
    with Session(engine) as session:
        for source, name in (("jira", "1"), ("jira", 'a"b'), ("jira", "3"), ("slack", "1")):
            session.add(WorkItem(source=source, external_id=name, kind="task", container="P"))
        session.flush()
        session.execute(update(WorkItem).values(effort_from=None))
        mark_effort(session, "jira", {"1": date(2026, 3, 2), 'a"b': date(2026, 1, 31), "not there": date(2026, 1, 1)})
        mark_effort(session, "jira", {"1": date(2026, 3, 9), 'a"b': date(2025, 12, 31)})
        mark_effort(session, "jira", {})
        assert days(session) == {
            ("jira", "1"): date(2026, 3, 2),
            ("jira", 'a"b'): date(2025, 12, 31),
            ("jira", "3"): None,
            ("slack", "1"): None,
        }


def test_sqlite_finds_the_items_by_their_names(tmp_path: Path) -> None:
    engine = connect(newest_sqlite(tmp_path / "test.db"))
    sql = str(_EFFORT["sqlite"]).replace(":days", "?").replace(":of", "?")
    with engine.connect() as connection:
        plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", ("{}", "jira"))]
    assert not [line for line in plan if line.startswith(("SCAN work_item", "SCAN item"))]
