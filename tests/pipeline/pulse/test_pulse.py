"""Where confidence, number and work part, what a week's answer is, and what the diagnosis of green reads of it."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy.orm import Session, sessionmaker

from models import Confidence, Measurement
from pipeline.findings.reports import load_reports
from pipeline.progress.stage import binding_of
from pipeline.pulse.answers import Said, by_week, keep
from pipeline.pulse.owners import owned, unowned
from pipeline.pulse.parting import parting
from pipeline.register.document import parse

REGISTER = parse("""\
period: {name: Q3, start: 2026-07-01, end: 2026-09-30}
teams: [{key: app, name: App, members: [ann@x.example]}]
objectives:
  - key: O1
    title: Customers stay
    priority: 1
    owner: Ann@X.example
    key_results:
      - {key: O1.1, title: "NPS from 31 to 45", metric: {checkin: true, start: 31, target: 45}}
      - {key: O1.2, title: "Churn from 2 % to 1 %", owner: ben@x.example}
      - {key: O1.3, title: "Open bugs from 40 to 10", owner: "ann@x.example, ben@x.example"}
      - {key: O1.4, title: "Orders from 4 to 10", owner: Platform team}
""")
MONDAY = date(2026, 8, 3)
NOW = datetime(2026, 8, 4, 9, tzinfo=UTC)


def said(*values: int) -> list[Said]:
    return [Said(MONDAY - timedelta(weeks=len(values) - 1 - n), value) for n, value in enumerate(values)]


@pytest.mark.parametrize(
    ("values", "pace", "share", "sentence"),
    [
        (
            (8,),
            0.25,
            0.02,
            "Confidence 8, yet the number moves at half of the expected pace and 2 % of the work is on it.",
        ),
        ((9,), 0.0, None, "Confidence 9, yet the number has not moved towards its target."),
        ((9,), -0.2, 0.2, "Confidence 9, yet the number has not moved towards its target."),
        ((9,), 0.05, 0.2, "Confidence 9, yet the number has made 9 % of the progress expected by now."),
        ((8,), None, 0.004, "Confidence 8, yet less than 1 % of the work is on it."),
        ((8,), 0.7, 0.004, ""),  # a number that keeps up needs no work to prove it
        ((8,), 0.4, 0.2, ""),
        ((7,), 0.0, 0.0, ""),
        ((8, 8, 5), 0.4, 0.2, "Confidence fell from 8 to 5: what would bring it back?"),
        ((5, 4, 3), 0.4, 0.2, ""),
        ((), 0.0, 0.0, ""),
    ],
)
def test_the_gap_is_said_where_they_part(
    values: tuple[int, ...], pace: float | None, share: float | None, sentence: str
) -> None:
    assert parting(said(*values), NOW.date(), pace, 0.55, share, 10) == sentence


def test_doubt_beside_a_number_that_keeps_up_is_asked_about_and_old_answers_are_not() -> None:
    assert parting(said(3), NOW.date(), 0.6, 0.55, 0.3, 10).startswith("Confidence 3, yet the number is on pace")
    assert parting(said(9), NOW.date() + timedelta(weeks=3), 0.0, 0.55, 0.0, 10) == ""


def test_one_owner_with_an_address_is_asked() -> None:
    assert {who: [one.key for one in rows] for who, rows in owned(REGISTER).items()} == {
        "ann@x.example": ["O1.1"],
        "ben@x.example": ["O1.2"],
    }
    assert unowned(REGISTER) == ["O1.3", "O1.4"]


def test_a_later_answer_of_the_week_takes_the_place_of_the_earlier(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        keep(session, "O1.1", MONDAY, 6, "ann@x.example", NOW, "one  large\ncustomer left")
        keep(session, "O1.1", MONDAY, 7, "ann@x.example", NOW + timedelta(hours=1))
        keep(session, "O1.1", MONDAY - timedelta(weeks=1), 8, "ann@x.example", NOW)
        keep(session, "gone", MONDAY, 2, "ann@x.example", NOW)
        with pytest.raises(ValueError, match="no number from 1 to 10"):
            keep(session, "O1.1", MONDAY, 11, "ann@x.example", NOW)
    with sessions() as session:
        assert by_week(session, REGISTER) == {
            "O1.1": [Said(MONDAY - timedelta(weeks=1), 8), Said(MONDAY, 7, "one large customer left")]
        }
        assert "ann" not in "".join(str(row.__dict__) for row in session.query(Confidence))


def test_green_is_what_owners_say_beside_what_was_measured(sessions: sessionmaker[Session]) -> None:
    metric = next(one.metric for _, one in REGISTER.key_results() if one.key == "O1.1")
    assert metric is not None
    with sessions.begin() as session:
        for weeks, value in ((3, 5), (2, 8), (1, 9), (0, 8)):
            keep(session, "O1.1", MONDAY - timedelta(weeks=weeks), value, "ann@x.example", NOW)
        keep(session, "O1.2", MONDAY - timedelta(weeks=4), 9, "ben@x.example", NOW)  # too old to say anything
        row = Measurement(key_result="O1.1", binding=binding_of(metric), day=date(2026, 8, 1), value=32.4, at=NOW)
        session.add(row)
    with sessions() as session:
        found = load_reports(session, REGISTER, MONDAY + timedelta(days=6))
    assert list(found) == ["O1.1"]
    assert (found["O1.1"].status, found["O1.1"].since) == ("green", MONDAY - timedelta(weeks=2))
    assert found["O1.1"].progress == pytest.approx(0.1)
    assert found["O1.1"].expected == pytest.approx(
        31 / 91
    )  # of the day of its number: nothing is known of the time since
