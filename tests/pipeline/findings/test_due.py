"""Diagnoses are found once a day, and again when what people said changed."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import sessionmaker

from models import Confidence, ThemeAnswer
from pipeline import large
from pipeline.findings.due import effort_is_due, happened_is_due
from pipeline.register.document import Register, parse

LAST = date(2026, 10, 8)
REGISTER = """
period: {name: Q4, start: 2026-10-01, end: 2026-12-31}
teams: [{key: a, name: A, members: [a@x.example]}]
objectives: [{key: O1, title: Faster checkout, priority: 1, key_results: [{key: O1.1, title: two clicks}]}]
"""


def test_what_happened_on_items_is_read_again_for_words_of_the_register_in_a_small_company_alone(
    lite: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions, register = sessionmaker(lite), parse(REGISTER)

    def due(version: int, last: date = LAST, register: Register = register) -> bool:
        with sessions.begin() as session:
            return happened_is_due(session, version, register, last, None)

    assert [due(1), due(1), due(2)] == [True, False, True]
    monkeypatch.setattr(large, "LARGE", -1)
    assert [due(2), due(3), due(3, LAST + timedelta(days=1))] == [True, False, True]
    assert due(3, LAST + timedelta(days=1), register.model_copy(update={"teams": ()}))


def test_once_a_day_and_after_another_register_or_answer(lite: Engine) -> None:
    sessions = sessionmaker(lite)

    def due(version: int, last: date) -> bool:
        with sessions.begin() as session:
            return effort_is_due(session, version, last, None)

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
