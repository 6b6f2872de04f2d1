"""A lease is held by one, given back, kept alive while its holder lives, and lost by who died."""

import time
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker

from models import Lease
from pipeline.queue.lease import due, hold, not_before

HOUR = 3600.0


def test_only_one_holds_it_and_it_is_given_back(sessions: sessionmaker[Session]) -> None:
    with (
        hold(sessions, "work", HOUR) as first,
        hold(sessions, "work", HOUR) as second,
        hold(sessions, "other", HOUR) as other,
    ):
        assert (first, second, other) == (True, False, True)
    with hold(sessions, "work", HOUR) as again:
        assert again


def test_who_died_loses_it_after_a_while(sessions: sessionmaker[Session]) -> None:
    with hold(sessions, "work", -1.0), hold(sessions, "work", HOUR) as next_one:
        assert next_one


def test_it_is_renewed_while_its_holder_lives(sessions: sessionmaker[Session]) -> None:
    def until() -> datetime:
        with sessions() as session:
            return session.scalars(select(Lease.until)).one()

    with hold(sessions, "work", 0.4) as first:
        assert first
        given, deadline = until(), time.monotonic() + 120
        while until() <= given + timedelta(seconds=0.4):  # held for longer than it was taken for
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_what_a_clock_that_was_ahead_noted_holds_nothing_up_once_it_is_right_cuba_3206_schedule_323(
    sessions: sessionmaker[Session],
) -> None:
    now = datetime.now(UTC)
    not_before(sessions, "pull", now, timedelta(minutes=15))
    assert not due(sessions, "pull", now)
    assert not due(sessions, "pull", now - timedelta(minutes=1))  # another worker's clock is a little behind
    assert due(sessions, "pull", now + timedelta(minutes=15))
    not_before(sessions, "pull", now + timedelta(days=30), timedelta(minutes=15))
    assert due(sessions, "pull", now)
    with hold(sessions, "work", HOUR):
        with sessions.begin() as session:
            session.execute(update(Lease).where(Lease.name == "work").values(until=now + timedelta(days=30)))
        with hold(sessions, "work", HOUR) as next_one:
            assert next_one
