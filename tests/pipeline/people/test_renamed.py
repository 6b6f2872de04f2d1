"""Who marries, or whose company changes its domain, is one person with one past."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from models import Account, Capacity, Effort, Person, RegisterVersion
from pipeline.effort.stage import estimate_effort
from pipeline.people.identity import resolve
from pipeline.register.change_words import consequences
from pipeline.register.document import RegisterError, parse
from pipeline.register.membership import load_teams
from pipeline.register.stays import renamed
from pipeline.register.versions import load_register
from tests.pipeline.effort.test_stage import LAST, MONDAY, REGISTER_TEXT, Company, noon

CHANGE = MONDAY + timedelta(days=7)
OLD = REGISTER_TEXT.replace("{email: c@x.example, part: 0.5}", "c@x.example")
NEW = OLD.replace("c@x.example", "{email: cee@y.example, formerly: C@x.example}")


def load(sessions: sessionmaker[Session], text: str, at: date) -> None:
    with sessions.begin() as session:
        version, _ = load_register(session, parse(text), text)
        session.get_one(RegisterVersion, version).loaded_at = datetime(at.year, at.month, at.day, 9, tzinfo=UTC)
        session.flush()
        resolve(session, parse(text), today=at)


@pytest.fixture
def company(sessions: sessionmaker[Session]) -> Company:
    made = Company(sessions)
    with sessions.begin() as session:
        session.add(Account(source="jira", external_id="c", name="Cee", email="c@x.example"))
    made.item("1", assignee="c")
    made.signal("1", "c", noon(MONDAY), "transition", to="indeterminate")
    for day in range(12):
        made.signal("1", "c", noon(MONDAY + timedelta(days=day)))
    load(sessions, OLD, CHANGE - timedelta(days=30))
    return made


@pytest.mark.parametrize("first", ["the source", "the register"])
def test_an_address_that_changes_leaves_nothing_behind(company: Company, first: str) -> None:
    sessions = company.sessions
    estimate_effort(sessions, parse(OLD), LAST)
    with sessions.begin() as session:
        before = session.execute(select(Effort.day, Effort.person_id, Effort.person_days).order_by(Effort.day)).all()
        if first == "the source":
            session.execute(Account.__table__.update().values(email="cee@y.example"))
    if first == "the source":  # it is some days before the register says so, too
        with sessions.begin() as session:
            resolve(session, parse(OLD), today=CHANGE)
    load(sessions, NEW, CHANGE)
    estimate_effort(sessions, parse(NEW), LAST)
    with sessions() as session:
        after = session.execute(select(Effort.day, Effort.person_id, Effort.person_days).order_by(Effort.day)).all()
        cee = session.scalars(select(Person).where(Person.email == "cee@y.example")).one()
        teams = load_teams(session)
        assert teams.ever(cee.id) == ["core"]
        assert teams.on(cee.id, MONDAY) == teams.on(cee.id, CHANGE) == "core"
        assert session.scalar(select(func.count(Capacity.day)).where(Capacity.person_id == cee.id)) == 10
    assert len(before) > 5
    assert [(row.day, row.person_days) for row in after] == [(row.day, row.person_days) for row in before]


def test_a_name_that_changed_twice_and_one_that_is_somebodys_again() -> None:
    then, later = NEW.replace("cee@y", "mid@y"), NEW.replace("C@x", "mid@y")
    plans = [(date.min, parse(then)), (CHANGE, parse(later))]
    assert renamed(plans) == {"c@x.example": "cee@y.example", "mid@y.example": "cee@y.example"}
    again = later.replace("a@x.example", "c@x.example")
    assert renamed([*plans, (LAST, parse(again))]) == {"mid@y.example": "cee@y.example"}


def test_a_former_address_that_is_a_members_is_refused_with_its_line() -> None:
    with pytest.raises(RegisterError, match=r"line 7: .*formerly: a@x\.example is also a current member"):
        parse(NEW.replace("C@x", "a@x"))


def test_a_load_asks_whether_two_addresses_are_one_person() -> None:
    after = parse(OLD.replace("c@x.example", "c@y.example"))
    said = consequences(parse(OLD), after, date(2026, 7, 1), CHANGE, 5)
    assert any(
        "c@x.example leaves and c@y.example joins" in line and "`formerly: c@x.example`" in line for line in said
    )
    married = (
        parse(OLD.replace("c@x.example", "anna.lee@x.example")),
        parse(OLD.replace("c@x.example", "anna.roy@x.example")),
    )
    assert any("anna.lee@x.example leaves and anna.roy@x" in line for line in consequences(*married, LAST, LAST, 5))
    assert not any("leaves and" in line for line in consequences(parse(OLD), married[0], LAST, LAST, 5))
    everybody = consequences(parse(OLD), parse(OLD.replace("@x.", "@z.")), LAST, LAST, 5)
    assert sum("leaves and" in line for line in everybody) <= 4  # a company that is called otherwise fills no screen
    told = parse(OLD.replace("c@x.example", "{email: c@y.example, formerly: c@x.example}"))
    assert not any("leaves and" in line for line in consequences(parse(OLD), told, date(2026, 7, 1), CHANGE, 5))
