"""A database with hand-offs of deals as the connectors store them: eight people of operations answer, most of the time."""

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from models import Account, Effort, Person, Signal, WorkItem

FIRST, WEEKS = date(2026, 1, 5), 26
NOW = datetime(2026, 7, 6, 4, tzinfo=UTC)
"""The Monday after the last week."""
REGISTER = """\
company: Acme
period: {name: 2026, start: 2026-01-01, end: 2026-12-31}
calendar: {time_zone: UTC}
teams:
  - {key: ops, name: Operations, lead: lead@x.example, members: [p0@x.example, p1@x.example, p2@x.example, p3@x.example,
     p4@x.example, p5@x.example, p6@x.example, p7@x.example]}
  - {key: duo, name: Two, members: [q0@x.example, q1@x.example]}
objectives: [{key: O1, title: Customers start well, priority: 1, key_results: [{key: O1.1, title: Kick-offs in time}]}]
steps:
  - key: handover
    title: From a won deal to the kick-off
    team: ops
    case: {source: hubspot, kind: deal, container: Sales}
    begin: {stage: Closed won}
    path:
      - {key: intake, title: "=Intake [filled]", field: intake, within: 1 working day}
      - {key: seen, title: Acknowledged by operations, happens: reply, by: ops, within: 24 working hours, from: begin}
    end: {stage: Live}
    except: [{item: "deals:3", because: it was a test}]
"""


def fill(session: Session, *, softens_from: int = WEEKS, by_load: bool = False, people: int = 8, seed: int = 3) -> None:
    """Deals of WEEKS weeks; acknowledged in 92 of 100 cases, from a week on in 50, or in 50 on days with many deals."""
    chance = random.Random(seed)
    for n in range(people):
        session.add(Person(id=n + 1, email=f"p{n}@x.example", team="ops"))
        session.flush()
        session.add(Account(source="hubspot", external_id=f"o{n}", person_id=n + 1))
    session.add(WorkItem(id=1, source="made", external_id="work", kind="task", container="X"))
    session.flush()
    number = 0
    efforts: list[dict[str, Any]] = []
    items: list[dict[str, Any]] = []
    signals: list[dict[str, Any]] = []
    for week in range(WEEKS):
        for n in range(people):
            day = FIRST + timedelta(weeks=week, days=n % 5)
            efforts.append({"day": day, "person_id": n + 1, "work_item_id": 1, "person_days": 1.0})
        for weekday in range(5):
            full = weekday in (1, 3)
            for _ in range(9 if full else 3):
                number += 1
                slips = 0.5 if week >= softens_from or (by_load and full) else 0.08
                day = FIRST + timedelta(weeks=week, days=weekday)
                items.append(_deal(number, day, chance, slips, people, signals))
    for table, rows in ((Effort, efforts), (WorkItem, items), (Signal, signals)):
        session.execute(insert(table), rows)
    session.commit()


def _deal(
    number: int, day: date, chance: random.Random, slips: float, people: int, signals: list[dict[str, Any]]
) -> dict[str, Any]:
    at = datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=9, minutes=chance.randrange(400))
    id_, owner = f"deals:{number}", f"o{number % people}"
    late = chance.random() < slips
    rows = [
        ("stage", at, owner, {"to": "Closed won", "closed": True}),
        ("field", at + timedelta(hours=1), None, {"field": "intake", "filled": True}),
        ("note", at + timedelta(days=8 if late else 1, hours=1), owner, {}),
        ("stage", at + timedelta(days=20 if late else 9, hours=chance.randrange(48)), owner, {"to": "Live"}),
    ]
    names = ("kind", "at", "account", "detail")
    signals += [
        {"source": "hubspot", "external_id": f"{id_}:{n}", "item": id_, **dict(zip(names, row, strict=True))}
        for n, row in enumerate(rows)
        if row[1] < NOW
    ]
    given = {"source": "hubspot", "external_id": id_, "kind": "deal", "container": "Sales"}
    return given | {"created_at": at, "title": "Secret"}
