"""HubSpot through its own client, against the simulator."""

from datetime import timedelta
from types import SimpleNamespace
from typing import cast

import pytest

from connectors.base import CredentialError, Page, RateLimited, ScopeError
from connectors.hubspot import HubSpotConnector
from connectors.hubspot.parse import parse_engagement
from simulator.api import hubspot as api
from simulator.server import Simulator
from simulator.world import Record
from tests.conftest import LONG_AGO, connect_to, walk


def connect(company: Simulator, **changes: object) -> HubSpotConnector:
    return cast(HubSpotConnector, connect_to(company, "hubspot", **changes))


def pull(connector: HubSpotConnector, stream: str, cursor: object = None) -> list[Page]:
    return walk(connector, stream, cursor)  # type: ignore[arg-type]


def test_every_record_arrives_once(company: Simulator) -> None:
    connector = connect(company)
    for stream in ("deals", "tickets", "calls", "emails"):
        pages = pull(connector, stream)
        names = {s.external_id.split(":")[1] for p in pages for s in p.signals}
        assert names == {str(r.id) for r in company.world.records if r.type == stream}, stream


def test_calls_and_meetings_hang_on_their_deal_with_their_hours(company: Simulator) -> None:
    signals = [s for p in pull(connect(company), "calls") for s in p.signals]
    assert all(s.item.startswith("deals:") for s in signals)
    assert all(s.hours and 0 < s.hours < 2 for s in signals)


def test_more_than_the_cap_of_one_query_many_in_the_same_millisecond(
    company: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "_CAP", 1_000)
    at = max(r.modified for r in company.world.records)
    first = 900_000
    for n in range(1_300):
        deal = next(r for r in company.world.records if r.type == "deals")
        record = Record("notes", first + n, {"hs_note_body": f"<p>{n}</p>"}, at, at, links=[("deals", deal.id)])
        company.world.records.append(record)
    found = [s.external_id for p in pull(connect(company), "notes") for s in p.signals]
    assert len(found) == len(set(found)) == sum(r.type == "notes" for r in company.world.records)


def test_what_changes_while_walking_is_seen_by_the_next_pull(company: Simulator) -> None:
    connector = connect(company)
    notes = sorted((r for r in company.world.records if r.type == "notes"), key=lambda r: r.id)
    latest = max(r.modified for r in notes)
    cursor = pull(connector, "notes")[-1].cursor
    notes[0].properties["hs_note_body"] = "<p>edited</p>"
    notes[0].modified = latest + timedelta(minutes=1)
    again = [s for p in pull(connector, "notes", cursor) for s in p.signals]
    assert "edited" in [s.text for s in again]


def test_a_pull_resumes_in_the_middle(company: Simulator) -> None:
    at = max(r.modified for r in company.world.records)
    for n in range(500):
        deal = next(r for r in company.world.records if r.type == "deals")
        record = Record("notes", 800_000 + n, {"hs_note_body": f"{n}"}, at, at, links=[("deals", deal.id)])
        company.world.records.append(record)
    pages = pull(connect(company), "notes")
    assert len(pages) > 2
    rest = pull(connect(company), "notes", pages[0].cursor)
    ids = [s.external_id for p in [pages[0], *rest] for s in p.signals]
    assert sorted(ids) == sorted(s.external_id for p in pages for s in p.signals)


def test_only_listed_pipelines_are_read(company: Simulator) -> None:
    pages = pull(connect(company, pipelines=["Iberia"]), "deals")
    assert {i.container for p in pages for i in p.items} <= {"Iberia"}


def test_a_missing_scope_is_named(company: Simulator) -> None:
    company.config.hubspot_scopes -= {"tickets"}
    connector = connect(company)
    with pytest.raises(ScopeError, match="tickets"):
        pull(connector, "tickets")
    failed = [row for row in connector.check(LONG_AGO) if not row.ok]
    assert "scope tickets" in [row.name for row in failed]


def test_a_wrong_token_is_said_without_showing_it(company: Simulator) -> None:
    with pytest.raises(CredentialError) as caught:
        pull(connect(company, token="pat-sekret"), "owners")
    assert "sekret" not in str(caught.value)


def test_a_meeting_is_time_of_everybody_who_was_there() -> None:
    record = {
        "id": "5",
        "properties": {
            "hs_meeting_title": "Kick-off",
            "hs_timestamp": "2026-07-01T10:00:00Z",
            "hubspot_owner_id": "1",
            "hs_attendee_owner_ids": "1;2;3",
            "hs_meeting_start_time": "2026-07-01T10:00:00Z",
            "hs_meeting_end_time": "2026-07-01T11:30:00Z",
            "hs_meeting_outcome": "COMPLETED",
        },
    }
    _, signals = parse_engagement(record, "meetings", "deals:9")
    assert [(s.account, s.hours) for s in signals] == [("1", 1.5), ("2", 1.5), ("3", 1.5)]
    assert len({s.external_id for s in signals}) == 3


def test_a_mail_from_the_customer_is_nobodys_work_here() -> None:
    record = {
        "id": "6",
        "properties": {
            "hs_email_subject": "Hi",
            "hs_email_text": "please call",
            "hs_timestamp": "1751364000000",
            "hs_email_direction": "INCOMING_EMAIL",
            "hubspot_owner_id": "1",
        },
    }
    _, signals = parse_engagement(record, "emails", "tickets:1")
    assert signals[0].account is None


def test_a_stage_that_was_entered_in_no_believable_year_costs_that_stage_and_no_deal_mautic_8569(
    company: Simulator,
) -> None:
    connector = connect(company)
    deal = next(r for r in company.world.records if r.type == "deals")
    entered = [name for name in deal.properties if name.startswith("hs_v2_date_entered_")]
    before = {s.external_id for p in pull(connector, "deals") for s in p.signals if s.item == f"deals:{deal.id}"}
    deal.properties[entered[0]] = "7473-12-17T00:00:00Z"
    pages = pull(connect(company), "deals")
    after = {s.external_id for p in pages for s in p.signals if s.item == f"deals:{deal.id}"}
    assert after < before
    assert len(before - after) == 1
    assert [(one.external_id, "7473" in one.reason) for p in pages for one in p.failures] == [(str(deal.id), True)]


def test_a_days_requests_that_are_used_up_are_said_as_that_nango_4046(company: Simulator) -> None:
    body = '{"status": "error", "message": "You have reached your daily limit.", "policyName": "DAILY"}'
    told = connect(company).client._error(SimpleNamespace(status=429, body=body, headers={}))
    assert not isinstance(told, RateLimited)
    assert "daily" in str(told)
