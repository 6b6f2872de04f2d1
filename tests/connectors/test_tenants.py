"""One source, one tenant: another site, workspace or account behind the same settings is not mixed with what is kept."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, select

from models import Account, Tenant
from pipeline.ingest.tenants import OtherTenant, hold_to_tenant
from simulator.api.config import JIRA_GATEWAY, JIRA_SCOPED_TOKEN, ApiConfig
from tests.connectors.few import SOURCES, Puller
from tests.connectors.test_sources_as_they_are import answering


def another(config: ApiConfig, source: str) -> None:
    """The same addresses and tokens lead to another tenant from now on."""
    if source == "jira":
        config.jira_cloud_id = "0d1e2f3a"
    elif source == "slack":
        config.slack_team = ("T00000099", "Velora Sandbox")
    else:
        config.hubspot_portal = 815


def tenants(puller: Puller) -> dict[str, Tenant]:
    with puller.sessions() as session:
        return {one.source: one for one in session.scalars(select(Tenant))}


NAMED = {"jira": "(Cloud, 2f6a5c1e)", "slack": "Velora Bikes (T00000001)", "hubspot": "4711001"}
OTHER = {"jira": "(Cloud, 0d1e2f3a)", "slack": "Velora Sandbox (T00000099)", "hubspot": "815"}


@pytest.mark.parametrize("source", SOURCES)
def test_another_tenant_is_refused_by_name_and_nothing_of_it_is_read_or_removed(puller: Puller, source: str) -> None:
    puller.pull(source)
    before = puller.kept(source)
    assert before
    assert NAMED[source] in tenants(puller)[source].label
    another(puller.company.config, source)
    puller.company.world.messages.clear()
    puller.company.world.issues.clear()
    puller.company.world.records.clear()
    for what in (lambda: puller.pull(source), lambda: puller.sweep(source, force=True), lambda: puller.retry(source)):
        with pytest.raises(OtherTenant) as refused:
            what()
        said = str(refused.value)
        assert NAMED[source] in said
        assert OTHER[source] in said
        assert f"leeway source replace {source}" in said
    assert puller.kept(source) == before
    errors = puller.errors()
    assert errors
    assert all("source replace" in one for one in errors.values())
    assert OTHER[source] in (tenants(puller)[source].refused or "")


def test_what_was_put_back_goes_on_where_it_stood(puller: Puller) -> None:
    puller.pull("slack")
    first = tenants(puller)["slack"]
    another(puller.company.config, "slack")
    with pytest.raises(OtherTenant):
        puller.pull("slack")
    puller.company.config.slack_team = ("T00000001", "Velora Bikes")
    puller.pull("slack")
    again = tenants(puller)["slack"]
    assert (again.since, again.refused) == (first.since, None)
    assert puller.errors() == {}


def test_a_database_of_before_takes_on_whose_it_is(puller: Puller) -> None:
    puller.pull("jira")
    with puller.sessions.begin() as session:
        session.execute(delete(Tenant))
    assert puller.pull("jira")["signals"] == 0
    assert tenants(puller)["jira"].external_id == "2f6a5c1e"


def test_a_token_that_was_wrong_from_the_first_needs_no_command(puller: Puller) -> None:
    """Its people were read, and nothing else."""
    another(puller.company.config, "slack")
    hold_to_tenant(puller.connector("slack"), puller.sessions)
    with puller.sessions.begin() as session:
        session.add(Account(source="slack", external_id="U9", name="Somebody else"))
    puller.company.config.slack_team = ("T00000001", "Velora Bikes")
    puller.pull("slack")
    with puller.sessions() as session:
        assert session.get(Account, ("slack", "U9")) is None
    assert tenants(puller)["slack"].external_id == "T00000001"


def test_a_site_that_is_called_otherwise_or_read_through_the_gateway_is_the_same(puller: Puller) -> None:
    puller.pull("jira")
    config = puller.company.config
    config.jira_address = "https://velora-bikes.atlassian.net"
    assert puller.pull("jira")["signals"] == 0
    gateway = puller.company.addresses["jira"] + JIRA_GATEWAY
    assert puller.pull("jira", url=gateway, token=JIRA_SCOPED_TOKEN)["signals"] == 0
    kept = tenants(puller)["jira"]
    assert (kept.external_id, kept.address) == ("2f6a5c1e", "velora-bikes.atlassian.net")


def test_a_workspace_that_is_called_otherwise_is_the_same(puller: Puller) -> None:
    puller.pull("slack")
    puller.company.config.slack_team = ("T00000001", "Velora Group")
    puller.pull("slack")
    assert "Velora Group" in tenants(puller)["slack"].label


def test_a_data_center_at_another_address_is_known_by_its_issues_and_another_one_refused(puller: Puller) -> None:
    """It has no id: its newest issues are looked for under their numbers, with the moment of their creation."""
    config = puller.company.config
    config.jira_data_center, config.jira_address = True, "https://jira.velora.example"
    puller.pull("jira", email="")
    config.jira_address = "https://issues.velora.example/jira"
    assert puller.pull("jira", email="")["signals"] == 0
    assert tenants(puller)["jira"].address == "issues.velora.example/jira"
    config.jira_address = "https://jira-test.velora.example"
    for issue in puller.company.world.issues:
        issue.created += timedelta(seconds=1)
    with pytest.raises(OtherTenant, match="jira-test"):
        puller.pull("jira", email="")


def test_a_server_that_became_a_cloud_site_is_another_one(puller: Puller) -> None:
    """The migration numbers issues anew."""
    config = puller.company.config
    config.jira_data_center, config.jira_address = True, "https://jira.velora.example"
    puller.pull("jira", email="")
    config.jira_data_center, config.jira_address = False, "https://velora.atlassian.net"
    with pytest.raises(OtherTenant, match=r"jira\.velora\.example \(Data Center\)"):
        puller.pull("jira")


def test_a_workspace_that_once_does_not_say_which_it_is_is_read_on(puller: Puller) -> None:
    puller.pull("slack")
    answering(puller.company, lambda path, answer: {"ok": True} if "auth.test" in path else answer)
    puller.pull("slack")
    assert tenants(puller)["slack"].refused is None


def test_an_account_that_does_not_say_whose_it_is_is_read(puller: Puller) -> None:
    routes = puller.company.hubspot.app.routes
    routes[:] = [route for route in routes if "account-info" not in getattr(route, "path", "")]
    puller.pull("hubspot")
    assert puller.kept("hubspot")
    assert tenants(puller) == {}
