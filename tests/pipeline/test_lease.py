"""A lease is held by one, given back, and lost by who died."""

from datetime import timedelta

from sqlalchemy.orm import Session, sessionmaker

from pipeline.lease import hold

HOUR = timedelta(hours=1)


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
    with hold(sessions, "work", timedelta(seconds=-1)), hold(sessions, "work", HOUR) as next_one:
        assert next_one
