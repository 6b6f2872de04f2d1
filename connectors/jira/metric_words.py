"""How a key result of okrs.yaml binds to Jira: `jql`, and a field to add up or average."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from connectors.metrics import Metrics

_QUOTED = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'')
_PERSON = re.compile(
    r"\b(assignee|reporter|creator|voter|watcher|worklogauthor|currentuser|membersof|approver\w*|participants?)\b"
    r"|\b(?:was|changed)\b[^()]*\b(by)\b",
    re.IGNORECASE,
)
_ORDER = re.compile(r"\border\s+by\b", re.IGNORECASE)


def metric_faults(metric: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The word of a metric that is wrong, and what to write."""
    jql = metric["jql"]
    if not isinstance(jql, str) or not jql.strip():
        yield "jql", 'a query is needed, such as "project = PAY AND statusCategory = Done".'
        return
    plain = _QUOTED.sub(_inside, jql)
    if found := _PERSON.search(plain):
        named = next(one for one in found.groups() if one)
        yield (
            "jql",
            f"{named!r} would make it a figure about individuals, which Leeway never gives; count by what is done.",
        )
    if not _balanced(plain):
        yield "jql", "brackets or quotes do not match; check the query in Jira's search."
    if _ORDER.search(plain):
        yield "jql", "delete ORDER BY: a number has no order."
    both = [word for word in ("sum", "average") if word in metric]
    if len(both) == 2:
        yield "average", "is given together with `sum`; delete one of the two."
    for word in both:
        if not isinstance(metric[word], str):
            yield word, "the name or id of a number field is needed, such as `Story Points` or customfield_10016."


def _inside(found: re.Match[str]) -> str:
    """A quoted name of a field or function says what it says without quotes; other texts say nothing."""
    text = found.group()[1:-1]
    return f" {text} " if _PERSON.fullmatch(text) else " x "


def _balanced(plain: str) -> bool:
    depth = 0
    for one in plain:
        depth += (one == "(") - (one == ")")
        if depth < 0:
            return False
    return depth == 0 and '"' not in plain and "'" not in plain


METRICS = Metrics("jql", ("sum", "average"), metric_faults)
