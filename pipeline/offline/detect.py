"""`leeway detect`: reads effort.csv and periods.yaml, writes events.jsonl; no database."""

import math
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from connectors.sheet import lacking
from models.vocabulary import COMPANY
from pipeline.drift.detector import Event
from pipeline.drift.observations import Observations, Priorities
from pipeline.files import InputError, readable, rows_of, text_of
from pipeline.offline.names import Spelling, tidy
from pipeline.register.workdays import SATURDAY_AND_SUNDAY
from pipeline.register.yaml_nodes import Document, NotYaml

MOST = 1000
"""Most person-days in one row: more is a mistake."""
MOST_CELLS = 250_000_000
"""Objectives times people times days: 2 GB. Five thousand people over three years with sixty objectives are fewer."""
LEAST_WEEKS, OFF = 4, 0.25
"""From this many weeks on, the weekend is inferred: weekdays with less than this fraction of a usual weekday's work."""
_Cell = tuple[date, tuple[str, str], str]
_COLUMNS = ("date", "person", "team", "source", "objective", "person_days")


def read_periods(path: Path) -> list[Priorities]:
    """Read periods.yaml: a list of {start, end, priority: {objective: rank}}. Raises InputError."""
    try:
        document = Document(text_of(path))  # everything is text: the key NO is not a boolean, 1.10 not a number
    except NotYaml as error:
        raise InputError(f"{path}, line {error.line}: not valid YAML: {error.message}") from None
    if document.faults:
        raise InputError("\n".join(f"{path}, line {one.line}: {one.field}: {one.message}." for one in document.faults))
    if not isinstance(document.data, list) or not document.data:
        raise InputError(f"{path}: expected a list of {{start, end, priority}}.")
    spelling, found = Spelling(), list[Priorities]()
    for number, row in enumerate(document.data, 1):
        where = f"{path}, entry {number}"
        one = _period(where, f"entry {number}", row if isinstance(row, dict) else {}, spelling)
        if any(one.start == other.start for other in found):
            raise InputError(f"{where}: start: another entry begins on {one.start} too. Delete one of them.")
        found.append(one)
    return sorted(found, key=lambda one: one.start)


def _period(where: str, place: str, row: Mapping[str, Any], spelling: Spelling) -> Priorities:
    rank = row.get("priority")
    if not isinstance(row.get("start"), str) or not isinstance(rank, dict):
        raise InputError(f"{where}: needs `start` (a date) and `priority` ({{objective: rank}}).")
    start = _day_of(where, row["start"])
    if not all(
        isinstance(one, str) and re.fullmatch("[1-9][0-9]{0,8}", one) for one in rank.values()
    ):  # `yes` is not a rank
        raise InputError(f"{where}: priority: ranks are whole numbers, 1 or more.")
    end = row.get("end")
    if end is not None and not (isinstance(end, str) and _day_of(where, end, "end") > start):
        raise InputError(f"{where}: end: {end!r} is not a date after {start}; it is exclusive and optional.")
    keys = {spelling.take(key, place, where, "priority"): int(one) for key, one in rank.items()}
    return Priorities(start, keys, _day_of(where, end, "end") if end else None)


def read_effort(path: Path, capacity: Path | None = None) -> Observations:
    """Read effort.csv, and capacity.csv if given. Raises InputError with the line."""
    effort, by_source, off = _sums(path)
    _refuse_too_many(path, effort)
    expected = _expected(capacity, off) if capacity else {}
    days = _known(effort, expected)
    # A row is one person in one team: changing teams neither takes work along nor leaves any behind.
    people, sources = sorted({row for _, row, _ in effort}), sorted({source for source, _ in by_source})
    objectives = sorted({objective for _, _, objective in effort if objective})
    column, row_of = {d: i for i, d in enumerate(days)}, {p: i for i, p in enumerate(people)}
    plane = {objective: i for i, objective in enumerate([*objectives, ""])}
    array, levels = np.zeros((len(plane), len(people), len(days))), np.zeros((len(sources), len(days)))
    for (day, person, objective), amount in effort.items():
        if amount > 0:
            array[plane[objective], row_of[person], column[day]] = amount
    for (source, day), amount in by_source.items():
        if amount > 0:
            levels[sources.index(source), column[day]] = amount
    return Observations(
        days,
        objectives,
        [team for _, team in people],
        array,
        sources,
        levels,
        np.array([expected.get(d, 0.0) for d in days]) if capacity else None,
        [person for person, _ in people],
    )


def _known(effort: Mapping[_Cell, float], expected: Mapping[date, float]) -> list[date]:
    """Return the days with data: from the first one to the last with work, since plans and forms extend beyond it."""
    worked = [day for (day, _, _), amount in effort.items() if amount > 0]
    every = {day for day, _, _ in effort} | {day for day, amount in expected.items() if amount > 0}
    first, last = min(worked), max(worked)
    return sorted(day for day in every if first <= day <= last)


def _sums(path: Path) -> tuple[dict[_Cell, float], dict[tuple[str, date], float], frozenset[int]]:
    """Return person-days by day, person in a team and objective; the same by source and day; and the weekend."""
    effort: dict[_Cell, float] = defaultdict(float)
    by_source: dict[tuple[str, date], float] = defaultdict(float)
    rows = [
        (_day(where, row["date"]), _amount(where, row["person_days"]), row, where)
        for where, row in _rows(path, _COLUMNS)
    ]
    off = _weekend((day, amount) for day, amount, _, _ in rows)
    named = {name: Spelling() for name in ("team", "source", "objective")}
    for at, amount, row, where in rows:
        day, line = _workday(at, off), where.rpartition(", ")[2]
        who = tidy(row["person"]).casefold()
        if not who:
            raise InputError(f"{where}: person: it is empty; any identifier that stays the same will do.")
        team, source, objective = (said.take(row[name], line, where, name) for name, said in named.items())
        if team.casefold() == COMPANY:
            raise InputError(f"{where}: team: {team!r} stands for all teams together; give the team another name.")
        effort[day, (who, team), objective] += amount
        by_source[source, day] += amount
    if not any(effort.values()):
        raise InputError(f"{path}: no effort in it.")
    return effort, by_source, off


def _refuse_too_many(path: Path, effort: Collection[_Cell]) -> None:
    days, rows, keys = (len({row[n] for row in effort}) for n in range(3))
    if (keys + 1) * rows * days > MOST_CELLS:
        look = "the objective: is it an item's id?" if keys >= rows else "the person: is it another one each day?"
        many = f"{keys} objectives, {rows} people and {days} days"
        raise InputError(f"{path}: {many} are more than can be compared. Look at {look}")


def _expected(capacity: Path, off: frozenset[int]) -> Mapping[date, float]:
    """Return the expected person-days by working day."""
    found: dict[date, float] = defaultdict(float)
    for where, row in _rows(capacity, ("date", "person", "person_days")):
        found[_workday(_day(where, row["date"]), off)] += _amount(where, row["person_days"])
    return found


def as_row(event: Event) -> dict[str, Any]:
    """Return one line of events.jsonl."""
    found: dict[str, Any] = {
        "at": event.at.isoformat(),
        "kind": event.kind,
        "scope": event.scope,
        "severity": event.severity,
        "start": event.start.isoformat(),
        "before": round(event.before, 4),
        "after": round(event.after, 4),
        "low": round(event.low, 4),
        "high": round(event.high, 4),
        "absorbed_by": [list(pair) for pair in event.absorbed_by],
    }
    if event.start_low is not None and event.start_high is not None:
        found |= {"start_low": event.start_low.isoformat(), "start_high": event.start_high.isoformat()}
    if event.size is not None:
        found |= {"behaviour": round(event.after - event.before, 4), "mix": round(event.mix, 4)}
    return found | ({"subject": event.subject} if event.subject else {})


def _day_of(where: str, text: str, field: str = "start") -> date:
    """Parse a day, ignoring a time of day that YAML may append."""
    try:
        return date.fromisoformat(re.sub(r"[Tt ].*", "", text.strip()))
    except ValueError:
        raise InputError(f"{where}: {field}: {text!r} is not a date like 2026-07-01.") from None


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[str, dict[str, str]]]:
    reader = rows_of(path)
    if fault := lacking(reader, columns):
        raise InputError(f"{path}, line 1: {fault}. Expected: {','.join(columns)}.")
    for row in readable(path, reader):
        where = f"{path}, line {reader.line_num}"
        if any(row[name] is None for name in columns):
            raise InputError(f"{where}: too few columns.")
        yield where, row


def _day(where: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(f"{where}: date: {text!r} is not a date like 2026-07-14.") from None


def _weekend(worked: Iterable[tuple[date, float]]) -> frozenset[int]:
    """Infer the weekdays (Monday 0) with almost no work; Saturday and Sunday if the file is too short."""
    days: dict[date, float] = defaultdict(float)
    for day, amount in worked:
        days[day] += amount
    weeks = (max(days) - min(days)).days / 7 if days else 0.0
    each = [sum(amount for day, amount in days.items() if day.weekday() == n) for n in range(7)]
    usual = sorted(each)[3]
    if weeks < LEAST_WEEKS or usual <= 0:
        return SATURDAY_AND_SUNDAY
    return frozenset(n for n in range(7) if each[n] < OFF * usual)


def _workday(day: date, off: frozenset[int]) -> date:
    """Return the working day a day counts for: weekends count with the working day before."""
    while day.weekday() in off and day > date.min:
        day -= timedelta(days=1)
    return day


def _amount(where: str, text: str) -> float:
    try:
        amount = float(text.replace(",", "."))  # decimal comma, as in half of Europe
    except ValueError:
        amount = math.nan
    if not 0 <= amount <= MOST:
        raise InputError(f"{where}: person_days: {text!r} is not a number from 0 to {MOST}.")
    return amount
