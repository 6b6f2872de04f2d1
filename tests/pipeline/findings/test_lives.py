"""Dependency fog, placeholder work and the consensus trap: told where they are, and not of what only looks like them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy.orm import Session, sessionmaker

from benchmarks.findings.cases import CLEAN, PLANTED
from connectors.base import SignalKind, State
from models import Account, Membership, Person, Signal, WorkItem
from pipeline.findings.found import Found, Inputs, Unjudged
from pipeline.findings.kinds import KINDS
from pipeline.findings.lives import PROGRAM, SAID, Event, Life, part
from pipeline.findings.load_lives import load_lives

AT = datetime(2026, 6, 1, 9, tzinfo=UTC)
LAST = date(2026, 7, 5)


@pytest.fixture(scope="module")
def quiet() -> Inputs:
    return CLEAN["fog"](0, "tasks")


@pytest.fixture(scope="module", params=["fog", "placeholder", "consensus"])
def planted(request: pytest.FixtureRequest) -> tuple[str, Inputs]:
    return request.param, PLANTED[request.param][1](0, "pool")


def look(kind: str, given: Inputs) -> list[Found]:
    found = KINDS[kind].find(given)
    assert not isinstance(found, Unjudged)
    return list(found)


def reason(kind: str, given: Inputs) -> str:
    found = KINDS[kind].find(given)
    assert isinstance(found, Unjudged)
    return found.because


def test_each_is_told_of_the_company_with_its_items(planted: tuple[str, Inputs]) -> None:
    kind, given = planted
    (one,) = [one for one in look(kind, given) if one.scope == "company"]
    assert one.since is not None
    assert one.items or one.values.get("few")


def test_none_is_told_where_only_the_usual_happens(quiet: Inputs) -> None:
    assert [look(kind, quiet) for kind in ("fog", "placeholder", "consensus")] == [[], [], []]


@pytest.mark.parametrize("kind", ["fog", "placeholder", "consensus"])
def test_where_nothing_is_known_it_cannot_be_judged(kind: str, quiet: Inputs) -> None:
    assert "nothing is known" in reason(kind, replace(quiet, lives=None))
    assert reason(kind, replace(quiet, lives=[]))


def test_a_few_decisions_are_not_compared(quiet: Inputs) -> None:
    assert quiet.lives is not None
    some = [life for life in quiet.lives if life.asks][:20]
    assert "15 are needed in each" in reason("consensus", replace(quiet, lives=some))


def test_few_decisions_of_very_different_length_are_not_called_fine(quiet: Inputs) -> None:
    assert quiet.lives is not None
    some = [life for life in quiet.lives if life.asks][-90:]
    spread = [
        replace(
            life,
            events=tuple(one._replace(at=life.made + (one.at - life.made) * (0.001, 1)[n % 2]) for one in life.events),
        )
        for n, life in enumerate(some)
    ]
    assert "would be a sure rise" in reason("consensus", replace(quiet, lives=spread))


def test_what_somebody_has_and_did_not_answer_is_not_listed() -> None:
    given = PLANTED["fog"][1](0, "tasks")
    assert given.lives is not None
    lives = {life.item: life for life in given.lives}
    asked = {name for life in given.lives for event in life.events for name in event.names}
    for one in look("fog", given):
        assert not [item for item in one.items if item in asked and lives[item].owned]


@pytest.mark.parametrize(("by", "told"), [(PROGRAM, True), (9, False)], ids=["a program", "a person"])
def test_what_a_program_closed_has_had_no_answer(by: int, told: bool) -> None:
    given = PLANTED["fog"][1](0, "tasks")
    closing = Event(datetime.combine(given.last, time(9), UTC), SignalKind.TRANSITION, by, "", (), State.DONE)
    lives = [
        replace(life, events=(*life.events, closing), state=State.DONE) if life.state == State.TODO else life
        for life in given.lives or ()
    ]
    assert bool(look("fog", replace(given, lives=lives))) is told


def test_of_what_is_out_of_sight_nobody_can_say_that_it_was_not_answered() -> None:
    given = PLANTED["fog"][1](0, "tasks")
    leaving = Event(datetime.combine(given.last, time(9), UTC), SignalKind.TRANSITION, PROGRAM, "", (), State.LEFT)
    lives = [
        replace(life, events=(*life.events, leaving)) if life.state == State.TODO else life
        for life in given.lives or ()
    ]
    assert not look("fog", replace(given, lives=lives))


def test_a_program_takes_no_part_in_a_decision() -> None:
    given = PLANTED["consensus"][1](0, "pool")
    told = look("consensus", given)
    assert told
    lives = []
    for life in given.lives or ():
        said = [one for one in life.events if one.kind in SAID]
        bots = [one._replace(person=PROGRAM, team="", at=one.at - timedelta(seconds=1)) for one in said]
        lives.append(replace(life, events=tuple(sorted([*life.events, *bots], key=lambda one: one.at))))
    assert [one.values for one in look("consensus", replace(given, lives=lives))] == [one.values for one in told]


def hollow(
    given: Inputs,
    *,
    gap: float = 60,
    age: int = 0,
    serves: float = 0.7,
    worked: int = 0,
    kind: str = "created",
    person: int = 3,
) -> list[Found]:
    """What is found where one account did something to twenty tickets, `gap` seconds apart, of which some are worked on."""
    lives = []
    for n in range(20):
        at = AT + timedelta(seconds=gap * n)
        events = [Event(at, kind, person, "t0", (), State.DONE if kind == SignalKind.TRANSITION else "")]
        if n < worked:
            events.append(Event(at + timedelta(days=2), SignalKind.COMMENT, 4, "t0"))
        made = at - timedelta(days=age)
        lives.append(Life(n + 1, "t0", made, tuple(events), stated=True, serves=serves, automated=person < 0))
    return look("placeholder", replace(given, lives=lives))


def test_tickets_in_bulk_without_work_are_told_and_never_by_whom(quiet: Inputs) -> None:
    (one,) = hollow(quiet)
    assert (one.scope, one.subject, one.values["count"], one.values["few"]) == ("company", "", 20, 1)
    assert one.items == (), "a list of what one account made would point at whose it is"
    assert one.values["week"] == "day:2026-06-01"
    assert hollow(quiet, kind=SignalKind.EDIT)
    assert hollow(quiet, kind=SignalKind.TRANSITION, age=3)


@pytest.mark.parametrize(
    "told",
    [
        lambda given: hollow(given, gap=1),
        lambda given: hollow(given, kind=SignalKind.TRANSITION, age=200),
        lambda given: hollow(given, worked=12),
        lambda given: hollow(given, serves=0.1),
        lambda given: hollow(given, person=-1),
        lambda given: hollow(given, gap=4000),
    ],
    ids=["a program", "a clean-up", "a plan", "of no key result", "a bot", "a quiet day"],
)
def test_what_looks_like_placeholders_and_is_none_is_not_told(
    quiet: Inputs, told: Callable[[Inputs], list[Found]]
) -> None:
    assert told(quiet) == []


def test_a_part_of_few_is_unsure() -> None:
    few, many = part(3, 5), part(300, 500)
    assert few.low < many.low < 0.6 < many.high < few.high
    assert part(0, 0).high == 1


def test_lives_are_read_with_teams_states_and_who_names_whom(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        for n, team in ((1, "app"), (2, "ops")):
            session.add(Person(id=n, email=f"{n}@x.example", team=team))
            session.flush()
            session.add(Membership(person_id=n, first=date(2026, 1, 1), team=team))
            session.add(Account(source="jira", external_id=f"j{n}", person_id=n))
        session.add(Account(source="slack", external_id="s1", person_id=1))
        asked = WorkItem(source="jira", external_id="1", key="OPS-1", kind="task", container="OPS", created_at=AT)
        thread = WorkItem(
            source="slack", external_id="C:1", kind="message", container="#app", text="Can we have OPS-1?"
        )
        thread.created_at = AT
        session.add_all([asked, thread])

        def said(source: str, item: str, kind: str, account: str | None, **more: object) -> None:
            name = f"{item}{kind}{account}"
            session.add(Signal(source=source, external_id=name, item=item, kind=kind, at=AT, account=account, **more))

        said("jira", "1", "created", "j2", detail={"state": "new"})
        said("slack", "C:1", "message", "s1", mentions=["OPS-1"])
        said("slack", "C:1", "message", "unknown")
        said("jira", "2", "created", "j2")  # of an issue whose first state nobody knows
        said("jira", "1", "transition", None, detail={"to": "left"})  # which is no state
    with sessions() as session:
        first, second = load_lives(session, LAST)
        assert load_lives(session, LAST + timedelta(weeks=30)) == []
    assert (first.team, first.owned, first.stated, first.state, first.asks) == ("ops", False, True, "new", False)
    assert (second.team, second.stated, second.asks) == ("app", False, True)
    assert [(event.person > 0, event.team, event.names) for event in second.events] == [
        (True, "app", (first.item,)),
        (False, "", ()),
    ]
