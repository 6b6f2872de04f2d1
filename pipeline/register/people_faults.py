"""Lint of the people in an okrs.yaml: invalid, duplicate and conflicting addresses."""

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from typing import Any

from pydantic import TypeAdapter, ValidationError

from pipeline.register.entry import Day
from pipeline.register.weekdays import twice, working_day
from pipeline.register.yaml_nodes import Document, LintError, path_of

_DAY: TypeAdapter[date] = TypeAdapter(Day)


def people_faults(document: Document) -> Iterator[LintError]:
    """Yield the faults of teams' members and of the leadership."""
    teams = _list(document.data, "teams")
    listed = {_address(one).lower() for team in teams for one in _list(team, "members")}
    for t, team in enumerate(teams):
        if isinstance(team, dict):
            yield from _members(document, t, team)
            yield from _formerly(document, t, team, listed)
    yield from _leadership(document)


def _list(row: Any, name: str) -> list[Any]:
    found = row.get(name) if isinstance(row, dict) else None
    return found if isinstance(found, list) else []


def _address(member: Any) -> str:
    email = member.get("email") if isinstance(member, dict) else member
    return email if isinstance(email, str) else ""


def _leadership(document: Document) -> Iterator[LintError]:
    """Find entries of `leadership:` that are not addresses or are listed twice: these people would not be asked."""
    seen: dict[str, int] = {}
    for n, one in enumerate(_list(document.data, "leadership")):
        loc = ("leadership", n)
        if isinstance(one, str) and ("@" not in one or len(one.split()) != 1):
            yield LintError(
                document.line(loc), path_of(loc), f"{one!r} is not an address; write one address per entry."
            )
        elif isinstance(one, str) and one.lower() in seen:
            yield LintError(document.line(loc), path_of(loc), f"{one} is listed already, in line {seen[one.lower()]}.")
        if isinstance(one, str):
            seen.setdefault(one.lower(), document.line(loc))


def _members(document: Document, t: int, team: Mapping[str, Any]) -> Iterator[LintError]:
    seen: dict[str, list[tuple[int, tuple[date, date]]]] = {}
    for m, one in enumerate(_list(team, "members")):
        email = one.get("email") if isinstance(one, dict) else one
        loc = ("teams", t, "members", m)
        if not isinstance(email, str):
            continue
        if len(email.split()) > 1 or not email.strip():
            yield LintError(
                document.line(loc), path_of(loc), f"{email!r} is not an address; write one address per entry."
            )
        first, last = _days(one)
        for line, (begin, end) in seen.get(email.lower(), []):
            if begin <= last and first <= end:
                said = f"{email} is listed already, in line {line}. Delete one; somebody who returns or changes hours needs "
                yield LintError(
                    document.line(loc),
                    path_of(loc),
                    said + "`to:` in one entry and a later `from:` in the other.",
                )
                break
        seen.setdefault(email.lower(), []).append((document.line(loc), (first, last)))
        yield from _working_days(document, (*loc, "days"), _list(one, "days"))


def _working_days(document: Document, loc: tuple[Any, ...], given: list[Any]) -> Iterator[LintError]:
    """Find weekdays given twice: one would count as two."""
    try:
        again = twice([working_day(one) for one in given])
    except ValueError:
        return  # reported separately
    if again is not None:
        yield LintError(
            document.line(loc), path_of(loc), f"{again} is given twice, as a whole or half day; delete one."
        )


def _days(member: Any) -> tuple[date, date]:
    """Return the first and last day of an entry, open-ended if absent or unreadable."""
    found = []
    for name, open_end in (("from", date.min), ("to", date.max)):
        try:
            found.append(_DAY.validate_python(member[name]))
        except (ValidationError, KeyError, TypeError):
            found.append(open_end)
    return found[0], found[1]


def _formerly(document: Document, t: int, team: Mapping[str, Any], listed: Collection[str]) -> Iterator[LintError]:
    """Find former addresses that are also a current member's: two people, or one person listed twice."""
    for m, one in enumerate(_list(team, "members")):
        given = one.get("formerly") if isinstance(one, dict) else None
        for email in [given] if isinstance(given, str) else _list(one, "formerly"):
            if isinstance(email, str) and email.lower() in listed:
                loc = ("teams", t, "members", m, "formerly")
                advice = "remove it there, or here if it is somebody else."
                yield LintError(document.line(loc), path_of(loc), f"{email} is also a current member; {advice}")
