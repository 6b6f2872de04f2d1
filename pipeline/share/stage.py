"""Compute weekly shares, and the daily sums that the detector reads, from effort and matches.

A week is recomputed when its effort or a match of its items changed, and stores everything that later stages need of its days, so
the cost of a cycle depends on the weeks that changed.
"""

import hashlib
from collections import defaultdict
from collections.abc import Sequence, Set
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session, sessionmaker

from models import AuditDraw, Capacity, Chunk, DayWork, Effort, Label, Person, Share, upsert
from models.columns import plain
from models.share import half_of
from models.vocabulary import AUDIT, COMPANY
from pipeline.effort.load import whole_since
from pipeline.ingest.reach import read_back_to
from pipeline.match.told_by import told_by
from pipeline.queue import chunks, fingerprint
from pipeline.queue.rounding import DIGITS, rounded
from pipeline.register.answered import holds
from pipeline.register.document import Register
from pipeline.register.membership import Teams, load_teams
from pipeline.register.workdays import monday
from pipeline.share.audit import Drawn, correction
from pipeline.share.audit_store import load_answers, load_draws
from pipeline.share.company import answers
from pipeline.share.estimate import UNSEEN, ShareRow, Worked, in_top, shares, with_unseen
from pipeline.share.floor import shown
from pipeline.share.load import Matched, load_matched
from pipeline.share.undiluted import Usual, bounds, load_usual, settle

SHARE = "share"
_METHOD = 4
"""Version of the computation; when it increases, all weeks are computed again."""
WAITING = 0.05
"""A week has no share while more than this proportion of its work waits for its first encoding or match."""
_Rows = Sequence[tuple[date, int, int, float]]
"""Day, person, work item, person-days."""
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
        plan(session, register, 0, least_people, unseen)
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


def plan(session: Session, register: Register, version: int, least_people: int, unseen: float) -> None:
    """Queue all weeks if the priorities, the audit's answers or another input of all weeks changed."""
    digest = _fingerprint(session, version, least_people, unseen)
    if fingerprint.differs(session, SHARE, digest):
        fingerprint.keep(session, SHARE, digest)
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
    query = select(Effort.day, Effort.person_id, Effort.work_item_id, Effort.person_days)
    here = Effort.day.between(*days)
    matched = load_matched(session, register, select(Effort.work_item_id).where(here), _DRAWN)
    done = [(day, person, item, amount) for day, person, item, amount in plain(session, query.where(here))]
    rows = [row for row in done if row[2] in matched.rows]
    if _is_waiting(session, week, done, rows):
        return
    _keep_days(session, days, rows, matched, unseen)
    known, drawn = _answered(session, register, matched)
    asked = answers(session, register)
    # Labelled work is known, so the correction applies to the rest.
    labelled = set(session.scalars(select(Label.work_item_id).where(holds(session, register))))
    sums, usual = _Sums(rows, teams, labelled), load_usual(session)
    telling = told_by(session)
    expected = _expected(session, days, teams)
    found: list[dict[str, Any]] = []
    whole, allowed = _shown(session, week, sums, least_people)
    for scope, by_item in sums.worked.items():
        if not (whole if scope == COMPANY else scope in allowed):
            continue
        total = sum(by_item.values())
        coverage = total / expected[scope] if expected[scope] else 0.0
        pieces = [Worked(item, matched.tree.get(item, item), amount) for item, amount in by_item.items()]
        rest = sums.unknown if scope == COMPANY else {scope: sums.unknown.get(scope, 0.0)}
        of_the_rest = correction(week, rest, drawn, len(matched.objectives) + 2, asked, telling)
        corrected = of_the_rest.of(sum(rest.values()) / total)
        people = sums.by_person[scope].values()
        read = shares(pieces, known, matched.objectives, register.top(), corrected, people, unseen)
        told = _corrected(read, usual, scope, register.top())
        found += [row | _of_the_scope(week, scope, coverage, total) for row in told]
    session.execute(delete(Share).where(Share.week == week))
    upsert(session, Share, found, ("week", "scope", "objective"))


def _is_waiting(session: Session, week: date, done: _Rows, known: _Rows) -> bool:
    begun = read_back_to(session)
    if begun is not None and week < begun:
        return True
    total = sum(row[3] for row in done)
    return total - sum(row[3] for row in known) > WAITING * total


class _Sums:
    """A week's person-days by scope ('' for no team): by item, by person, and by team those on unlabelled items."""

    def __init__(self, rows: _Rows, teams: Teams, labelled: Set[int]) -> None:
        self.worked: dict[str, dict[int, float]] = {}
        self.by_person: dict[str, dict[int, float]] = {}
        self.unknown: dict[str, float] = {}
        if not rows:
            return
        _, people, items, amounts = (np.array(column) for column in zip(*rows, strict=True))
        pairs = [row[:2] for row in rows]
        team_of = {pair: teams.on(pair[1], pair[0]) or "" for pair in set(pairs)}
        names = sorted(set(team_of.values()))
        number = {name: n for n, name in enumerate(names)}
        numbers = {pair: number[name] for pair, name in team_of.items()}
        team = np.array([numbers[pair] for pair in pairs], dtype=np.int64)
        self.worked, self.by_person = (_by_scope(names, team, ids, amounts) for ids in (items, people))
        left = ~np.isin(items, list(labelled))
        sums = np.bincount(team[left], amounts[left], len(names))
        self.unknown = {names[n]: float(sums[n]) for n in np.unique(team[left]).tolist()}


def _by_scope(
    names: Sequence[str], team: NDArray[np.int64], ids: NDArray[np.int64], amounts: NDArray[np.float64]
) -> dict[str, dict[int, float]]:
    """Return sums by id for the company, each team, and people in no team ('')."""
    known, place = np.unique(ids, return_inverse=True)
    found = {COMPANY: dict(zip(known.tolist(), np.bincount(place, amounts).tolist(), strict=True))}
    cells, cell = np.unique(team * len(known) + place, return_inverse=True)
    sums, edges = np.bincount(cell, amounts), np.searchsorted(cells, np.arange(len(names) + 1) * len(known))
    for n, name in enumerate(names):
        here = slice(edges[n], edges[n + 1])
        found[name] = dict(zip(known[cells[here] % len(known)].tolist(), sums[here].tolist(), strict=True))
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
        scope: {one for one, amount in some.items() if amount > 0} - forgotten for scope, some in sums.by_person.items()
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


def _answered(
    session: Session, register: Register, matched: Matched
) -> tuple[dict[int, NDArray[np.float64]], list[Drawn]]:
    """Return the matched rows, with the audit's answers in place of the match's probabilities, and the audit's draws."""
    answers = {item: true for item, true in load_answers(session, register).items() if item in matched.rows}
    of_top = in_top(matched.objectives, register.top())
    believed = {item: np.append(matched.rows[item], matched.rows[item] @ of_top) for item in answers}
    known = {**matched.rows, **{item: true[:-1] for item, true in answers.items()}}
    return known, load_draws(session, answers, believed, matched.tree)


def _keep_days(
    session: Session,
    days: tuple[date, date],
    rows: _Rows,
    matched: Matched,
    unseen: float,
) -> None:
    """Store each person's day by objective and by source."""
    names, sources = [*matched.objectives, ""], sorted(set(matched.source.values()))
    place: dict[tuple[date, int], int] = {}
    at = [place.setdefault((day, person), len(place)) for day, person, _, _ in rows]
    amounts = np.array([amount for _, _, _, amount in rows])
    items = {item: i for i, item in enumerate(dict.fromkeys(row[2] for row in rows))}
    of = [items[row[2]] for row in rows]
    column = {name: i for i, name in enumerate(sources)}
    sums, by_source = np.zeros((len(place), len(names))), np.zeros((len(place), len(sources)))
    if rows:
        np.add.at(sums, at, amounts[:, None] * np.array([matched.rows[item] for item in items])[of])
        sums = with_unseen(sums, unseen)
        source = np.array([column[matched.source[item]] for item in items], dtype=np.int64)
        np.add.at(by_source, (np.array(at), source[of]), amounts)
    parts = zip(place, _named(names, sums), _named(sources, by_source), strict=True)
    found = [
        {"day": day, "person_id": person, "by_objective": of_objectives, "by_source": of_sources}
        for (day, person), of_objectives, of_sources in parts
    ]
    session.execute(delete(DayWork).where(DayWork.day.between(*days)))
    upsert(session, DayWork, found, ("day", "person_id"))


def _named(names: Sequence[str], values: NDArray[np.float64]) -> list[dict[str, float]]:
    """Return each row's positive values by name; a day has a few of fifty objectives."""
    found: list[dict[str, float]] = [{} for _ in values]
    rows, columns = np.nonzero(values > 0)
    for row, column, x in zip(rows.tolist(), columns.tolist(), values[rows, columns].tolist(), strict=True):
        found[row][names[column]] = rounded(x, DIGITS)
    return found
