"""Numbers of key results through the vendors' clients, over HTTP, against the simulated company."""

from collections.abc import Mapping
from datetime import UTC, datetime
from statistics import mean, median
from typing import Any, cast

import pytest

from connectors.base import BadAnswer, SourceError
from connectors.jira.named_field import named_field
from connectors.metrics import Measuring
from simulator.api.jira_rows import STATUSES
from simulator.server import Simulator
from tests.conftest import connect_to


def ask(company: Simulator, source: str, metric: Mapping[str, Any], **changes: object) -> float:
    return cast(Measuring, connect_to(company, source, **changes)).measure(metric)


def done(company: Simulator) -> list[Any]:
    return [one for one in company.world.issues if STATUSES[one.status][1] == "done"]


@pytest.mark.parametrize("data_center", [False, True])
def test_issues_are_counted_within_the_listed_projects(company: Simulator, data_center: bool) -> None:
    company.config.jira_data_center = data_center
    changes: dict[str, object] = {"email": ""} if data_center else {}
    project = done(company)[0].project
    everywhere = ask(company, "jira", {"jql": "statusCategory = Done"}, **changes)
    assert everywhere == len(done(company)) > 20
    listed = ask(company, "jira", {"jql": "statusCategory = Done"}, projects=[project], **changes)
    assert listed == sum(one.project == project for one in done(company)) < everywhere
    both = {"jql": f"statusCategory = Done AND project != {project}"}
    assert ask(company, "jira", both, **changes) == everywhere - listed


@pytest.mark.parametrize("data_center", [False, True])
def test_a_field_is_added_up_and_averaged_over_all_pages(three_weeks: Simulator, data_center: bool) -> None:
    three_weeks.config.jira_data_center = data_center
    changes: dict[str, object] = {"email": ""} if data_center else {}
    logged = [
        sum(int(row[2] * 3600) for row in one.worklogs if row) for one in three_weeks.world.issues if any(one.worklogs)
    ]
    assert len(three_weeks.world.issues) > 200  # more than two pages
    query = 'created >= "2000-01-01"'
    assert ask(three_weeks, "jira", {"jql": query, "sum": "timespent"}, **changes) == sum(logged)
    assert ask(three_weeks, "jira", {"jql": query, "average": "time spent"}, **changes) == pytest.approx(mean(logged))


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        ({"jql": "colour = red"}, "Error in the JQL Query"),
        ({"jql": "status = Done", "sum": "Stroy Points"}, "there is no field 'Stroy Points'"),
        ({"jql": "status = Done", "sum": "summary"}, "summary holds str and no number"),
        ({"jql": "status = Nowhere", "average": "timespent"}, "so there is no average"),
    ],
)
def test_what_cannot_be_measured_is_said(company: Simulator, metric: dict[str, str], words: str) -> None:
    with pytest.raises(SourceError, match=words):
        ask(company, "jira", metric)


def deals(company: Simulator, pipelines: list[str]) -> list[Any]:
    listed = company.hubspot._all_pipelines("deals")
    ids = {one["id"] for one in listed if one["label"] in pipelines}
    found = [one for one in company.world.records if one.type == "deals" and one.properties["pipeline"] in ids]
    for n, one in enumerate(found):
        one.properties["amount"] = str(1000 + n)
        if n % 3:
            one.properties["closedate"] = one.properties["createdate"].replace("2026-", "2027-")
    return found


def test_deals_of_the_listed_pipelines_are_counted_and_added_up(company: Simulator) -> None:
    mine, every = deals(company, ["Iberia"]), deals(company, ["Employers", "Iberia"])
    assert 0 < len(mine) < len(every)
    assert ask(company, "hubspot", {"hubspot": "deals"}, pipelines=["Iberia"]) == len(mine)
    total = sum(float(one.properties["amount"]) for one in every)
    assert ask(company, "hubspot", {"hubspot": "deals", "sum": "amount"}) == total
    stage = every[0].properties["dealstage"]
    some = [one for one in every if one.properties["dealstage"] == stage]
    metric = {"hubspot": "deals", "where": [f"dealstage = {stage}", "amount >= 1001"]}
    assert ask(company, "hubspot", metric) == sum(one.properties["amount"] >= "1001" for one in some)


def test_money_in_several_currencies_is_not_added_up(company: Simulator) -> None:
    # salesagility/SuiteCRM #5956, maybe-finance/maybe #1975, YetiForce #188: 11,000 rupees and 10 dollars were 11,010.
    every = deals(company, ["Employers", "Iberia"])
    for n, one in enumerate(every):
        one.properties["deal_currency_code"] = "EUR" if n else "USD"
        one.properties["seats"] = "2"
    with pytest.raises(BadAnswer, match=r"several currencies \(EUR, USD\)"):
        ask(company, "hubspot", {"hubspot": "deals", "sum": "amount"})
    of_one = {"hubspot": "deals", "sum": "amount", "where": ["deal_currency_code = EUR"]}
    assert ask(company, "hubspot", of_one) == sum(float(one.properties["amount"]) for one in every[1:])
    assert ask(company, "hubspot", {"hubspot": "deals", "sum": "seats"}) == 2 * len(every)
    for one in every:
        del one.properties["deal_currency_code"], one.properties["seats"]


def test_of_two_fields_with_one_name_none_is_guessed_at() -> None:
    # ParabolInc/parabol #7560, DeloitteDigitalUK/jira-agile-metrics #15
    points = [{"id": f"customfield_{n}", "name": "Story Points"} for n in (16, 31)]
    rows = [*points, {"id": "customfield_7", "name": "customfield_16"}, "odd"]
    with pytest.raises(BadAnswer, match="2 fields are called 'story points'") as caught:
        named_field(rows, "story points", "")
    assert "customfield_16, customfield_31" in caught.value.fix
    assert named_field(rows, "CustomField_16", "") == "customfield_16"


def test_a_day_is_compared_with_the_times_of_records(company: Simulator) -> None:
    every = deals(company, ["Employers", "Iberia"])
    times = sorted(datetime.fromisoformat(one.properties["createdate"]) for one in every)
    day = times[len(times) // 2].astimezone(UTC).date()
    since = datetime(day.year, day.month, day.day, tzinfo=UTC)
    metric = {"hubspot": "deals", "where": [f"createdate >= {day}"]}
    found = ask(company, "hubspot", metric)
    assert found == sum(one >= since for one in times)
    assert 0 < found < len(times)


def test_more_than_a_page_of_records_is_added_up(company: Simulator) -> None:
    one = deals(company, ["Employers", "Iberia"])[0]
    for n in range(450):
        copy = type(one)(one.type, 900_000 + n, {**one.properties, "amount": "1"}, one.created, one.modified)
        company.world.records.append(copy)
    metric = {"hubspot": "deals", "sum": "amount", "where": ["amount < 2"]}
    assert ask(company, "hubspot", metric) == 450


def test_the_median_of_days_leaves_out_what_is_open(company: Simulator) -> None:
    every = deals(company, ["Employers", "Iberia"])
    days = [
        (datetime.fromisoformat(end) - datetime.fromisoformat(one.properties["createdate"])).total_seconds() / 86_400
        for one in every
        if (end := one.properties.get("closedate"))
    ]
    metric = {"hubspot": "deals", "median_days": ["createdate", "closedate"]}
    assert ask(company, "hubspot", metric) == pytest.approx(median(days))
    with pytest.raises(BadAnswer, match="so there is no median"):
        ask(company, "hubspot", {"hubspot": "tickets", "median_days": ["createdate", "nothing"]}, pipelines=["Support"])
