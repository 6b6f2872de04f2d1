"""What a run leaves, to be compared with what another one left."""

import json
from typing import Any

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from benchmarks.chaos.company import OPS, REFUSED, Company
from models import Capacity, Drift, Effort, Person, Share, WorkItem

Result = dict[str, Any]


def result_of(engine: Engine, company: Company) -> Result:
    """What a run leaves, without row ids, which may be others."""
    person = select(Person.id, func.coalesce(Person.email, "")).subquery()
    with Session(engine) as session:
        names = dict(session.execute(select(person)).all())
        items = {
            id_: (s, e) for id_, s, e in session.execute(select(WorkItem.id, WorkItem.source, WorkItem.external_id))
        }
        drifts = list(session.scalars(select(Drift).order_by(Drift.kind, Drift.scope, Drift.subject, Drift.raised_on)))
        found: Result = {
            "effort": sorted(
                (e.day, names[e.person_id], items[e.work_item_id], e.person_days)
                for e in session.scalars(select(Effort))
            ),
            "capacity": sorted((c.day, names[c.person_id], c.expected) for c in session.scalars(select(Capacity))),
            "shares": sorted(
                (s.week, s.scope, s.objective, s.share, s.low, s.high, s.coverage, s.person_days)
                for s in session.scalars(select(Share))
            ),
            "drifts": [_told(d) for d in drifts],
        }
        known = {d.id for d in drifts}
    return found | _told_of(company, known)


def _told_of(company: Company, known: set[int]) -> Result:
    posts = company.posts()
    told = [(p["channel"], id_) for p in posts for id_ in p["metadata"]["event_payload"]["drifts"]]
    return {
        "posts": sorted((str(p["channel"]), str(p["text"])) for p in posts),
        "mails": company.mails.each_once(),
        "told twice": sorted({one for one in told if told.count(one) > 1}),
        "told of nothing": sorted({id_ for _, id_ in told} - known),
    }


def _told(d: Drift) -> tuple[Any, ...]:
    """What is said of a drift."""
    when = (d.raised_on, d.start, d.start_low, d.start_high)
    how_much = (d.before, d.after, d.low, d.high, json.dumps(d.absorbed_by))
    return (d.kind, d.scope, d.subject, d.state, d.severity, *when, *how_much, d.ended_on)


def without_the_dead(calm: Result) -> Result:
    """What is left of a calm run's result where a channel and a mailbox are dead: all that others get."""
    return calm | {
        "posts": [one for one in calm["posts"] if one[0] != OPS],
        "mails": [one for one in calm["mails"] if one[0] != REFUSED],
    }


def differences(one: Result, other: Result) -> list[str]:
    """What is not the same, in words."""
    found = []
    for name, value in one.items():
        if value != other[name]:
            few = [row for row in value if row not in other[name]][:3] if isinstance(value, list) else value
            more = [row for row in other[name] if row not in value][:3]
            found.append(f"{name}: {few} against {more}")
    return found
