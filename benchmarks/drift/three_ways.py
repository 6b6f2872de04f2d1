"""Changes in an organisation, tested for false drift in three ways: `leeway detect` on files, a database, and a new register.

    python -m benchmarks.drift.three_ways [--runs 100] [--first 0] [--case NAME] [--jobs N]

Two teams of twelve, one that works on the plan and one that mostly does not, for 26 weeks; the change happens in the 19th. For
each way: the number of runs with any drift, of the company or a team; and the number in which a fall by two fifths of the work on
the plan (22 points), planted three days later, is found for the company.
"""

import argparse
import os
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache, partial
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

import migrations
from models import Capacity, Drift, Effort, Match, Person, RegisterVersion, WorkItem, connect, upsert
from pipeline.drift.detector import Detector, DriftSettings
from pipeline.drift.stage import detect_drift
from pipeline.offline.detect import read_effort, read_periods
from pipeline.people.identity import resolve
from pipeline.register.document import Register, parse
from pipeline.register.versions import load_register
from pipeline.share.stage import weekly_shares

DAYS, BUILDERS, EVENT = 130, 12, 90
"""Half of the people build what the plan asks for, half do not."""
PEOPLE, MOVED, FELL = 2 * BUILDERS, 4, EVENT + 3
LONG_AGO = date(2024, 12, 1)
Found = set[tuple[str, str]]
"""Kinds of what was found, and of which scope."""


def company(seed: int = 1, spare: int = 0) -> tuple[list[date], list[str], NDArray[np.float64]]:
    """Effort (on the plan, off it) of builders, supporters and `spare` idle rows; everybody has good and bad days."""
    rng = np.random.default_rng(seed)
    days = [date(2025, 1, 6) + timedelta(days=n) for n in range(DAYS * 2)]
    days = [day for day in days if day.weekday() < 5][:DAYS]
    people = 2 * BUILDERS
    own = np.where(np.arange(people) < BUILDERS, 0.9, 0.2)[:, None]
    on = np.clip(own + rng.normal(0, 0.15, (people, DAYS)), 0, 1)
    effort = np.concatenate([np.stack([on, 1 - on]), np.zeros((2, spare, DAYS))], 1)
    teams = ["build"] * BUILDERS + ["support"] * BUILDERS + ["support"] * spare
    return days, teams, effort


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


def in_files(acme: Acme, folder: Path, _: sessionmaker[Session]) -> Found:
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


def shared(sessions: sessionmaker[Session], now: Register) -> None:
    """Matches and shares under the register that was loaded last."""
    with sessions.begin() as session:
        version = session.scalars(select(RegisterVersion.id).order_by(RegisterVersion.id.desc())).first()
        for id_ in (1, 2):
            belief = {"O1.1": 1.0} if id_ == 1 else {}
            session.merge(Match(work_item_id=id_, version_id=version, probabilities=belief, evidence=[]))
    weekly_shares(sessions, now, 5)


def detected(sessions: sessionmaker[Session], now: Register, last: date) -> Found:
    """What is found up to a day; as in a cycle, shares are computed where a register was loaded, not for each look."""
    detect_drift(sessions, now, last, DriftSettings(), "none")
    with sessions() as session:
        return {(row.kind, row.scope) for row in session.scalars(select(Drift))}


def in_a_database(acme: Acme, _: Path, sessions: sessionmaker[Session]) -> Found:
    fill(sessions, acme)
    now = load(sessions, register(acme, dated=True), LONG_AGO)
    shared(sessions, now)
    first = detected(sessions, now, acme.days[EVENT + 15])
    found = detected(sessions, now, acme.days[-1])
    assert first <= found
    return found


def after_a_new_register(acme: Acme, _: Path, sessions: sessionmaker[Session]) -> Found:
    """The register of before until the event; then one as the teams are since."""
    fill(sessions, acme)
    before = load(sessions, register(acme, dated=False, today=EVENT - 1), LONG_AGO)
    shared(sessions, before)
    first = detected(sessions, before, acme.days[EVENT - 1])
    now = load(sessions, register(acme, dated=False), acme.days[EVENT])
    shared(sessions, now)
    assert detected(sessions, now, acme.days[EVENT - 1]) == first  # it changes nothing before it
    return detected(sessions, now, acme.days[-1])


HAPPENS: dict[str, Callable[[Acme], None]] = {
    one.__name__: one for one in (nothing, all_leave, on_leave, hired, moved, renamed, all_reorganised, plan_ends)
}
WITH_A_FALL = ("nothing", "on_leave", "hired", "moved", "renamed")
"""Where the people of before go on, so that a fall is one of the same people."""
Way = Callable[[Acme, Path, sessionmaker[Session]], Found]
WAYS: tuple[Way, ...] = (in_files, in_a_database, after_a_new_register)


@cache
def empty_database() -> bytes:
    """Made once a process: the migrations take as long as a week's detection."""
    with tempfile.TemporaryDirectory() as folder:
        engine = connect(f"sqlite:///{folder}/acme.db")
        migrations.upgrade(engine)
        engine.dispose()
        return (Path(folder) / "acme.db").read_bytes()


def one(happens: str, fell: bool, seed: int) -> list[Found]:
    """What each way finds in one organisation."""
    found = []
    for way in WAYS:
        acme = made(seed)
        HAPPENS[happens](acme)
        if fell:
            falls(acme)
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "acme.db").write_bytes(empty_database())
            engine = connect(f"sqlite:///{folder}/acme.db")
            found.append(way(acme, Path(folder), sessionmaker(engine)))
            engine.dispose()
    return found


def main() -> None:
    """Print a line a case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--case", action="append", choices=sorted(HAPPENS))
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    given = parser.parse_args()
    seeds = range(given.first, given.first + given.runs)
    with ProcessPoolExecutor(given.jobs) as pool:
        for name in given.case or HAPPENS:
            for fell in (False, True) if name in WITH_A_FALL else (False,):
                found = list(pool.map(partial(one, name, fell), seeds))
                looked_for = {("drift", "company")} if fell else None
                counts = [
                    sum(
                        bool(looked_for <= some if looked_for else any(kind == "drift" for kind, _ in some))
                        for some in way
                    )
                    for way in zip(*found, strict=True)
                ]
                what = "with a fall, found" if fell else "a drift"
                ways = ", ".join(f"{way.__name__} {n}" for way, n in zip(WAYS, counts, strict=True))
                print(f"{name:16} {given.runs} runs: {what}: {ways}", flush=True)


if __name__ == "__main__":
    main()
