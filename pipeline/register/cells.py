"""Table cells of an objective or key result: one each for title, owner, priority, plan, target and so on.

A cell with an unchanged meaning changes nothing, however a spreadsheet formats it (30% for 30 %, 2,1 for 2.1).
"""

import copy
import csv
import io
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.register.due import day_of, said_due
from pipeline.register.faults import DUE
from pipeline.register.figures import readings
from pipeline.register.measured import MEASURED_BY, measured_in, measured_words
from pipeline.register.metric import Metric
from pipeline.register.planned import Plan
from pipeline.register.team_plans import TEAM_PLANS, meant_plans, team_plans
from pipeline.spreadsheet import guarded

OBJECTIVE, KEY_RESULT = "objective", "key result"
COLUMNS = (
    "kind",
    "key",
    "under",
    "title",
    "owner",
    "teams",
    "priority",
    "plan",
    MEASURED_BY,
    "start",
    "target",
    "unit",
    "due",
    "description",
    TEAM_PLANS,
)
"""`under` is a key result's objective, or the parent of an objective."""
ONLY: Mapping[str, str] = {
    "priority": OBJECTIVE,
    "plan": OBJECTIVE,
    "start": KEY_RESULT,
    "target": KEY_RESULT,
    "unit": KEY_RESULT,
    "due": KEY_RESULT,
    TEAM_PLANS: OBJECTIVE,
}
"""Columns that only one of the two kinds has; an objective has a start, target and unit if it has an outcome."""
NUMBER = ("start", "target", "unit")
_MEASURED_BY = {OBJECTIVE: "outcome", KEY_RESULT: "metric"}
_DAYS = re.compile(r"(.+?)\s*person-?days?\s*(?:per|a|/)\s*(week|month|quarter)", re.IGNORECASE)
_POINTED = re.compile(r"-?\d+(?:\.\d+)?")
Cells = dict[str, str]


def rows(data: Any) -> Iterator[tuple[str, dict[str, Any], dict[str, Any] | None]]:
    """Yield every objective and key result of the file: its kind, its entry, and for a key result its objective's entry."""
    for objective in data["objectives"]:
        yield OBJECTIVE, objective, None
        for key_result in objective["key_results"]:
            yield KEY_RESULT, key_result, objective


def cells_of(data: Any) -> dict[str, Cells]:
    """Return the cells of every objective and key result by key, in file order."""
    found = {key_of(row): _cells(kind, row, parent) for kind, row, parent in rows(data)}
    for key, cells in found.items():
        if cells["kind"] == OBJECTIVE:
            cells[TEAM_PLANS] = team_plans(data, key, _plan_words)
    return found


def key_of(row: Mapping[str, Any]) -> str:
    """Return an entry's key, normalised as the schema does it."""
    return " ".join(str(row["key"]).split())


def _cells(kind: str, row: Mapping[str, Any], parent: Mapping[str, Any] | None) -> Cells:
    raw = row.get(_MEASURED_BY[kind])
    metric = raw if isinstance(raw, dict) else {}
    found: dict[str, Any] = {name: row.get(name) for name in ("title", "owner", "description")} | {"key": key_of(row)}
    found |= {name: metric.get(name) for name in NUMBER} | {MEASURED_BY: measured_words(metric)}
    if parent is None:
        planned = row.get("plan") if row.get("plan") is not None else row.get("share")
        found |= {"under": row.get("parent"), "teams": row.get("team"), "priority": row.get("priority")}
        found |= {"plan": _plan_words(planned)}
    else:
        found |= {"under": key_of(parent), "teams": _joined(row.get("teams"))}
        found |= {"due": said_due(row)}
    return {name: _text(kind if name == "kind" else found.get(name)) for name in COLUMNS}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _plan_words(value: Any) -> str:
    if not isinstance(value, dict):
        return _text(value)
    if value.get("person_days") is not None:
        return f"{value['person_days']} person-days per {value.get('per') or 'month'}"
    return _text(value.get("share"))


def _joined(value: Any) -> str:
    """Join team keys in one cell; a key that contains a comma is quoted as in CSV."""
    if not isinstance(value, list) or not value:
        return ""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(value)
    return line.getvalue() if '"' in line.getvalue() else ", ".join(value)


def teams_in(cell: str) -> list[str]:
    """Return the team keys in a cell."""
    line = " ".join(cell.split())
    found = next(csv.reader([line], skipinitialspace=True), [])
    return [one.strip() for one in found if one.strip()]


def same(column: str, one: str, other: str) -> bool:
    """Return True if two cells mean the same; a number with a comma may have either of its two readings."""
    if column in ("start", "target") and set(readings(one)) & set(readings(other)):
        return True
    return one == other or _meant(column, one) == _meant(column, other)


def _meant(column: str, cell: str) -> Any:
    try:
        return meant(column, cell)
    except ValueError:
        return " ".join(cell.split())


def meant(column: str, cell: str) -> Any:
    """Return a cell's value: a plan, a number, a day, team keys, or its words. Raises ValueError if it cannot be parsed."""
    plain = " ".join(cell.split())
    if column == MEASURED_BY:
        return measured_in(cell)
    if column == "plan" and plain:
        return Plan.model_validate(plan_of(plain))
    if column in ("start", "target") and plain:
        return getattr(Metric.model_validate({column: plain}), column)
    if column == "priority" and plain:
        return float(plain)
    if column == TEAM_PLANS:
        return meant_plans(plain, plan_of)
    if column == "due":
        return day_of(plain) or plain
    return teams_in(plain) if column == "teams" else plain


def in_table(column: str, value: str, delimiter: str) -> Any:
    """Escape a value for CSV against formula injection (negative numbers are not formulas). With semicolons as delimiter, numbers
    get a decimal comma: a spreadsheet would read a point as a date (2.1) or as thousands (2.125)."""
    if column in ("start", "target") and _POINTED.fullmatch(value):
        return value.replace(".", ",") if delimiter == ";" else value
    return guarded(value)


def plan_of(cell: str) -> Any:
    """Parse a cell such as "30 %" or "40 person-days per month" into a plan as okrs.yaml writes it."""
    found = _DAYS.fullmatch(cell)
    return {"person_days": found[1], "per": found[2].lower()} if found else {"share": cell}


def cell_plan(cell: str) -> Any:
    """Return a plan in the short form that okrs.yaml has for a share of all work."""
    planned = plan_of(cell)
    return planned if "person_days" in planned else cell


def put(kind: str, row: dict[str, Any], column: str, cell: str) -> None:
    """Write a cell into an entry of the file; an empty cell removes it. Raises ValueError if the cell cannot be parsed."""
    said = cell.strip() if column == "description" else " ".join(cell.split())
    if column == "plan":
        row.pop("share", None)
        _set(row, "plan", cell_plan(said))
    elif column in NUMBER:
        name = _MEASURED_BY[kind]
        row[name] = metric = copy.deepcopy(row.get(name) or {"checkin": "true"})
        _set(metric, column, said)
    elif column == MEASURED_BY:
        name, by = _MEASURED_BY[kind], measured_in(cell)
        numbers = {word: value for word, value in (row.get(name) or {}).items() if word in NUMBER}
        _set(row, name, by | numbers if by else None)
    elif column == "due":
        if said and day_of(said) is None:
            raise ValueError(f"{said!r} is not an unambiguous date; write it as 2026-08-31")
        _set(row, next((name for name in DUE if row.get(name)), DUE[0]), said and str(day_of(said)))
    elif column == "teams" and kind == KEY_RESULT:
        _set(row, "teams", teams_in(said))
    else:
        name = {"teams": "team", "under": "parent"}.get(column, column)
        if column == "priority" and re.fullmatch(r"\d+[.,]0*", said):  # some spreadsheets write integers this way
            said = re.split(r"[.,]", said)[0]
        _set(row, name, said)


def _set(row: dict[str, Any], name: str, value: Any) -> None:
    if value:
        row[name] = value
    elif name == "title":
        row[name] = ""  # reported as a lint error with its line
    else:
        row.pop(name, None)


def column_of(field: str) -> str:
    """Return the table column for the field path of a lint error: `plan` for objectives[0].plan."""
    parts = [one.partition("[")[0] for one in field.split(".")]
    below = [one for one in parts if one not in ("objectives", "key_results")]
    names = {"team": "teams", "parent": "under", "share": "plan", "key": "key"}
    if below[:1] in (["metric"], ["outcome"]):
        return below[-1] if below[-1] in NUMBER else MEASURED_BY
    last = below[0] if below else "key"
    return names.get(last, "due" if last in DUE else last)
