"""Compute weekly shares, and the daily sums that the detector reads, from effort and matches.

A week is recomputed when its effort or a match of its items changed, and stores everything that later stages need of its days, so
the cost of a cycle depends on the weeks that changed.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence, Set
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session, sessionmaker

from models import AuditDraw, Capacity, Chunk, DayWork, Effort, Label, Person, Share, upsert
from models.share import half_of
from models.vocabulary import AUDIT, COMPANY
from pipeline.effort.load import whole_since
from pipeline.effort.spent import Spent, load_spent
from pipeline.ingest.reach import read_back_to
from pipeline.match.told_by import told_by
from pipeline.queue import chunks, fingerprint
from pipeline.queue.rounding import DIGITS, all_rounded, rounded
from pipeline.register.answered import holds
from pipeline.register.document import Register
from pipeline.register.membership import Teams, load_teams
from pipeline.register.workdays import monday
from pipeline.share.audit import Drawn, correction
from pipeline.share.audit_store import load_answers, load_draws
from pipeline.share.company import answers
from pipeline.share.estimate import UNSEEN, Columns, ShareRow, in_top, shares_of, with_unseen
from pipeline.share.floor import shown
from pipeline.share.load import Matched, load_matched
from pipeline.share.undiluted import Usual, bounds, load_usual, settle

SHARE = "share"
_METHOD = 4
"""Version of the computation; when it increases, all weeks are computed again."""
WAITING = 0.05
"""A week has no share while more than this proportion of its work waits for its first encoding or match."""
_DRAWN = (
    select(AuditDraw.work_item_id)
    .join(Label, Label.work_item_id == AuditDraw.work_item_id)
    .where(Label.origin == AUDIT)
)


def weekly_shares(
    sessions: sessionmaker[Session], register: Register, least_people: int, unseen: float = UNSEEN
) -> int:
    """Compute all weeks again, in this process; return the number of weeks."""
    with sessions.begin() as session:
        fingerprint.forget(session, SHARE)
        plan(session, 0, least_people, unseen)
    weeks = chunks.take(
        sessions, SHARE, lambda session, chunk: run_chunk(session, chunk, register, least_people, unseen)
    )
    with sessions.begin() as session:
        settle(session, register)
    return weeks


def is_pending(session: Session, version: int, least_people: int, unseen: float) -> bool:
    """Return True if any week is queued, or an input of all weeks changed."""
    return chunks.left(session, SHARE) or fingerprint.differs(
        session, SHARE, _fingerprint(session, version, least_people, unseen)
    )


def plan(session: Session, version: int, least_people: int, unseen: float) -> None:
    """Queue all weeks if the priorities, the audit's answers or another input of all weeks changed."""
    current = _fingerprint(session, version, least_people, unseen)
    if fingerprint.differs(session, SHARE, current):
        fingerprint.keep(session, SHARE, current)
        weeks = {monday(day) for day in session.scalars(select(Effort.day).distinct())}
        weeks |= set(session.scalars(select(Share.week).distinct()))
        chunks.add(session, SHARE, {week.isoformat(): {} for week in weeks})


def _fingerprint(session: Session, version: int, least_people: int, unseen: float) -> str:
    """Return a hash of the inputs of all weeks. An audit answer corrects the weeks around it too, and as more of the past is
    pulled, more weeks are complete."""
    answers = select(func.count(), func.max(Label.at)).where(Label.origin == AUDIT)
    teams = load_teams(session).fingerprint()
    known = (str(read_back_to(session)), str(whole_since(session)), told_by(session))
    rests_on = (_METHOD, version, least_people, unseen, tuple(session.execute(answers).one()), teams, *known)
    return hashlib.sha256(repr(rests_on).encode()).hexdigest()


def run_chunk(session: Session, chunk: Chunk, register: Register, least_people: int, unseen: float) -> None:
    """Replace a week's shares and daily sums; leave the previous ones while much of the week is not yet pulled or matched."""
    week = date.fromisoformat(chunk.name)
    days = (week, week + timedelta(days=6))
    teams = load_teams(session)
    matched = load_matched(session, register, select(Effort.work_item_id).where(Effort.day.between(*days)), _DRAWN)
    done = load_spent(session, week, week + timedelta(weeks=1))
    spent = done.where(matched.place(done.item) >= 0)
    if _is_waiting(session, week, done, spent):
        return
    _keep_days(session, days, spent, matched, unseen)
    known, drawn = _answered(session, register, matched)
    asked = answers(session, register)
    # Labelled work is known, so the correction applies to the rest.
    labelled = set(session.scalars(select(Label.work_item_id).where(holds(session, register))))
    sums, usual = _Sums(spent, teams, labelled), load_usual(session)
    telling = told_by(session)
    expected = _expected(session, days, teams)
    found: list[dict[str, Any]] = []
    whole, allowed = _shown(session, week, sums, least_people)
    for scope, (items, amounts) in sums.worked.items():
        if not (whole if scope == COMPANY else scope in allowed):
            continue
        total = float(amounts.sum())
        coverage = total / expected[scope] if expected[scope] else 0.0
        place = matched.place(items)
        rest = sums.unknown if scope == COMPANY else {scope: sums.unknown.get(scope, 0.0)}
        of_the_rest = correction(week, rest, drawn, len(matched.objectives) + 2, asked, telling)
        corrected = of_the_rest.of(sum(rest.values()) / total)
        worked, people = Columns(amounts, known[place], matched.tree[place]), sums.by_person[scope][1].tolist()
        read = shares_of(worked, matched.objectives, register.top(), corrected, people, unseen)
        told = _corrected(read, usual, scope, register.top())
        found += [row | _of_the_scope(week, scope, coverage, total) for row in told]
    session.execute(delete(Share).where(Share.week == week))
    upsert(session, Share, found, ("week", "scope", "objective"))


def _is_waiting(session: Session, week: date, done: Spent, known: Spent) -> bool:
    begun = read_back_to(session)
    if begun is not None and week < begun:
        return True
    total = float(done.days.sum())
    return total - float(known.days.sum()) > WAITING * total


_Of = tuple[NDArray[np.int64], NDArray[np.float64]]
"""Sorted ids, and the person-days of each."""


class _Sums:
    """A week's person-days by scope ('' for no team): by item, by person, and by team those on unlabelled items."""

    def __init__(self, spent: Spent, teams: Teams, labelled: Set[int]) -> None:
        self.worked: dict[str, _Of] = {}
        self.by_person: dict[str, _Of] = {}
        self.unknown: dict[str, float] = {}
        if not len(spent.days):
            return
        pairs, of_pair = spent.person_days()
        team_of = [teams.on(*pair) or "" for pair in pairs]
        names = sorted(set(team_of))
        number = {name: n for n, name in enumerate(names)}
        team = np.array([number[name] for name in team_of], dtype=np.int64)[of_pair]
        self.worked, self.by_person = (_by_scope(names, team, ids, spent.days) for ids in (spent.item, spent.person))
        left = ~np.isin(spent.item, list(labelled))
        sums = np.bincount(team[left], spent.days[left], len(names))
        self.unknown = {names[n]: float(sums[n]) for n in np.unique(team[left]).tolist()}


def _by_scope(
    names: Sequence[str], team: NDArray[np.int64], ids: NDArray[np.int64], amounts: NDArray[np.float64]
) -> dict[str, _Of]:
    """Return sums by id for the company, each team, and people in no team ('')."""
    known, place = np.unique(ids, return_inverse=True)
    found = {COMPANY: (known, np.bincount(place, amounts).astype(float))}
    cells, cell = np.unique(team * len(known) + place, return_inverse=True)
    sums = np.bincount(cell, amounts).astype(float)
    edges = np.searchsorted(cells, np.arange(len(names) + 1) * len(known))
    for n, name in enumerate(names):
        here = slice(edges[n], edges[n + 1])
        found[name] = known[cells[here] % len(known)], sums[here]
    return found


def _expected(session: Session, days: tuple[date, date], teams: Teams) -> dict[str, float]:
    """Return the person-days expected from capacity, by scope."""
    expected: dict[str, float] = defaultdict(float)
    capacity = select(Capacity.person_id, Capacity.day, Capacity.expected).where(Capacity.day.between(*days))
    for person, day, amount in session.execute(capacity.order_by(Capacity.person_id, Capacity.day)):
        for scope in (COMPANY, teams.on(person, day)):
            if scope:
                expected[scope] += amount
    return expected


def _shown(session: Session, week: date, sums: _Sums, least_people: int) -> tuple[bool, list[str]]:
    """Return whether the company's shares may be shown, and for which teams; none for a week that is incomplete."""
    if week < (whole_since(session) or week):
        return False, []
    forgotten = set(session.scalars(select(Person.id).where(Person.forgotten)))
    # Forgotten people do not count as people: the sum of their effort counts as nobody.
    workers = {
        scope: set(people[amounts > 0].tolist()) - forgotten for scope, (people, amounts) in sums.by_person.items()
    }
    return shown(workers.pop(COMPANY, set()), workers, least_people)


def _corrected(read: Sequence[ShareRow], usual: Usual, scope: str, top: frozenset[str]) -> list[dict[str, Any]]:
    """Return the columns of a scope's shares, rounded: as measured and as corrected.

    Corrects the rounded values, as a later correction of stored weeks does, so that both give the same figure.
    """
    kept = {row.objective: rounded(row.share, DIGITS) for row in read}
    likeliest = usual.likeliest(scope, kept, top)
    halves = {row.objective: rounded(half_of(row.share, row.low, row.high), DIGITS) for row in read}
    return [
        {"objective": name, "read": share, "half": halves[name], **bounds(likeliest[name], halves[name])}
        for name, share in kept.items()
    ]


def _of_the_scope(week: date, scope: str, coverage: float, person_days: float) -> dict[str, Any]:
    return {
        "week": week,
        "scope": scope,
        "coverage": rounded(min(1.0, coverage), DIGITS),
        "person_days": rounded(person_days, DIGITS),
    }


def _answered(session: Session, register: Register, matched: Matched) -> tuple[NDArray[np.float64], list[Drawn]]:
    """Return the matched rows, with the audit's answers in place of the match's probabilities, and the audit's draws."""
    true = load_answers(session, register)
    place = dict(zip(true, matched.place(np.array(list(true), dtype=np.int64)).tolist(), strict=True))
    answers = {item: one for item, one in true.items() if place[item] >= 0}
    of_top, known = in_top(matched.objectives, register.top()), matched.rows.copy()
    believed, tree = {}, {}
    for item, one in answers.items():
        row = matched.rows[place[item]]
        believed[item], tree[item] = np.append(row, row @ of_top), int(matched.tree[place[item]])
        known[place[item]] = one[:-1]
    return known, load_draws(session, answers, believed, tree)


def _keep_days(session: Session, days: tuple[date, date], spent: Spent, matched: Matched, unseen: float) -> None:
    """Store each person's day by objective and by source."""
    pairs, at = spent.person_days()
    place = matched.place(spent.item)
    sums = _by_day(at, len(pairs), (matched.rows[place] * spent.days[:, None]).T)
    of_source = [spent.days * (matched.source[place] == n) for n in range(len(matched.sources))]
    by_source = _by_day(at, len(pairs), of_source)
    named = zip(
        pairs,
        _named([*matched.objectives, ""], with_unseen(sums, unseen)),
        _named(matched.sources, by_source),
        strict=True,
    )
    found = [
        {"day": day, "person_id": person, "by_objective": of_objectives, "by_source": of_sources}
        for (person, day), of_objectives, of_sources in named
    ]
    session.execute(delete(DayWork).where(DayWork.day.between(*days)))
    upsert(session, DayWork, found, ("day", "person_id"))


def _by_day(at: NDArray[np.int64], count: int, parts: Iterable[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return (days of people, parts): the sum of each part by day; `at` is the index of each amount's day."""
    sums = [np.bincount(at, part, count) for part in parts]
    # Contiguous rows: numpy would otherwise sum over them in another order, and the last digits would differ.
    return np.ascontiguousarray(np.array(sums, dtype=float).reshape(len(sums), count).T)


def _named(names: Sequence[str], values: NDArray[np.float64]) -> list[dict[str, float]]:
    """Return each row's positive values by name; a day has a few of fifty objectives."""
    found: list[dict[str, float]] = [{} for _ in values]
    rows, columns = np.nonzero(values > 0)
    amounts = all_rounded(values[rows, columns], DIGITS)
    for row, column, amount in zip(rows.tolist(), columns.tolist(), amounts, strict=True):
        found[row][names[column]] = amount
    return found
