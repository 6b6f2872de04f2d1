"""A lease is held by one, given back, kept alive while its holder lives, and lost by who died."""

import threading

from sqlalchemy.orm import Session, sessionmaker

from pipeline.queue.lease import hold

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
    with hold(sessions, "work", 0.4) as first:
        assert first
        threading.Event().wait(1.0)  # longer than it was taken for
        with hold(sessions, "work", HOUR) as second:
            assert not second
