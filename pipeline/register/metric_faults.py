"""Lint of metrics and outcomes: no or several ways to measure, unknown settings, and whatever a source rejects."""

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from connectors.registry import all_traits
from pipeline.register.figures import readings
from pipeline.register.metric import ALWAYS, OWN
from pipeline.register.yaml_nodes import Document, LintError, path_of, rows_in

Faults = Callable[[Mapping[str, Any]], Iterable[tuple[str, str]]]
Loc = tuple[Any, ...]
_SELECT = re.compile(r"\s*(?:select|with)\b", re.IGNORECASE)


def metric_faults(document: Document) -> Iterator[LintError]:
    """Yield the faults of every metric in file order; those of numbers are found by the schema."""
    for loc, metric in _metrics(document.data):
        yield from (LintError(document.line(at), path_of(at), text) for at, text in _faults(loc, metric))
    for o, objective in rows_in(document.data, "objectives"):
        loc = ("objectives", o, "outcome")
        yield from (LintError(document.line(at), path_of(at), text) for at, text in _outcome(loc, objective))


def ways() -> dict[str, tuple[tuple[str, ...], Faults]]:
    """Return every way to measure with the settings it accepts and its checker."""
    own: dict[str, Faults] = {"sql": _sql, "csv": _csv, "checkin": lambda _: ()}
    found = {word: (beside, own[word]) for word, beside in OWN.items()}
    offered = [traits.metrics for traits in all_traits().values() if traits.metrics is not None]
    return {one.word: (one.beside, one.faults) for one in offered} | found


def _metrics(data: Any) -> Iterator[tuple[Loc, Mapping[str, Any]]]:
    for o, objective in rows_in(data, "objectives"):
        if isinstance(outcome := objective.get("outcome"), dict):
            yield ("objectives", o, "outcome"), outcome
        for k, key_result in rows_in(objective, "key_results"):
            if isinstance(metric := key_result.get("metric"), dict):
                yield ("objectives", o, "key_results", k, "metric"), metric


def _outcome(loc: Loc, objective: Mapping[str, Any]) -> Iterator[tuple[Loc, str]]:
    """Check an outcome: it needs a start and a target, and must not be the same number as one of its key results."""
    outcome = objective.get("outcome")
    if not isinstance(outcome, dict):
        return
    for name in ("start", "target"):
        if outcome.get(name) is None:
            yield loc, f"`{name}` is missing; write where the outcome {'is now' if name == 'start' else 'should be'}."
    if outcome.get("keep"):
        yield (*loc, "keep"), "an outcome must move; remove `keep`, or make it a key result."
    if "checkin" in outcome:
        return
    bound = _bound(outcome)
    for _, below in rows_in(objective, "key_results"):
        if bound and isinstance(metric := below.get("metric"), dict) and _bound(metric) == bound:
            yield loc, f"is the same number as {below.get('key')}; measure what that key result is meant to move."


def _bound(metric: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in metric.items() if name not in ALWAYS}


def _faults(loc: Loc, metric: Mapping[str, Any]) -> Iterator[tuple[Loc, str]]:
    known = ways()
    given = [word for word in metric if word in known]
    if len(given) > 1:
        yield (*loc, given[1]), f"one way to measure is enough: delete `{given[0]}` or `{given[1]}`."
        return
    allowed = {*ALWAYS, *(known[given[0]][0] if given else ())}
    yield from _misspelt(loc, metric, given, allowed, known)
    if not given:
        yield loc, f"it does not say how it is measured; write one of {', '.join(known)}."
        return
    word = given[0]
    if metric[word] is None:
        yield (*loc, word), "it is empty; write what is asked for."
    else:
        yield from (((*loc, field), text) for field, text in known[word][1](metric))
    yield from _way_to_go(loc, metric)


def _misspelt(
    loc: Loc, metric: Mapping[str, Any], given: list[str], allowed: set[str], known: Mapping[str, Any]
) -> Iterator[tuple[Loc, str]]:
    for name in metric:
        if name in allowed or name in given:
            continue
        whose = f"alongside `{given[0]}`" if given else "in a metric"
        near = difflib.get_close_matches(name.lower(), allowed if given else [*allowed, *known], 1)
        advice = f"Did you mean {near[0]!r}?" if near else f"Allowed: {', '.join(sorted(allowed))}."
        yield (*loc, name), f"there is no {name!r} {whose}. {advice}"


def _way_to_go(loc: Loc, metric: Mapping[str, Any]) -> Iterator[tuple[Loc, str]]:
    start, target = metric.get("start"), metric.get("target")
    if metric.get("keep"):
        if target is None:
            yield (*loc, "keep"), f"`target` is missing; write the value it must stay {metric['keep']}."
        return
    if start is not None and target is not None and set(readings(str(start))) & set(readings(str(target))):
        yield (
            (*loc, "target"),
            f"is {target}, the same as the start; write the value for the end of the period, or `keep: below` if it must "
            "stay there.",
        )


def _sql(metric: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    statement = metric["sql"]
    if not isinstance(statement, str) or not _SELECT.match(statement) or ";" in statement.strip().rstrip(";"):
        yield "sql", "one statement that begins with SELECT or WITH is needed, without a semicolon inside."
    if not isinstance(metric.get("database"), str):
        yield "database", "is missing; name one of metrics.databases in leeway.toml, such as `database: warehouse`."


def _csv(metric: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if not isinstance(metric["csv"], str):
        yield "csv", "the name of a file or an https:// address is needed."
    if not isinstance(metric.get("column"), str):
        yield "column", "is missing; write the name of the column that holds the number, such as `column: churn`."
    row = metric.get("row", "last")
    keyed = isinstance(row, dict) and len(row) == 1 and all(isinstance(one, str) for one in row.values())
    if row != "last" and not keyed:
        yield "row", "write `row: last`, or a column and the text that identifies the row, such as {month: 2026-10}."
