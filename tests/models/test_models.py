"""Tables, migrations and the upsert, on SQLite and on PostgreSQL."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import StatementError
from sqlalchemy.orm import Session, sessionmaker

import migrations
from models import Base, Decision, Notification, Share, Signal, StreamCursor, Vector, upsert, without_password
from models.columns import plain


def test_the_migrations_make_the_tables_of_the_models(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, Base.metadata) == []
    assert migrations.is_current(engine)
    heads = ScriptDirectory.from_config(migrations._config()).get_heads()
    assert heads == [migrations._newest()]  # which is found without Alembic


def test_upgrading_again_changes_nothing(engine: Engine) -> None:
    migrations.upgrade(engine)
    assert migrations.is_current(engine)


def test_what_is_equal_and_not_the_same_is_stored_as_it_was_given(sessions: sessionmaker[Session]) -> None:
    details = [{"filled": True}, {"filled": 1}, {"filled": 1.0}, {"filled": "1"}, {"filled": None}, {"filled": [1]}, {}]
    now = datetime(2026, 1, 1, tzinfo=UTC)
    rows = [
        {"source": "jira", "external_id": str(n), "item": "1", "kind": "field", "at": now, "detail": detail}
        for n, detail in enumerate(details)
    ]
    with sessions.begin() as session:
        upsert(session, Signal, rows, ("source", "external_id"))
        kept = session.scalars(select(Signal.detail).order_by(Signal.id)).all()
    assert [repr(one) for one in kept] == [repr(one) for one in details]


def test_lists_and_objects_of_other_hands_are_read_as_json_is(sessions: sessionmaker[Session]) -> None:
    texts = {
        "[]": [],
        " [] ": [],
        '{"a": [1, 2.5e-7, null]}': {"a": [1, 2.5e-7, None]},
        '\n {"b":\t"\u00e4"} ': {"b": "ä"},
    }
    with sessions.begin() as session:
        for n, given in enumerate(texts):
            session.add(
                Signal(source="jira", external_id=f"{n}", item="1", kind="comment", at=datetime(2026, 9, 1, tzinfo=UTC))
            )
            session.flush()
            session.execute(
                text("UPDATE signal SET detail = :given WHERE external_id = :n"), {"given": given, "n": f"{n}"}
            )
    with sessions() as session:
        assert list(session.scalars(select(Signal.detail).order_by(Signal.external_id))) == list(texts.values())


def test_what_people_write_and_vectors_hold_comes_back_to_the_last_byte(sessions: sessionmaker[Session]) -> None:
    words = ['a "b" \\ \\u0041 %s :x {}', "Grüße 🙂 \u2028 \u00ad", "", "\\x41", "null", None, "line\nline\r\n\ttab"]
    at = datetime(2026, 1, 1, 23, 59, 59, 123456, tzinfo=timezone(timedelta(hours=-7)))
    rows = [
        {"source": "jira", "external_id": str(n), "item": "1", "kind": "x", "at": at, "hours": 0.1 + 0.2, "text": one}
        | {"mentions": [one], "detail": {"said": one, "in": [{"deep": one}]}}
        for n, one in enumerate(words)
    ]
    data = bytes(range(256))
    with sessions.begin() as session:
        upsert(session, Signal, rows, ("source", "external_id"))
        upsert(session, Vector, [{"text_hash": "h", "model": "m", "data": data}], ("text_hash", "model"))
        kept = session.scalars(select(Signal).order_by(Signal.id)).all()
        assert [(one.text, one.mentions, one.detail["in"]) for one in kept] == [(w, [w], [{"deep": w}]) for w in words]
        assert {(one.at, one.hours) for one in kept} == {(at, 0.1 + 0.2)}
        assert upsert(session, Signal, rows, ("source", "external_id"), ("text", "mentions", "detail", "at")) == 0
        assert session.get_one(Vector, ("h", "m")).data == data
        columns = select(Signal.text, Signal.mentions, Signal.at, Signal.hours, Vector.data).join(Vector, sa.true())
        for query in (columns, columns.execution_options(yield_per=2)):  # from a cursor in the server as well
            found = plain(session, query.order_by(Signal.id)).all()
            assert [tuple(row) for row in found] == [(w, [w], at, 0.1 + 0.2, data) for w in words]
            assert {row.at.tzinfo for row in found} == {UTC}


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
    place = without_password("postgresql+psycopg://db/leeway?password=sekret&sslpassword=sekret&sslmode=require")
    assert place == "postgresql+psycopg://db/leeway?sslmode=require"


def test_what_slack_was_told_before_the_table_of_notifications_moves_into_it(engine: Engine) -> None:
    downgrade(engine, "0009")
    row = {
        "scope": "company",
        "subject": "",
        "severity": "high",
        "raised_on": "2026-07-08",
        "start": "2026-06-29",
        "before": 0.6,
        "after": 0.4,
        "low": -0.2,
        "high": -0.1,
        "absorbed_by": "[]",
        "explanation": "{}",
    }
    told = {
        "channel": "C1",
        "message_ts": "1.2",
        "sent_at": "2026-07-08 10:00:00",
        "claimed_at": "2026-07-08 09:59:00",
        "said": '{"state": "raised", "fall": 18}',
    }
    none = dict.fromkeys(told) | {"said": "{}"}
    with engine.begin() as connection:
        for id_, kind, state, rest in (
            (1, "drift", "raised", told),
            (2, "data", "recovered", told | {"said": "{}"}),
            (3, "drift", "raised", none),
            (4, "drift", "raised", none | {"claimed_at": "2026-07-09 08:00:00"}),
        ):
            values = {"id": id_, "kind": kind, "state": state} | row | rest
            connection.execute(sa.table("drift", *map(sa.column, values)).insert(), values)
        connection.execute(
            text(
                "INSERT INTO decision (id, drift_id, kind, by, at, note, nonce) "
                "VALUES (1, 1, 'reminded', 'leeway', '2026-07-08 10:00:00', '', 'remind-7')"
            )
        )
    migrations.upgrade(engine)
    with Session(engine) as session:
        found = {row.drift_id: row for row in session.scalars(select(Notification))}
        assert {id_: one.channel for id_, one in found.items()} == {1: "slack", 2: "slack ops", 4: "slack"}
        assert found[1].reference == {"channel": "C1", "ts": "1.2"}
        assert (found[1].said_state, found[1].said_fall) == ("raised", 18)
        assert found[1].sent_at == datetime(2026, 7, 8, 10, tzinfo=UTC)
        assert found[1].claimed_at is None
        assert found[4].sent_at is None  # whoever claimed it may have posted it: it is looked for
        assert found[4].tried_at == datetime(2026, 7, 9, 8, tzinfo=UTC)
        assert session.scalars(select(Decision.nonce)).all() == ["remind-7 slack"]
    downgrade(engine, "0009")
    with engine.connect() as connection:
        back = connection.execute(text("SELECT channel, message_ts FROM drift ORDER BY id")).all()
    assert back == [("C1", "1.2"), ("C1", "1.2"), (None, None), (None, None)]


def test_a_share_of_before_is_what_was_read_until_its_week_is_computed_again(engine: Engine) -> None:
    downgrade(engine, "0027")
    row = "'2026-07-06', 'company', 'top', 0.4, 0.1, 0.6, 0.9, 100"
    with engine.begin() as connection:
        columns = "week, scope, objective, share, low, high, coverage, person_days"
        connection.execute(text(f"INSERT INTO share ({columns}) VALUES ({row})"))  # noqa: S608 - the row above
    migrations.upgrade(engine)
    with Session(engine) as session:
        found = session.scalars(select(Share)).one()
        assert (found.read, round(found.half, 6)) == (0.4, 0.3)


def downgrade(engine: Engine, version: str) -> None:
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(migrations.__file__).parent))
        config.attributes["connection"] = connection
        command.downgrade(config, version)
