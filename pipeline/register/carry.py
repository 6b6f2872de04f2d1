"""Write the next plan from the current one: its text with a new period, so that comments and layout survive."""

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import yaml

from pipeline.register.document import Period, Register, RegisterError, parse
from pipeline.register.due import day_of, dues
from pipeline.register.yaml_nodes import Document

_QUARTER = re.compile(r"\b([QH])([1-4])\b")
_YEAR = re.compile(
    r"(?<!\d)20\d\d(?!\d)|(?:(?<=FY)|(?<=FY )|(?<=['’/–-])|(?<=[QH][1-4] ))\d\d(?!\d)|(?<!\d)\d\d(?=/\d\d(?!\d))"
)
_MONTH = re.compile(
    r"\b(jan(uary)?|feb(ruary)?|mar(ch)?|apr(il)?|may|june?|july?|aug(ust)?|sept?(ember)?|oct(ober)?|nov(ember)?|dec(ember)?)\b",
    re.I,
)
_DAY = timedelta(days=1)


class CarryError(Exception):
    """No plan can be written; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Due:
    """A key result whose due day lies before the new period."""

    key: str
    day: date


def next_period(old: Period, name: str | None, start: date | None, end: date | None) -> Period:
    """Return the next period: as requested, or starting the day after the old one ends, equally long (in months if the old one is
    whole months), with the next name. Raises CarryError."""
    begin = start or old.end + _DAY
    finish = end or _as_long(old, begin)
    called = name or _next_name(old, begin, finish)
    if begin <= old.end:
        raise CarryError(f"--start {begin} lies within {old.name}, which ends on {old.end}. Begin after that day.")
    if finish <= begin:
        raise CarryError(f"--end {finish} does not lie after the start, {begin}.")
    if called == old.name:
        raise CarryError(f"the new period needs a different name: {old.name} is the current one. Give another --name.")
    return Period(name=called, start=begin, end=finish)


def carried(text: str, register: Register, period: Period) -> str:
    """Return the register's text with another period and nothing else changed. Raises CarryError."""
    document = Document(text)
    nodes = _entries(document.root).get("period")
    values = _entries(nodes)
    wanted = {"name": _quoted(period.name), "start": str(period.start), "end": str(period.end)}
    if set(wanted) - set(values):
        raise CarryError("the period is not given as name, start and end in one place; write the next plan by hand.")
    for name in sorted(wanted, key=lambda one: -values[one].start_mark.index):
        node = values[name]
        text = text[: node.start_mark.index] + wanted[name] + text[node.end_mark.index :]
    try:
        made = parse(text)
    except RegisterError as error:
        raise CarryError(f"the current register is no longer valid, so it cannot be carried over:\n{error}") from None
    if made != register.model_copy(update={"period": period}):
        raise CarryError("the period is used elsewhere in the file, too; write the next plan by hand.")
    return text


def due_before(text: str, period: Period) -> list[Due]:
    """Return the key results due before the period, in file order."""
    days = ((key, day_of(said)) for key, said in dues(text).items())
    return [Due(key, day) for key, day in days if day is not None and day < period.start]


def _entries(node: Any) -> dict[str, yaml.Node]:
    return {key.value: value for key, value in node.value} if isinstance(node, yaml.MappingNode) else {}


def _quoted(text: str) -> str:
    """Quote a name for use anywhere in YAML."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _whole_months(period: Period) -> int | None:
    """Return the length of the period in months, None unless it is whole months."""
    after = period.end + _DAY
    if period.start.day != 1 or after.day != 1:
        return None
    return 12 * (after.year - period.start.year) + after.month - period.start.month


def _as_long(old: Period, begin: date) -> date:
    months = _whole_months(old)
    if months is None or begin.day != 1:
        return begin + (old.end - old.start)
    last = 12 * begin.year + begin.month - 1 + months - 1
    year, month = divmod(last, 12)
    return date(year, month + 1, calendar.monthrange(year, month + 1)[1])


def _next_name(old: Period, begin: date, finish: date) -> str:
    """Return the next name: Q3 to Q4 and H1 to H2 if the quarter or half follows directly, advancing any year in it (2026, FY26,
    2026/27, Q4/26). Otherwise, or if the name describes its days in another way, return the days."""
    same = _whole_months(old) == _whole_months(Period(name="-", start=begin, end=finish))
    found = _QUARTER.findall(old.name)
    days = f"{begin} to {finish}"
    if not (same and begin == old.end + _DAY and len(found) == 1) or _MONTH.search(old.name):
        return days
    kind, number = found[0][0], int(found[0][1])
    most = 4 if kind == "Q" else 2
    following = number % most + 1
    name = _QUARTER.sub(f"{kind}{following}", old.name)
    if following > 1:
        return name
    if re.search(r"\d", _QUARTER.sub("", _YEAR.sub("", old.name))):
        return days  # a number that may or may not be a year
    return _YEAR.sub(lambda year: f"{(int(year[0]) + 1) % 10 ** len(year[0]):0{len(year[0])}d}", name)
