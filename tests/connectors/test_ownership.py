"""Whose a deal was when: who gets a colleague's deals does not get the work that was done on them before."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from connectors import base
from models import Signal
from simulator.crm import owner_id
from simulator.server import Simulator
from simulator.world import Record
from tests.conftest import connect_to, walk
from tests.connectors.few import Puller

ANN, BEN = owner_id(1), owner_id(2)
DAY = timedelta(days=1)


def signals_of(company: Simulator, record: Record) -> list[base.Signal]:
    pages = walk(connect_to(company, "hubspot"), record.type, None)
    return [s for page in pages for s in page.signals if s.item == f"{record.type}:{record.id}"]


def given(record: Record, *owners: tuple[timedelta, str]) -> None:
    """Give it these owners, at these times after it was created; the last one is today's."""
    record.histories["hubspot_owner_id"] = [(record.created + after, owner) for after, owner in owners]
    record.properties["hubspot_owner_id"] = owners[-1][1]


@pytest.mark.parametrize("type_", ["deals", "tickets"])
def test_what_happened_before_a_record_changed_hands_is_who_had_it_then(company: Simulator, type_: str) -> None:
    record = max((r for r in company.world.records if r.type == type_), key=lambda r: r.modified - r.created)
    given(record, (timedelta(seconds=2), ANN), (max(DAY, record.modified - record.created + DAY), BEN))
    found = signals_of(company, record)
    assert len(found) > 1
    assert {s.account for s in found} == {ANN}


def test_what_happens_since_is_the_new_owners(company: Simulator) -> None:
    record = max((r for r in company.world.records if r.type == "deals"), key=lambda r: r.modified - r.created)
    given(record, (timedelta(0), ANN), (timedelta(hours=1), BEN))
    owners = {s.kind: s.account for s in signals_of(company, record) if s.at > record.created + timedelta(hours=1)}
    assert owners
    assert set(owners.values()) == {BEN}


def test_a_record_that_had_no_owner_was_nobodys_work(company: Simulator) -> None:
    """A form creates a deal, and a rule gives it to somebody two days later."""
    record = next(r for r in company.world.records if r.type == "deals")
    given(record, (2 * DAY, ANN))
    assert {s.account for s in signals_of(company, record) if s.kind == "created"} == {None}


def test_a_hundred_deals_that_change_hands_at_once_cost_two_requests(company: Simulator) -> None:
    deals = [r for r in company.world.records if r.type == "deals"][:100]
    before: dict[str, Any] = {}
    for number in range(2):
        company.hubspot.requests = 0
        walk(connect_to(company, "hubspot"), "deals", None)
        before[str(number)] = company.hubspot.requests
        for record in deals:
            given(record, (timedelta(0), ANN), (DAY, BEN))
    assert before["1"] - before["0"] <= -(-len(deals) // 50) + 2


def test_a_deal_that_moved_back_entered_its_stage_twice_tap_hubspot_118(few: Simulator, tmp_path: Path) -> None:
    """HubSpot keeps only the last time; what was seen before happened all the same, but for a time that is put right."""
    puller = Puller(few, tmp_path)
    deal = next(r for r in few.world.records if r.type == "deals")
    name = next(name for name in deal.properties if name.startswith("hs_v2_date_entered_"))
    first = datetime.fromisoformat(deal.properties[name])
    puller.pull("hubspot")
    for number, at in enumerate((first + 20 * DAY, first + 20 * DAY + timedelta(hours=1)), 1):
        deal.properties[name] = at.isoformat()
        deal.modified = max(r.modified for r in few.world.records) + number * timedelta(minutes=1)
        puller.pull("hubspot")
    with puller.sessions() as session:
        stage = f"deals:{deal.id}:stage:{name.removeprefix('hs_v2_date_entered_')}:"
        query = select(Signal.at).where(Signal.external_id.startswith(stage)).order_by(Signal.at)
        assert list(session.scalars(query)) == [first, first + 20 * DAY + timedelta(hours=1)]
