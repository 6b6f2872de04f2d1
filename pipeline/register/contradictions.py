"""Contradictions between valid entries: objectives that serve themselves, weeks without working days, two people with the same
former address."""

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.register.weekdays import weekday
from pipeline.register.yaml_nodes import Document, LintError, path_of, rows_in

_Place = tuple[Any, ...]


def contradictions(document: Document) -> Iterator[LintError]:
    """Yield each contradiction with its line."""
    data = document.data if isinstance(document.data, dict) else {}
    yield from _circles(document, rows_in(data, "objectives"))
    yield from _no_week(document, ("calendar", "weekend"), data.get("calendar"))
    for t, team in rows_in(data, "teams"):
        yield from _no_week(document, ("teams", t, "weekend"), team)
    yield from _one_past(document, data)


def _circles(document: Document, objectives: list[tuple[int, Mapping[str, Any]]]) -> Iterator[LintError]:
    """Find objectives that serve themselves, directly or through others."""
    above = {one["key"]: one.get("parent") for _, one in objectives if isinstance(one.get("key"), str)}
    for o, one in [(o, one) for o, one in objectives if isinstance(one.get("key"), str)]:
        way = [one["key"]]
        while isinstance(up := above.get(way[-1]), str) and up not in way:
            way.append(up)
        if isinstance(up, str) and up == way[0]:
            loc = ("objectives", o, "parent")
            by = f" through {', '.join(way[1:])}" if len(way) > 1 else ""
            yield LintError(
                document.line(loc), path_of(loc), f"{up!r} would serve itself{by}; name the objective it serves."
            )


def _no_week(document: Document, loc: _Place, row: Any) -> Iterator[LintError]:
    given = row.get("weekend") if isinstance(row, dict) else None
    try:
        days = {weekday(one) for one in given} if isinstance(given, list) else set()
    except ValueError:
        return  # reported separately
    if len(days) == 7:
        yield LintError(
            document.line(loc), path_of(loc), "all seven days are off, so nobody is expected at work; leave one out."
        )


def _one_past(document: Document, data: dict[str, Any]) -> Iterator[LintError]:
    """Find former addresses claimed by two people."""
    whose: dict[str, tuple[str, int]] = {}
    for t, team in rows_in(data, "teams"):
        for m, one in rows_in(team, "members"):
            now, given = one.get("email"), one.get("formerly")
            for old in given if isinstance(given, list) else [given]:
                if not isinstance(old, str) or not isinstance(now, str):
                    continue
                loc = ("teams", t, "members", m, "formerly")
                first, line = whose.setdefault(old.lower(), (now.lower(), document.line(loc)))
                if first != now.lower():
                    said = f"{old} is already {first}'s former address, in line {line}; delete the wrong one."
                    yield LintError(document.line(loc), path_of(loc), said)
