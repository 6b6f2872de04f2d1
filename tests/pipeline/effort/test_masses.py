"""Weeks of a small company in which a program acts in people's names: what it touched is nobody's work, and no share moves."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session, sessionmaker

from connectors.base import SignalKind, State
from models import Effort, Signal, WorkItem
from pipeline.effort.masses import MANY, in_masses
from pipeline.effort.stage import estimate_effort
from pipeline.people import identity
from pipeline.register.document import parse
from pipeline.register.schema import Member, Team
from simulator.world import Issue
from tests.conftest import NOW
from tests.connectors.few import Puller, served
from tests.pipeline.effort.test_stage import LAST, MONDAY, REGISTER_TEXT, Company, noon

TUESDAY = MONDAY + timedelta(days=1)
PEOPLE = "abc"
ONE_BY_ONE, AT_ONCE = timedelta(minutes=3), timedelta(seconds=2)


class Week(Company):
    """Three people on a story each (the plan), and what a program does besides."""

    def __init__(self, sessions: sessionmaker[Session]) -> None:
        super().__init__(sessions)
        for name in PEOPLE:
            self.person(name, sources=("jira", "hubspot"))
            self.item(name, assignee=name)
            self.signal(name, name, noon(MONDAY) - timedelta(hours=2), "assignment", to=name)
            self.signal(name, name, noon(MONDAY) - timedelta(hours=1), "transition", to=State.DOING)
            for day in (0, 3, 8, 10):
                self.signal(name, name, noon(MONDAY + timedelta(days=day)))

    def many(
        self,
        kinds: Iterable[tuple[str, object]],
        who: str,
        at: datetime,
        apart: timedelta,
        count: int = 40,
        source: str = "jira",
        begin: dict[str, object] | None = None,
    ) -> list[str]:
        """Issues that nobody planned; `kinds` with where they lead ("*": to each person in turn) happen on each, `apart`."""
        names = [f"m{self.count + n}" for n in range(count)]
        rows: list[dict[str, object]] = []
        for n, name in enumerate(names):
            for kind, to in kinds:
                self.count += 1
                detail = {"to": PEOPLE[n % 3] if to == "*" else to} if to else {}
                if kind == SignalKind.CREATED and begin:
                    detail = begin | {"assignee": PEOPLE[n % 3]}
                row = {"source": source, "external_id": str(self.count), "item": name, "kind": kind, "mentions": []}
                rows.append(
                    row
                    | {"at": at + n * apart + (apart and timedelta(milliseconds=123)), "account": who, "detail": detail}
                )
        item = {"source": source, "kind": "task", "container": "C", "labels": [], "mentions": []}
        with self.sessions.begin() as session:
            created = datetime(2026, 10, 1, 8, tzinfo=UTC)
            held = [{"external_id": n, "assignee": PEOPLE[i % 3], "created_at": created} for i, n in enumerate(names)]
            session.execute(insert(WorkItem), [item | one for one in held])
            session.execute(insert(Signal), rows)
        return names

    def planned(self) -> float:
        """The share of the three stories."""
        found = self.effort()
        return sum(days for (_, _, item), days in found.items() if item in PEOPLE) / sum(found.values())


@pytest.fixture
def week(sessions: sessionmaker[Session]) -> Week:
    return Week(sessions)


STARTED: tuple[tuple[str, object], ...] = (("assignment", "*"), ("transition", State.DOING))
MASSES: dict[str, dict[str, object]] = {
    "a rule that comments on all of them": {"kinds": [("comment", None)]},
    "all that is done closed at the end of a sprint": {"kinds": [("transition", State.DONE)]},
    "a rule that starts whatever the sprint holds": {"kinds": STARTED},
    "issues cloned": {"kinds": [("created", None)]},
    "tasks of HubSpot completed together": {"kinds": [("task", None)], "source": "hubspot"},
    "mails sent in one go": {"kinds": [("email", None)], "source": "hubspot"},
    "an import of issues in progress": {
        "kinds": [("created", None)],
        "begin": {"state": State.DOING},
    },
}


@pytest.mark.parametrize("mass", MASSES)
def test_what_a_program_does_in_somebodys_name_takes_no_day_from_what_they_work_on(week: Week, mass: str) -> None:
    week.many(who="a", at=noon(TUESDAY), apart=AT_ONCE, **MASSES[mass])  # type: ignore[arg-type]
    assert week.planned() > 0.99


@pytest.mark.parametrize("back", [1, 30])
def test_what_was_imported_with_its_own_dates_is_not_in_progress_since_then(week: Week, back: int) -> None:
    """The creator of each is who ran the import, however long ago it says that it was created."""
    begin = {"state": State.DOING}
    week.many([("created", None)], "z", noon(MONDAY - timedelta(days=back)), timedelta(hours=2), begin=begin)  # type: ignore[arg-type]
    assert week.planned() > 0.99


def test_what_somebody_does_one_after_the_other_is_their_work(week: Week) -> None:
    week.many([("comment", None)], "a", noon(TUESDAY), ONE_BY_ONE)
    assert week.planned() < 0.97


def test_what_a_program_put_in_progress_is_so_once_somebody_touches_it(week: Week) -> None:
    names = week.many(STARTED, "z", noon(MONDAY) - timedelta(hours=3), AT_ONCE)
    week.signal(names[0], "a", noon(date(2026, 10, 14)))
    week.signal(names[0], "a", noon(date(2026, 10, 15)))
    found = week.effort()
    held = {day for day, _, item in found if item == names[0]}
    assert date(2026, 10, 14) in held
    assert min(held) >= date(2026, 10, 7)  # a week before, as all that comes later reaches
    assert not {item for _, _, item in found} & {*names[1:]}


def test_closing_at_once_what_a_program_had_started_is_no_work_on_it_either(week: Week) -> None:
    names = week.many(STARTED, "z", noon(MONDAY) - timedelta(hours=3), AT_ONCE)
    with week.sessions.begin() as session:
        at = noon(date(2026, 10, 14))
        row = {"source": "jira", "kind": "transition", "account": "z", "mentions": [], "detail": {"to": State.DONE}}
        closed = [
            {"external_id": f"end {n}", "item": name, "at": at + (n + 1) * AT_ONCE} for n, name in enumerate(names)
        ]
        session.execute(insert(Signal), [row | one for one in closed])
    assert week.planned() > 0.99


def test_what_was_in_progress_stays_so_where_a_program_moves_it_on(week: Week) -> None:
    week.item("own", assignee="b")
    week.signal("own", "b", noon(MONDAY) - timedelta(hours=2), "assignment", to="b")
    week.signal("own", "b", noon(MONDAY) - timedelta(hours=1), "transition", to=State.DOING)
    before = week.effort()
    week.many([("transition", State.DOING)], "z", noon(TUESDAY), AT_ONCE)
    week.signal("own", "z", noon(TUESDAY) + AT_ONCE, "transition", to=State.DOING)
    held = {key: days for key, days in week.effort().items() if key[2] == "own"}
    assert held.keys() >= {key for key in before if key[2] == "own"}


def test_hours_count_however_many_are_written_down_at_once(week: Week) -> None:
    """A time tracker writes a whole week's worklogs within a second."""
    for n in range(MANY + 2):
        week.item(f"w{n}")
        week.signal(f"w{n}", "c", noon(LAST - timedelta(days=1)) + n * AT_ONCE, "worklog", hours=0.5)
    found = week.effort()
    assert sum(days for (_, _, item), days in found.items() if item.startswith("w")) > 0.5


@pytest.mark.parametrize("hour", [0, 6])
def test_notes_that_say_only_the_day_are_no_mass_dbt_hubspot_101(week: Week, hour: int) -> None:
    """An import dates all of a day's notes at midnight, in UTC or where the account is."""
    at = datetime(2026, 10, 6, hour, tzinfo=UTC)
    week.many([("note", None)], "a", at, timedelta(0), 2 * MANY, source="hubspot")
    assert week.planned() < 0.97


def test_an_import_into_jira_takes_nobodys_days_from_what_they_are_at(tmp_path: Path) -> None:
    """Over HTTP, as Jira says it: created and assigned in progress, by who ran it, in place of a history."""
    with served() as company:
        puller, world = Puller(company, tmp_path), company.world
        at, project = NOW - timedelta(days=3), world.issues[0].project
        members = tuple(Member(email=person.email) for person in world.people)
        register = parse(REGISTER_TEXT).model_copy(update={"teams": (Team(key="all", name="All", members=members),)})

        def effort() -> dict[str, float]:
            puller.pull("jira")
            with puller.sessions.begin() as session:
                identity.resolve(session, register)
            estimate_effort(puller.sessions, register, NOW.date())
            days = func.sum(Effort.person_days)
            query = select(WorkItem.external_id, days).join(Effort, Effort.work_item_id == WorkItem.id)
            with puller.sessions() as session:
                return dict(session.execute(query.group_by(WorkItem.external_id)).all())

        before = effort()
        for n in range(60):
            status, holder = "In Progress", world.people[n % 6].number
            made = at + timedelta(seconds=1.234 * (n + 1))
            world.issues.append(
                Issue(
                    990_000 + n, f"{project}-{9000 + n}", project, "Task", "Legacy", None, 5, made, None, holder, status
                )
            )
        after = effort()
    assert before
    assert after == pytest.approx(before)


def test_a_mass_is_of_one_account_and_of_many_items_within_a_minute() -> None:
    at = noon(MONDAY)
    alone = [("a", at + n * ONE_BY_ONE, n) for n in range(30)]
    one_item = [("b", at + n * AT_ONCE, 0) for n in range(30)]
    few = [("c", at + n * AT_ONCE, n) for n in range(MANY - 1)]
    all_of_them = [(str(n), at, n) for n in range(30)]
    mass = [("d", at + timedelta(hours=1) + (n + 1) * AT_ONCE, n) for n in range(200)]
    acts = [*alone, *one_item, *few, *all_of_them, *mass, ("d", at, 1)]
    assert {acts[place] for place in in_masses(acts)} == {*mass}
