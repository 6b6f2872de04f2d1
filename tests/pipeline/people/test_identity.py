"""One person across the sources."""

from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from models import Account, Person, Signal
from pipeline.files import InputError
from pipeline.people.identity import Directory, read_directory, resolve, unresolved
from pipeline.register.document import parse
from tests.pipeline.register.test_document import GOOD


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
        sessions,
        account("slack", "U1", "Ann Lee", "a@x.example"),
        account("jira", "5f1", "ann lee"),
        account("hubspot", "7", "Someone", "a@x.example"),
    )
    assert found["U1"] == found["5f1"] == found["7"] is not None
    with sessions() as session:
        person = session.get_one(Person, found["U1"])
        assert (person.team, person.capacity) == ("app", 1.0)


def test_two_people_of_one_name_are_not_merged(sessions: sessionmaker[Session]) -> None:
    found = people_of(
        sessions,
        account("slack", "U1", "Ann Lee", "a@x.example"),
        account("slack", "U2", "Ann Lee", "b@x.example"),
        account("jira", "5f1", "Ann Lee"),
    )
    assert found["U1"] != found["U2"]
    assert found["5f1"] is None


def test_bots_are_nobody_and_who_has_no_team_is_listed_by_volume(sessions: sessionmaker[Session]) -> None:
    from tests.pipeline.ingest.test_pull import AT

    found = people_of(
        sessions,
        account("slack", "B1", "CI", bot=True),
        account("slack", "U8", "Guest", "g@y.example"),
        account("jira", "5f9", "Nobody"),
    )
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


def team_of(sessions: sessionmaker[Session], person: int | None) -> str | None:
    with sessions() as session:
        return session.get_one(Person, person).team if person else None


def test_the_mapping_file_joins_accounts_and_marks_service_accounts(
    sessions: sessionmaker[Session], tmp_path: Path
) -> None:
    file = tmp_path / "people.csv"
    file.write_text("source,account,email\njira,5f1,a@x.example\njira,5f2,-\n")
    with sessions.begin() as session:
        session.add_all(
            [account("jira", "5f1", "A. L."), account("jira", "5f2", "Deploys"), account("jira", "5f3", "Who")]
        )
        resolve(session, parse(GOOD), read_directory(file, {}))
    with sessions() as session:
        found = {a.external_id: a.person_id for a in session.scalars(select(Account))}
    assert team_of(sessions, found["5f1"]) == "app"
    assert found["5f2"] is found["5f3"] is None


def test_a_mapping_file_that_excel_saved_is_read(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("source;account;email\nJira;5f1;A@x.example\n;;\njira;5f2;'-\n", encoding="utf-16")
    found = read_directory(file, {}).people
    assert found == {("jira", "5f1"): "a@x.example", ("jira", "5f2"): None}


def test_a_name_is_the_same_however_it_is_spelled_in_bytes(sessions: sessionmaker[Session]) -> None:
    found = people_of(
        sessions,
        account("slack", "U1", "Jos\u00e9 N\u00fa\u00f1ez", "a@x.example"),
        account("jira", "5f1", "Jose\u0301  Nu\u0301n\u0303ez "),
    )
    assert found["U1"] == found["5f1"] is not None


def test_somebody_whose_name_is_bot_is_a_person_where_the_register_knows_the_address(
    sessions: sessionmaker[Session],
) -> None:
    found = people_of(
        sessions,
        account("slack", "U1", "Jan Bot", "a@x.example"),
        account("jira", "5f1", "Jan Bot"),
        account("jira", "5f2", "Jan Bot", bot=True),
        account("slack", "U9", "deploy bot", "ci@y.example"),
        account("jira", "5f9", "deploy bot"),
    )
    assert found["U1"] == found["5f1"] is not None
    assert found["5f2"] is found["U9"] is found["5f9"] is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n", "line 1: the column 'source' is missing. Expected: source,account,email"),
        # csvql #102, rentemester #150, objectstack #2807: of two columns, or lines, the last one won without a word
        ("source,account,email,email\njira,5f1,a@x.example,b@x.example\n", "line 1: the column 'email' is there twice"),
        ("source,account,email\njira,5f1,a@x.example\njira,5f1,b@x.example\n", "line 3: the account '5f1' of jira"),
        ("source,account,email\njirra,5f1,a@x.example\n", "line 2: there is no source 'jirra'. Did you mean 'jira'"),
        ("source,account,email\njira,5f1,nobody\n", "line 2: expected a source"),
    ],
)
def test_a_bad_mapping_file_is_refused_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "people.csv"
    file.write_text(text)
    with pytest.raises(InputError, match=said):
        read_directory(file, {})
    with pytest.raises(InputError, match=r"identity\.file"):
        read_directory(tmp_path / "nothing.csv", {})


def test_teams_come_from_groups_where_the_register_lists_nobody(sessions: sessionmaker[Session]) -> None:
    text = GOOD.replace("key: app", "key: app", 1)
    accounts = [
        Account(source="slack", external_id="U5", name="Bo", email="bo@x.example", groups="app"),
        Account(source="slack", external_id="U6", name="Cy", email="cy@x.example", groups="mobile-people"),
        Account(source="slack", external_id="U7", name="Di", email="di@x.example", groups="everyone"),
    ]
    with sessions.begin() as session:
        session.add_all(accounts)
        resolve(session, parse(text), Directory(teams={"mobile people": "app"}))
    with sessions() as session:
        teams = dict(session.execute(select(Person.email, Person.team)).all())
    assert (teams["bo@x.example"], teams["cy@x.example"], teams["di@x.example"]) == ("app", "app", None)


@pytest.mark.parametrize("name", ["Jenkins CI", "GitHub Integration", "deploy bot", "no-reply", "Automation for Jira"])
def test_service_accounts_are_known_by_their_names(sessions: sessionmaker[Session], name: str) -> None:
    found = people_of(sessions, account("jira", "5f7", name, "x@x.example"), account("jira", "5f8", "Abbot Botha"))
    assert found["5f7"] is None
    with sessions() as session:
        assert [u.external_id for u in unresolved(session)] == []
