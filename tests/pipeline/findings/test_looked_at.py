"""What is read of what happened is enough: findings tell what they tell where all of it is read."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from sqlalchemy.orm import Session, sessionmaker

from connectors.base import SignalKind, State
from models import Account, Membership, Person, Signal, WorkItem
from pipeline.findings import consensus, fog, placeholder
from pipeline.findings.found import Found, Inputs
from pipeline.findings.kind import HAPPENED
from pipeline.findings.kinds import KINDS
from pipeline.findings.lives import Life
from pipeline.findings.load_lives import load_lives
from pipeline.findings.thresholds import Thresholds
from pipeline.findings.work import Work
from pipeline.register.document import parse

LOW = Thresholds(fog=0.01, bulk=3, consensus=0.5, cycle=3)
KINDS_OF = {"jira": ("created", "edit", "transition", "review", "assignment"), "slack": ("message",)}


LAST = date(2026, 7, 5)
REGISTER = """
period: {name: Q3, start: 2026-07-01, end: 2026-09-30}
teams:
  - {key: t0, name: A, members: [a@x.example]}
  - {key: t1, name: B, members: [b@x.example]}
  - {key: t2, name: C, members: [c@x.example]}
objectives: [{key: O1, title: One, priority: 1, key_results: [{key: O1.1, title: One}]}]
"""


def given(lives: Sequence[Life]) -> Inputs:
    work = Work((date(2026, 6, 29),), ("t0",), ("O1.1",), *(np.zeros(1, dtype=np.int64),) * 4, np.ones((1, 2)))
    return Inputs(LAST, parse(REGISTER), work, {}, 1, LOW, lives=lives)


def company(rng: np.random.Generator, first: datetime, last: datetime) -> Iterator[object]:
    """Three teams, of which one person changed theirs, a program, strangers; tickets and threads that name each other."""
    for n in range(9):
        yield Person(id=n + 1, email=f"{n}@x.example", team=f"t{n % 3}", forgotten=n == 8)
    for n in range(9):
        yield Membership(person_id=n + 1, first=first.date(), team=f"t{n % 3}")
        for source in KINDS_OF:
            yield Account(source=source, external_id=f"p{n}", person_id=n + 1, bot=n == 7)
    when = [first + (last - first) * float(part) for part in np.sort(rng.random(600))]
    for n in range(160):
        source = "slack" if n % 3 == 0 else "jira"
        yield WorkItem(
            source=source,
            external_id=f"i{n}",
            key=f"K-{n}",
            kind="message" if source == "slack" else "task",
            container=f"c{n % 4}",
            text="Is it ready?" if n % 2 else "It is.",
            assignee=f"p{rng.integers(9)}" if rng.random() < 0.3 else None,
            mentions=[f"K-{rng.integers(170)}"] if rng.random() < 0.4 else [],
            automated=bool(rng.random() < 0.05),
            created_at=when[int(rng.integers(600))] if rng.random() < 0.7 else None,
        )
    for n, at in enumerate(when):
        item = int(rng.integers(165))
        source = "slack" if item % 3 == 0 else "jira"
        kind = str(rng.choice(KINDS_OF[source]))
        # Some act on tickets one after the other; few speak on each.
        who = f"p{rng.integers(9)}" if rng.random() < 0.5 else f"p{item % 7}"
        yield Signal(
            source=source,
            external_id=f"s{n}",
            item=f"i{item}",
            kind=kind,
            at=at if rng.random() < 0.7 else at.replace(hour=9, minute=n % 30),
            account=None if rng.random() < 0.03 else "stranger" if rng.random() < 0.03 else who,
            mentions=[f"K-{rng.integers(165)}"] if rng.random() < 0.1 else [],
            detail={"to": str(rng.choice([State.DONE, *[State.DOING] * 4]))} if kind == SignalKind.TRANSITION else {},
        )
    for n in range(24):  # closed in one go, four by four
        at, detail = last - timedelta(weeks=4 + n // 4, minutes=9 * n), {"to": State.DONE}
        name, item = f"g{n}", f"i{3 * int(rng.integers(50)) + 1}"
        yield Signal(
            source="jira", external_id=name, item=item, kind="transition", at=at, account=f"p{n // 4}", detail=detail
        )


@pytest.mark.parametrize("seed", range(2))
def test_findings_tell_what_they_tell_of_all_that_happened(
    sessions: sessionmaker[Session], seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # All of what a finding counts, however little that is.
    for module, name, value in (
        (fog, "ASKS", 1),
        (fog, "WAITING", 1),
        (consensus, "DECISIONS", 2),
        (placeholder, "SERVES", 0.0),
        (placeholder, "WORKED", 1.0),
    ):
        monkeypatch.setattr(module, name, value)
    last = datetime.combine(LAST, datetime.min.time(), UTC)
    with sessions.begin() as session:
        for one in company(np.random.default_rng(seed), last - timedelta(weeks=22), last + timedelta(days=3)):
            session.add(one)
            session.flush() if isinstance(one, Person) else None
        moved = session.get_one(Membership, (1, (last - timedelta(weeks=22)).date()))
        moved.last = (last - timedelta(weeks=9)).date()
        session.add(Membership(person_id=1, first=moved.last + timedelta(days=1), team="t2"))
    with sessions() as session:
        everything, some = load_lives(session, LAST), load_lives(session, LAST, LOW)
    by_item = {life.item: life for life in everything}
    for life in some:  # strangers' numbers are by who was met first
        assert replace(life, events=()) == replace(by_item[life.item], events=())
        assert [one._replace(person=max(-1, one.person)) for one in life.events] == [
            one._replace(person=max(-1, one.person)) for one in by_item[life.item].events
        ]
    assert len(some) < len(everything)
    for kind in sorted(HAPPENED):
        found, whole = (KINDS[kind].find(given(lives)) for lives in (some, everything))
        assert found == whole, kind
        assert kind != "placeholder" or (isinstance(found, list) and isinstance(found[0], Found))
    asked = [
        [(one.waiting.item, one.at, one.open) for one in fog._asks(given(lives), lives)] for lives in (some, everything)
    ]
    assert asked[0] == asked[1]
    assert asked[0]
    ended = [[one for life in lives if (one := consensus._decision(life, LAST))] for lives in (some, everything)]
    assert [(one.item, one.days, one.team) for one in ended[0]] == [(one.item, one.days, one.team) for one in ended[1]]
    assert len(ended[0]) > 10
