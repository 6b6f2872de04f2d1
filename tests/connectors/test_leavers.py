"""Who leaves is deactivated, then erased: the sources no longer say who their accounts were, and what they did stays theirs."""

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from models import Account, Person, Signal
from pipeline.ingest.store import store
from pipeline.people import identity
from pipeline.register.document import Register
from pipeline.register.schema import Member, Team
from simulator.crm import owner_id
from tests.connectors.few import Puller


def owners(puller: Puller) -> dict[tuple[str, str], tuple[str | None, ...]]:
    """Address of whose it is, name and time zone, by account."""
    members = tuple(Member(email=person.email) for person in puller.company.world.people)
    register = Register.model_construct(teams=(Team(key="all", name="All", members=members),))
    with puller.sessions.begin() as session:
        identity.resolve(session, register)
    with puller.sessions() as session:
        query = select(Account.source, Account.external_id, Person.email, Account.name, Account.time_zone)
        rows = session.execute(query.join(Person, Person.id == Account.person_id, isouter=True)).all()
    return {(source, id_): (email, name, zone) for source, id_, email, name, zone in rows}


@pytest.mark.parametrize("gone", ["deactivated", "forgotten"])
def test_a_slack_account_stays_whose_it_was_backlot_258_slack_web_api_client_25(puller: Puller, gone: str) -> None:
    """Time zone and name are no longer said of one, and an address that nobody has is said in place of the other's."""
    puller.pull("slack")
    before = owners(puller)
    puller.company.slack.gone = {person.number: gone for person in puller.company.world.people}
    puller.pull("slack")
    assert owners(puller) == before


@pytest.mark.parametrize("data_center", [False, True])
def test_a_jira_account_stays_whose_it_was_jira_assistant_143(puller: Puller, data_center: bool) -> None:
    """A "Former user", or user-00004 with an address at jira.invalid, of whom issues that change are answered."""
    puller.company.config.jira_data_center = data_center
    puller.pull("slack")  # knows the names of those who hide their address in Jira
    puller.pull("jira")
    before = owners(puller)
    assert sum(email is not None for (source, _), (email, *_) in before.items() if source == "jira") > 2
    puller.company.config.jira_erased = {person.number for person in puller.company.world.people}
    pages = puller.connector("jira").again("issues", [str(issue.id) for issue in puller.company.world.issues])
    with puller.sessions.begin() as session:
        for page in pages:
            store(session, "jira", page)
    assert owners(puller) == before


def test_a_hubspot_owner_stays_who_it_was_probo_1594(puller: Puller) -> None:
    """HubSpot clears an archived owner's names."""
    puller.pull("hubspot")
    before = owners(puller)
    world = puller.company.world
    people = [person for person in world.people if person.team in ("sales", "care", "iberia")]
    nobody = {"firstName": "", "lastName": "", "archived": True}
    puller.company.hubspot.archived_owners = [
        {"id": owner_id(one.number), "email": one.email} | nobody for one in people
    ]
    world.people = [replace(person, team="gone") for person in world.people]
    puller.pull("hubspot")
    assert owners(puller) == before


def test_who_has_another_address_or_name_now_is_that_one(puller: Puller) -> None:
    puller.pull("slack")
    people = puller.company.world.people
    people[0] = replace(people[0], name="Nova Name")
    puller.pull("slack")
    assert "nova.name@velora.example" in {email for email, *_ in owners(puller).values()}


@pytest.mark.parametrize("source", ["jira", "slack"])
def test_who_is_of_another_company_is_no_account_tiger_agents_pr_171_lookerbot_137(puller: Puller, source: str) -> None:
    """A customer who asks through a portal of Jira Service Management, and a stranger in a channel that is shared: one who is
    called as a colleague is would be taken for them, and `leeway status` would list all of them."""
    everybody = {person.number for person in puller.company.world.people}
    puller.company.config.jira_customers = everybody
    puller.company.slack.gone = dict.fromkeys(everybody, "stranger")
    puller.pull(source)
    assert [name for _, name, _ in owners(puller).values() if name != "CI"] == []
    with puller.sessions() as session:
        assert session.scalar(select(func.count()).where(Signal.account.is_not(None))) > 10
