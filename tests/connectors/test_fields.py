"""Fields whose filling is an event: through the real clients against the simulator, without what stands in them."""

from datetime import timedelta

from connectors.base import Signal
from connectors.jira.parse import parse_issue
from connectors.text import issue_keys
from simulator.server import Simulator
from tests.conftest import connect_to, walk
from tests.connectors.issues import issue


def of(signals: list[Signal]) -> list[tuple[str, bool]]:
    return [(s.detail["field"], s.detail["filled"]) for s in sorted(signals, key=lambda s: s.at) if s.kind == "field"]


def test_a_property_of_a_deal_tells_when_it_was_filled_and_emptied(company: Simulator) -> None:
    deal = next(r for r in company.world.records if r.type == "deals")
    at = deal.created
    deal.histories["intake"] = [
        (at + timedelta(hours=3), ""),
        (at + timedelta(hours=1), "yes, by Ann"),
        (at + timedelta(hours=2), "no"),
    ]
    pages = walk(connect_to(company, "hubspot", fields=["intake"]), "deals", None)
    signals = [s for page in pages for s in page.signals if s.item == f"deals:{deal.id}"]
    assert of(signals) == [("intake", True), ("intake", False)]
    assert [s.account for s in signals if s.kind == "field"] == [None, None]
    assert "Ann" not in repr([s.detail for s in signals])
    assert pages[-1].cursor is not None
    assert pages[-1].cursor["fields"] == ["intake"]


def test_a_field_that_is_listed_later_has_the_past_read_again(company: Simulator) -> None:
    before = walk(connect_to(company, "hubspot"), "deals", None)[-1].cursor
    assert before is not None
    deal = max((r for r in company.world.records if r.type == "deals"), key=lambda r: r.modified)
    deal.properties["intake"] = "yes"
    pages = walk(connect_to(company, "hubspot", fields=["intake"]), "deals", before)
    assert ("intake", True) in of([s for page in pages for s in page.signals])


def test_jira_tells_the_status_by_its_name_and_when_a_custom_field_was_filled() -> None:
    user = {"accountId": "u1", "displayName": "Ann"}
    changed = [
        {"field": "status", "fieldtype": "jira", "from": "1", "to": "3", "toString": "In Review"},
        {"field": "Intake", "fieldtype": "custom", "fieldId": "customfield_1", "fromString": "", "toString": "done"},
        {"field": "Other", "fieldtype": "custom", "fieldId": "customfield_2", "fromString": "", "toString": "x"},
    ]
    history = {"id": "9", "created": "2026-07-02T12:00:00+00:00", "author": user, "items": changed}
    row = issue(creator=user, changelog=[history], customfield_3="from the start")
    names = {"customfield_1": "Intake", "customfield_3": "Budget"}
    _, signals, _ = parse_issue(row, {"1": "new", "3": "indeterminate"}, fields=names)
    assert [s.detail["name"] for s in signals if s.kind == "transition"] == ["In Review"]
    assert of(signals) == [("Budget", True), ("Intake", True)]
    assert [s.account for s in signals if s.kind == "field"] == ["u1", "u1"]


def test_a_record_is_named_by_its_address() -> None:
    said = "Won! https://app-eu1.hubspot.com/contacts/14/record/0-3/987 see PAY-12 and https://app.hubspot.com/contacts/1/ticket/5"
    assert set(issue_keys(said)) == {"PAY-12", "hubspot:deals:987", "hubspot:tickets:5"}
