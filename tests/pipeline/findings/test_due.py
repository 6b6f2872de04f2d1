"""Diagnoses are found once a day, and again when what people said changed."""

from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Engine
from sqlalchemy.orm import sessionmaker

from models import Confidence, ThemeAnswer
from pipeline.findings.due import is_due

LAST = date(2026, 10, 8)


def test_once_a_day_and_after_another_register_or_answer(lite: Engine) -> None:
    sessions = sessionmaker(lite)

    def due(version: int, last: date) -> bool:
        with sessions.begin() as session:
            return is_due(session, version, last, None)

    assert due(1, LAST)
    assert not due(1, LAST)
    assert due(2, LAST)
    assert due(2, LAST + timedelta(days=1))
    with sessions.begin() as session:
        session.add(ThemeAnswer(theme="Depot", by="a@x.example", answer="stop", at=datetime(2026, 10, 9, tzinfo=UTC)))
    assert due(2, LAST + timedelta(days=1))
    assert not due(2, LAST + timedelta(days=1))
    for value in (8, 3):  # an owner who thinks again: the same row, later
        with sessions.begin() as session:
            at = datetime(2026, 10, 9, 20 - value, tzinfo=UTC)
            session.merge(Confidence(key_result="O1.1", week=date(2026, 10, 5), value=value, note="", by="", at=at))
        assert due(2, LAST + timedelta(days=1))
        assert not due(2, LAST + timedelta(days=1))
