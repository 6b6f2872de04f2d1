"""When somebody is expected to work is what the register said that held on the day."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from models import Capacity, Effort, Person, RegisterVersion
from pipeline.effort.capacity import load_capacity, made_up_days
from pipeline.effort.stage import _entries, _fingerprint, estimate_effort
from pipeline.people.identity import Directory, resolve
from pipeline.register.document import parse
from pipeline.register.membership import Teams
from pipeline.register.stays import Stay
from pipeline.register.versions import load_register
from tests.pipeline.effort.test_stage import LAST, MONDAY, REGISTER_TEXT, Company, noon

CHANGE = MONDAY + timedelta(days=7)
FULL = REGISTER_TEXT.replace("{email: c@x.example, part: 0.5}", "c@x.example")


def expected(sessions: sessionmaker[Session], *texts: str) -> dict[tuple[str, date], float]:
    """By person and day: of registers that were loaded a month before, and on the day of the change."""
    company = Company(sessions)
    for name in "abc":
        company.person(name)
        company.item(name, assignee=name)
        company.signal(name, name, noon(MONDAY), "assignment", to=name)
        company.signal(name, name, noon(MONDAY), "transition", to="indeterminate")
        for day in range(12):
            company.signal(name, name, noon(MONDAY + timedelta(days=day)))
    with sessions.begin() as session:
        for text, at in zip(texts, (CHANGE - timedelta(days=30), CHANGE), strict=False):
            version, _ = load_register(session, parse(text), text)
            session.get_one(RegisterVersion, version).loaded_at = datetime(at.year, at.month, at.day, 9, tzinfo=UTC)
            session.flush()
            resolve(session, parse(text), Directory({("jira", name): f"{name}@x.example" for name in "abc"}), CHANGE)
    estimate_effort(sessions, parse(texts[-1]), LAST)
    with sessions() as session:
        query = select(Person.email, Capacity.day, Capacity.expected).join(Person, Person.id == Capacity.person_id)
        return {(str(email)[0], day): amount for email, day, amount in session.execute(query)}


@pytest.mark.parametrize(
    ("old", "new", "who", "before", "after"),
    [
        ("c@x.example]", "{email: c@x.example, part: 0.5}]", "c", 1.0, 0.5),
        ("c@x.example]", "{email: c@x.example, days: [mon, tue]}]", "c", 1.0, None),
        ("a@x.example,", "{email: a@x.example, country: AE, part: 0.8},", "a", 1.0, 0.8),
        ("name: Core", "name: Core\n    weekend: [wed, thu, fri, sat]", "a", 1.0, None),
        ("country: DE", "country: DE, weekend: [thu, fri]", "a", 1.0, None),
        (", c@x.example]", "]", "c", 1.0, None),
    ],
)
def test_a_new_register_changes_no_day_before_it(
    sessions: sessionmaker[Session], old: str, new: str, who: str, before: float, after: float | None
) -> None:
    assert old in FULL
    found = expected(sessions, FULL, FULL.replace(old, new))
    thursday = timedelta(days=3)
    assert found[who, MONDAY + thursday] == before
    assert found.get((who, CHANGE + thursday)) == after


def test_who_goes_to_half_time_has_worked_whole_days_before(sessions: sessionmaker[Session]) -> None:
    expected(sessions, FULL, FULL.replace("c@x.example]", "{email: c@x.example, part: 0.5}]"))
    with sessions() as session:
        query = select(Effort.day, Effort.person_days).join(Person).where(Person.email == "c@x.example")
        worked = dict(session.execute(query).all())
    assert worked[MONDAY] > 0.6
    assert 0 < worked[CHANGE] <= 0.5


def test_a_closed_day_has_its_own_date(sessions: sessionmaker[Session]) -> None:
    found = expected(sessions, FULL, FULL.replace("country: DE", f"country: DE, closed: [{MONDAY}]"))
    assert ("a", MONDAY) not in found
    assert found["a", MONDAY + timedelta(days=1)] == 1.0


def test_a_day_that_all_work_half_of_is_half_a_day_urlaubsverwaltung_478(sessions: sessionmaker[Session]) -> None:
    """Said a week later, as a closed day may be: it has a date of its own."""
    half = FULL.replace("country: DE", f"country: DE, half_closed: [{MONDAY}]")
    found = expected(sessions, FULL, half.replace("c@x.example]", "{email: c@x.example, part: 0.8}]"))
    tuesday = MONDAY + timedelta(days=1)
    assert [found[who, day] for who in "ac" for day in (MONDAY, tuesday)] == [0.5, 1.0, 0.5, 1.0]
    with sessions() as session:
        assert _fingerprint(session, parse(half)) != _fingerprint(session, parse(FULL))
    assert repr(parse(FULL).calendar) == repr(parse(half).calendar)  # nothing is estimated anew where nobody says so


@pytest.mark.parametrize(
    ("calendar", "member", "works"),
    [
        ("country: DE", "{email: b@x.example, subdivision: BY}", False),
        ("country: DE, subdivision: BY", "{email: b@x.example, subdivision: BE}", True),
        ("country: DE, subdivision: BY", "b@x.example", False),
        ("country: DE, subdivision: BY", "{email: b@x.example, country: DE}", False),
        ("country: ES", "{email: b@x.example, country: DE, subdivision: BY}", False),
        ("country: ES", "{email: b@x.example, country: DE}", True),
    ],
)
def test_holidays_are_those_of_the_part_of_the_country_that_one_works_in_timeoff_519(
    calendar: str, member: str, works: bool
) -> None:
    text = FULL.replace("country: DE", calendar).replace("{email: b@x.example, country: ES}", member)
    corpus_christi, everybody = date(2026, 6, 4), {1: Person(id=1, email="b@x.example")}
    in_team = Teams({}, {1: [Stay("core", date.min)]})
    found = load_capacity([(date.min, parse(text))], everybody, in_team, corpus_christi, corpus_christi)
    assert bool(found) == works


def test_a_worked_saturday_is_a_day_of_whoever_works_in_that_country_vacanza_2196() -> None:
    registers = [parse(FULL), parse(FULL.replace("country: ES", "country: HU"))]
    made_up = [made_up_days([(date.min, one)], MONDAY) for one in registers]
    assert made_up == [[], ["HU 2026-01-10", "HU 2026-08-08", "HU 2026-12-12"]]
    people = {1: Person(id=1, email="b@x.example"), 2: Person(id=2, email="a@x.example")}
    stays = {id_: [Stay("core", date.min)] for id_ in people}
    saturday = date(2026, 12, 12)
    found = load_capacity([(date.min, registers[1])], people, Teams({}, stays), saturday, saturday)
    assert found == {(1, saturday): 1.0}


def test_the_first_register_holds_for_all_days_before_it_was_loaded(sessions: sessionmaker[Session]) -> None:
    found = expected(sessions, FULL.replace("c@x.example]", "{email: c@x.example, part: 0.5}]"))
    assert found["c", MONDAY] == 0.5


@pytest.mark.parametrize(("moved", "later"), [(False, False), (False, True), (True, True)])
def test_what_a_dated_entry_says_of_hours_holds_for_its_days_kimai_5643(
    sessions: sessionmaker[Session], moved: bool, later: bool
) -> None:
    began = MONDAY + timedelta(days=3)
    was = f"{{email: c@x.example, to: {began - timedelta(days=1)}}}"
    now = f"{{email: c@x.example, part: 0.5, from: {began}}}"
    dated = FULL.replace("c@x.example]", f"{was}]" if moved else f"{was}, {now}]")
    if moved:  # to another team, which stands first in the file
        dated = dated.replace("teams:", f"teams:\n  - {{key: new, name: New, members: [{now}]}}", 1)
    assert dated.count("c@x.example") == 2
    found = expected(sessions, *([FULL] if later else []), dated)
    assert [found["c", MONDAY + timedelta(days=n)] for n in range(5)] == [1.0, 1.0, 1.0, 0.5, 0.5]


FORTNIGHT = "days: [mon, tue, wed, thu, friday every 2 weeks from %s]"


@pytest.mark.parametrize(
    ("terms", "two_weeks"),
    [
        ("days: [mon, tue, wed, thu, half friday]", [1, 1, 1, 1, 0.5, 1, 1, 1, 1, 0.5]),
        ("part: 0.9, days: [mon, tue, wed, thu, half friday]", [1, 1, 1, 1, 0.5, 1, 1, 1, 1, 0.5]),
        ("part: 0.45, days: [mon, tue, wed, thu, half friday]", [0.5, 0.5, 0.5, 0.5, 0.25] * 2),
        (FORTNIGHT % (MONDAY + timedelta(days=4)), [1, 1, 1, 1, 1, 1, 1, 1, 1, None]),
        (FORTNIGHT % (MONDAY + timedelta(days=4 - 7 * 7)), [1, 1, 1, 1, None, 1, 1, 1, 1, 1]),
        (FORTNIGHT % (MONDAY + timedelta(days=4 + 7 * 9)), [1, 1, 1, 1, None, 1, 1, 1, 1, 1]),
        (
            f"days: [mon, half wednesday every 4 weeks from {MONDAY + timedelta(days=2)}]",
            [1, None, 0.5, None, None, 1, None, None, None, None],
        ),
    ],
)
def test_half_days_and_every_second_friday_are_days_of_their_own_odoo_167960_epas_185(
    terms: str, two_weeks: list[float | None]
) -> None:
    register = parse(FULL.replace("c@x.example]", f"{{email: c@x.example, {terms}}}]"))
    person, stay = {1: Person(id=1, email="c@x.example")}, Teams({}, {1: [Stay("core", date.min)]})
    days = [MONDAY + timedelta(days=n) for n in range(12) if n % 7 < 5]
    found = load_capacity([(date.min, register)], person, stay, days[0], days[-1])
    assert [found.get((1, day)) for day in days] == two_weeks


def test_effort_is_estimated_again_where_half_days_are_said_now_and_not_for_days_in_other_words() -> None:
    fixed = FULL.replace("c@x.example]", "{email: c@x.example, days: [mon, tue]}]")
    entries = [list(_entries(parse(text))) for text in (fixed, fixed.replace("mon,", "half mon,"))]
    assert entries[0] != entries[1]
    assert (0, 1) in entries[0][2]
