"""Tables, migrations and the upsert, on SQLite and on PostgreSQL."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, select
from sqlalchemy.exc import StatementError
from sqlalchemy.orm import Session, sessionmaker

import migrations
from models import Base, StreamCursor, Vector, upsert, without_password


def test_the_migrations_make_the_tables_of_the_models(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, Base.metadata) == []
    assert migrations.is_current(engine)


def test_upgrading_again_changes_nothing(engine: Engine) -> None:
    migrations.upgrade(engine)
    assert migrations.is_current(engine)


def test_upsert_inserts_updates_and_counts_only_what_differs(sessions: sessionmaker[Session]) -> None:
    rows = [{"text_hash": f"h{n}", "model": "m", "data": b"1"} for n in range(3)]
    with sessions.begin() as session:
        assert upsert(session, Vector, rows, ("text_hash", "model"), ("data",)) == 3
    rows[1]["data"] = b"2"
    with sessions.begin() as session:
        assert upsert(session, Vector, rows, ("text_hash", "model"), ("data",)) == 1
        assert sorted(session.scalars(select(Vector.data))) == [b"1", b"1", b"2"]


def test_upsert_of_many_rows_with_a_doubled_key(sessions: sessionmaker[Session]) -> None:
    rows = [{"text_hash": f"h{n % 12000}", "model": "m", "data": str(n).encode()} for n in range(24000)]
    with sessions.begin() as session:
        assert upsert(session, Vector, rows, ("text_hash", "model")) == 12000
        assert session.get_one(Vector, ("h0", "m")).data == b"12000"


def test_times_come_back_aware_and_naive_ones_are_refused(sessions: sessionmaker[Session]) -> None:
    at = datetime(2026, 7, 1, 9, 30, tzinfo=timezone(timedelta(hours=2)))
    with sessions.begin() as session:
        session.add(StreamCursor(source="jira", stream="issues", state={}, pulled_at=at))
    with sessions() as session:
        found = session.get_one(StreamCursor, ("jira", "issues")).pulled_at
        assert found == at
        assert found.tzinfo == UTC
        session.add(StreamCursor(source="x", stream="y", state={}, pulled_at=datetime(2026, 7, 1)))  # noqa: DTZ001
        with pytest.raises(StatementError, match="without a time zone"):
            session.flush()


def test_the_password_is_not_shown() -> None:
    assert "sekret" not in without_password("postgresql+psycopg://me:sekret@db/leeway")
