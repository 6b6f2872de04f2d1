"""What happens to an organisation is no drift: not in `leeway detect`, not in a database, not after a new register.

And a fall that is planted on top is found in each.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import yaml
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from models import Capacity, Drift, Effort, Match, Person, RegisterVersion, WorkItem, upsert
from pipeline.drift.detector import Detector, DriftSettings
from pipeline.drift.stage import detect_drift
from pipeline.offline.detect import read_effort, read_periods
from pipeline.people.identity import resolve
from pipeline.register.document import Register, parse
from pipeline.register.versions import load_register
from pipeline.share.stage import weekly_shares
from tests.conftest import lite as engine  # noqa: F401 - the fixture of that name, here
from tests.pipeline.drift.test_turnover import BUILDERS, DAYS, EVENT, company

PEOPLE, MOVED, FELL = 2 * BUILDERS, 4, EVENT + 3
LONG_AGO = date(2024, 12, 1)


@dataclass
class Acme:
    """Effort (on the plan, off it) by person and day, and each person's teams since a day's number."""

    days: list[date]
    effort: NDArray[np.float64]
    teams: list[list[tuple[str, int]]] = field(default_factory=list)
    end: date = date(2025, 12, 31)

    def team(self, person: int, day: int) -> str:
        return next(team for team, since in reversed(self.teams[person]) if since <= day)


def made(seed: int) -> Acme:
    days, names, effort = company(seed, spare=6)
    joins = [0] * PEOPLE + [EVENT] * 6
    return Acme(days, effort, [[(team, since)] for team, since in zip(names, joins, strict=True)])


def nothing(acme: Acme) -> None:
    """As it was."""


def all_leave(acme: Acme) -> None:
    acme.effort[:, :BUILDERS, EVENT:] = 0


def on_leave(acme: Acme) -> None:
    acme.effort[:, : BUILDERS // 2, EVENT : EVENT + 20] = 0


def hired(acme: Acme) -> None:
    acme.effort[1, PEOPLE:, EVENT:] = 1


def moved(acme: Acme) -> None:
    """Four each way; they do what their new team does."""
    there, back = slice(0, MOVED), slice(BUILDERS, BUILDERS + MOVED)
    here = acme.effort[:, there, EVENT:].copy()
    acme.effort[:, there, EVENT:] = acme.effort[:, back, EVENT:]
    acme.effort[:, back, EVENT:] = here
    for person in range(MOVED):
        acme.teams[person].append(("support", EVENT))
        acme.teams[BUILDERS + person].append(("build", EVENT))


def renamed(acme: Acme) -> None:
    """Both teams have other keys; nobody went anywhere."""
    for person in range(PEOPLE):
        acme.teams[person].append(("make" if person < BUILDERS else "help", EVENT))


def all_reorganised(acme: Acme) -> None:
    """New teams for all: a team of some days has no history that says how it usually is."""
    for person in range(PEOPLE):
        acme.teams[person].append((("red", "green", "blue")[person % 3], EVENT))


def plan_ends(acme: Acme) -> None:
    acme.end = acme.days[EVENT + 1]
    acme.effort[:, :BUILDERS, EVENT:] = acme.effort[::-1, :BUILDERS, EVENT:]


def falls(acme: Acme) -> None:
    lost = 0.4 * acme.effort[0, :, FELL:]
    acme.effort[0, :, FELL:] -= lost
    acme.effort[1, :, FELL:] += lost


def in_files(acme: Acme, folder: Path, _: sessionmaker[Session]) -> set[tuple[str, str]]:
    rows = [
        f"{acme.days[d]},p{p},{acme.team(p, d)},jira,{'' if k else 'O1'},{acme.effort[k, p, d]}"
        for k, p, d in np.argwhere(acme.effort > 0)
    ]
    (folder / "effort.csv").write_text("date,person,team,source,objective,person_days\n" + "\n".join(rows) + "\n")
    after = acme.end + timedelta(days=1)
    (folder / "periods.yaml").write_text(f"- {{start: {acme.days[0]}, end: {after}, priority: {{O1: 1}}}}\n")
    detector = Detector(read_effort(folder / "effort.csv"), read_periods(folder / "periods.yaml"))
    found = {(event.kind, event.scope) for event in detector.run()}
    assert not detector.failed
    return found


def register(acme: Acme, *, dated: bool, today: int = DAYS) -> str:
    """Of a day: with `from` and `to` for all days, or as the teams are then."""
    members: dict[str, list[object]] = {team: [] for team in sorted({team for some in acme.teams for team, _ in some})}
    for p, stays in enumerate(acme.teams):
        here = [(n, stay) for n, stay in enumerate(stays) if stay[1] <= today]
        for n, (team, since) in here if dated else here[-1:]:
            row: dict[str, object] = {"email": f"p{p}@x.example"}
            if dated and since:
                row["from"] = acme.days[since]
            if dated and n + 1 < len(stays):
                row["to"] = acme.days[stays[n + 1][1]] - timedelta(days=1)
            members[team].append(row)
    return str(
        yaml.safe_dump(
            {
                "period": {"name": "P", "start": acme.days[0], "end": acme.end},
                "teams": [{"key": team, "name": team, "members": rows} for team, rows in members.items()],
                "objectives": [
                    {
                        "key": "O1",
                        "title": "Build it",
                        "priority": 1,
                        "key_results": [{"key": "O1.1", "title": "Built"}],
                    }
                ],
            }
        )
    )


def load(sessions: sessionmaker[Session], text: str, at: date) -> Register:
    with sessions.begin() as session:
        version, _ = load_register(session, parse(text), text)
        session.get_one(RegisterVersion, version).loaded_at = datetime(at.year, at.month, at.day, tzinfo=UTC)
        session.flush()
        resolve(session, parse(text), today=at)
    return parse(text)


def fill(sessions: sessionmaker[Session], acme: Acme) -> None:
    with sessions.begin() as session:
        for id_ in (1, 2):
            item = {"source": "jira", "external_id": str(id_), "kind": "task", "container": "c"}
            session.add(WorkItem(id=id_, labels=[], mentions=[], **item))
        for p in range(len(acme.teams)):
            session.add(Person(id=p + 1, email=f"p{p}@x.example"))
        session.flush()
        rows = [
            {"day": acme.days[d], "person_id": int(p) + 1, "work_item_id": int(k) + 1, "person_days": float(days)}
            for (k, p, d), days in zip(np.argwhere(acme.effort > 0), acme.effort[acme.effort > 0], strict=True)
        ]
        upsert(session, Effort, rows, ("day", "person_id", "work_item_id"))
        there = acme.effort.sum((0, 1))
        expected = [{"day": day, "person_id": 1, "expected": float(there[d])} for d, day in enumerate(acme.days)]
        upsert(session, Capacity, expected, ("day", "person_id"))


def detected(sessions: sessionmaker[Session], now: Register, last: date) -> set[tuple[str, str]]:
    with sessions.begin() as session:
        version = session.scalars(select(RegisterVersion.id).order_by(RegisterVersion.id.desc())).first()
        for id_ in (1, 2):
            belief = {"O1.1": 1.0} if id_ == 1 else {}
            session.merge(Match(work_item_id=id_, version_id=version, probabilities=belief, evidence=[]))
    weekly_shares(sessions, now, 5)
    detect_drift(sessions, now, last, DriftSettings(), "none")
    with sessions() as session:
        return {(row.kind, row.scope) for row in session.scalars(select(Drift))}


def in_a_database(acme: Acme, _: Path, sessions: sessionmaker[Session]) -> set[tuple[str, str]]:
    fill(sessions, acme)
    now = load(sessions, register(acme, dated=True), LONG_AGO)
    first = detected(sessions, now, acme.days[EVENT + 15])
    found = detected(sessions, now, acme.days[-1])
    assert first <= found
    assert detected(sessions, now, acme.days[-1]) == found
    return found


def after_a_new_register(acme: Acme, _: Path, sessions: sessionmaker[Session]) -> set[tuple[str, str]]:
    """The register of before until the event; then one as the teams are since."""
    fill(sessions, acme)
    before = load(sessions, register(acme, dated=False, today=EVENT - 1), LONG_AGO)
    first = detected(sessions, before, acme.days[EVENT - 1])
    now = load(sessions, register(acme, dated=False), acme.days[EVENT])
    assert detected(sessions, now, acme.days[EVENT - 1]) == first  # it changes nothing before it
    return detected(sessions, now, acme.days[-1])


WAYS = [in_files, in_a_database, after_a_new_register]
Way = Callable[[Acme, Path, sessionmaker[Session]], set[tuple[str, str]]]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("happens", [all_leave, on_leave, hired, moved, plan_ends])
def test_nothing_that_happens_to_the_organisation_is_drift(
    way: Way, happens: Callable[[Acme], None], tmp_path: Path, sessions: sessionmaker[Session]
) -> None:
    acme = made(seed=1)
    happens(acme)
    found = way(acme, tmp_path, sessions)
    assert not [one for one in found if one[0] == "drift"]
    assert (("data", "build") in found) == (happens is all_leave)
    assert (("mix", "company") in found) == (happens in (all_leave, on_leave, hired))
    assert (("plan", "company") in found) == (happens is plan_ends and way is not in_files)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("happens", [nothing, on_leave, hired, moved])
def test_a_fall_that_comes_with_it_is_found(
    way: Way, happens: Callable[[Acme], None], tmp_path: Path, sessions: sessionmaker[Session]
) -> None:
    acme = made(seed=2)
    happens(acme)
    falls(acme)
    assert ("drift", "company") in way(acme, tmp_path, sessions)


def test_a_fall_is_found_where_a_new_register_calls_every_team_otherwise(
    tmp_path: Path, sessions: sessionmaker[Session]
) -> None:
    acme = made(seed=2)
    renamed(acme)
    falls(acme)
    assert ("drift", "company") in after_a_new_register(acme, tmp_path, sessions)


@pytest.mark.parametrize("way", WAYS)
def test_a_team_of_some_days_does_not_fall_below_its_first_days(
    way: Way, tmp_path: Path, sessions: sessionmaker[Session]
) -> None:
    seeds = [5, 9] if way is in_files else [5]
    for seed in seeds:
        acme = made(seed)
        all_reorganised(acme)
        assert {one for one in way(acme, tmp_path, sessions) if one[0] != "mix"} == {
            ("data", "build"),
            ("data", "support"),
        }
