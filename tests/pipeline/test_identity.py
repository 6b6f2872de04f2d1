"""One person across the sources."""

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from models import Account, Person, Signal
from pipeline.identity import resolve, unresolved
from pipeline.register import parse
from tests.pipeline.test_register import GOOD


def account(source: str, id_: str, name: str, email: str | None = None, bot: bool = False) -> Account:
    return Account(source=source, external_id=id_, name=name, email=email, bot=bot)


def people_of(sessions: sessionmaker[Session], *accounts: Account) -> dict[str, int | None]:
    with sessions.begin() as session:
        session.add_all(accounts)
    with sessions.begin() as session:
        resolve(session, parse(GOOD))
    with sessions() as session:
        return {a.external_id: a.person_id for a in session.scalars(select(Account))}


def test_by_address_then_by_a_unique_name(sessions: sessionmaker[Session]) -> None:
    found = people_of(
        sessions, account("slack", "U1", "Ann Lee", "a@x.example"), account("jira", "5f1", "ann lee"),
        account("hubspot", "7", "Someone", "a@x.example"),
    )  # fmt: skip
    assert found["U1"] == found["5f1"] == found["7"] is not None
    with sessions() as session:
        person = session.get_one(Person, found["U1"])
        assert (person.team, person.capacity) == ("app", 1.0)


def test_two_people_of_one_name_are_not_merged(sessions: sessionmaker[Session]) -> None:
    found = people_of(
        sessions, account("slack", "U1", "Ann Lee", "a@x.example"), account("slack", "U2", "Ann Lee", "b@x.example"),
        account("jira", "5f1", "Ann Lee"),
    )  # fmt: skip
    assert found["U1"] != found["U2"]
    assert found["5f1"] is None


def test_bots_are_nobody_and_who_has_no_team_is_listed_by_volume(sessions: sessionmaker[Session]) -> None:
    from tests.pipeline.test_ingest import AT

    found = people_of(
        sessions, account("slack", "B1", "CI", bot=True), account("slack", "U8", "Guest", "g@y.example"),
        account("jira", "5f9", "Nobody"),
    )  # fmt: skip
    assert found["B1"] is None
    with sessions.begin() as session:
        for n, who in enumerate(["U8", "U8", "B1"]):
            session.add(
                Signal(
                    source="slack",
                    external_id=str(n),
                    item="i",
                    kind="message",
                    at=AT,
                    account=who,
                    mentions=[],
                    detail={},
                )
            )
        session.add(
            Signal(
                source="jira", external_id="9", item="i", kind="comment", at=AT, account="5f9", mentions=[], detail={}
            )
        )
    with sessions() as session:
        assert [(u.external_id, u.signals) for u in unresolved(session)] == [("U8", 2), ("5f9", 1)]


def test_part_time_comes_from_the_register(sessions: sessionmaker[Session]) -> None:
    found = people_of(sessions, account("slack", "U2", "Bo", "B@x.example".lower()))
    with sessions() as session:
        assert session.get_one(Person, found["U2"]).capacity == 0.5
