"""What the match is given of what was stored."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session, sessionmaker

from models import Account, Membership, Person, Signal, WorkItem
from pipeline.items import load_items

AT = datetime(2026, 7, 6, 9, tzinfo=UTC)


def work(name: str, kind: str, source: str = "jira", assignee: str | None = None) -> WorkItem:
    return WorkItem(
        source=source,
        external_id=name,
        key=name,
        kind=kind,
        container="A",
        title=None,
        assignee=assignee,
        created_at=AT,
        updated_at=AT,
    )


def signal(item: str, n: int, account: str, source: str = "jira", text: str | None = None) -> Signal:
    return Signal(
        source=source,
        external_id=f"{source}-{item}-{n}",
        item=item,
        kind="comment",
        at=AT.replace(minute=n),
        account=account,
        text=text,
    )


@pytest.fixture
def stored(sessions: sessionmaker[Session]) -> sessionmaker[Session]:
    with sessions.begin() as session:
        for number, (account, team) in enumerate((("ann", "app"), ("ben", "ops"), ("cem", "ops")), 1):
            session.add(Person(id=number, email=f"{account}@x.example", team=team))
            session.flush()
            for source in ("jira", "slack"):
                session.add(Account(source=source, external_id=account, person_id=number))
        session.add_all(
            [
                work("T-1", "task"),
                work("T-2", "task", assignee="ann"),
                work("T-3", "task"),
                work("C:1", "message", "slack"),
            ]
        )
        session.add_all(
            [signal("T-1", 1, "ann"), signal("T-1", 2, "ben"), signal("T-1", 3, "cem"), signal("T-2", 1, "ben")]
        )
        words = ["The sirens of bus 7 are too quiet", "will look", None, "Will look!"]
        session.add_all([signal("C:1", n, "ann", "slack", text) for n, text in enumerate(words)])
    return sessions


@pytest.mark.parametrize("some", [False, True])
def test_a_task_of_nobodys_is_of_the_team_that_worked_on_it(stored: sessionmaker[Session], some: bool) -> None:
    with stored() as session:
        rows = [row.row for row in load_items(session)] if some else None
        teams = {one.item.id: one.item.team for one in load_items(session, rows)}
    assert teams == {"jira:T-1": "ops", "jira:T-2": "app", "jira:T-3": None, "slack:C:1": "app"}


def test_an_item_is_of_the_team_its_people_were_in_then_gedemin_2535(stored: sessionmaker[Session]) -> None:
    """With each new register all is matched again: what somebody did stays their team's, after they moved or left."""
    day = AT.date()
    with stored.begin() as session:
        for number, moves in ((1, day + timedelta(days=30)), (2, day - timedelta(days=30)), (3, day)):
            session.add(Membership(person_id=number, first=date.min, last=moves - timedelta(days=1), team="lab"))
            if number < 3:  # the third left
                session.add(Membership(person_id=number, first=moves, team="care"))
        session.execute(update(Person).values(team="care"))
        session.execute(update(Person).where(Person.id == 3).values(team=None))
        renamed = {one.item.id: one.item.team for one in load_items(session)}
        session.add(Person(id=9, email="dee@x.example", team="lab"))
        session.flush()
        moved = {one.item.id: one.item.team for one in load_items(session)}
    assert renamed == {"jira:T-1": "care", "jira:T-2": "care", "jira:T-3": None, "slack:C:1": "care"}
    assert moved == {"jira:T-1": "lab", "jira:T-2": "lab", "jira:T-3": None, "slack:C:1": "lab"}


def test_a_thread_is_about_its_opening_and_what_is_answered_at_some_length(stored: sessionmaker[Session]) -> None:
    said = "The new horn is louder, but the wiring of 7 is another"
    with stored.begin() as session:
        session.add(signal("C:1", 9, "ben", "slack", said))
        thread = next(one.item for one in load_items(session) if one.item.source == "slack")
    assert thread.words == f"The sirens of bus 7 are too quiet {said}"
