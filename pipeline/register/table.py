"""The register as a table for spreadsheets: exported from a version, and imported back cell by cell."""

import copy
import csv
import difflib
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.sheet import separator
from pipeline.files import decode
from pipeline.register.cells import (
    COLUMNS,
    KEY_RESULT,
    NUMBER,
    OBJECTIVE,
    ONLY,
    Cells,
    cell_plan,
    cells_of,
    column_of,
    in_table,
    key_of,
    put,
    rows,
    same,
    teams_in,
)
from pipeline.register.conflicts import Conflict
from pipeline.register.document import Register, RegisterError, judged
from pipeline.register.measured import MEASURED_BY
from pipeline.register.rewrite import rewritten
from pipeline.register.team_plans import TEAM_PLANS, plans_in, put_plans
from pipeline.register.yaml_nodes import Document, LintError
from pipeline.spreadsheet import is_error, unguarded

VERSION = "version"
_FAILED = "is the error of a spreadsheet formula; write the value it should have."
_A = {OBJECTIVE: "an objective", KEY_RESULT: "a key result"}


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table: its line in the file, and its cells by column."""

    line: int
    cells: Cells


@dataclass(slots=True)
class Merged:
    """A register with a table merged into it. `notes` are messages for the user, `missing` are keys absent from the table,
    `conflicts` are cells that changed in the register since the export."""

    register: Register
    text: str
    notes: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)


def written(text: str, version: int, delimiter: str = ",") -> str:
    """Export a version as CSV, one line per objective and key result. It contains `version`, to detect concurrent changes."""
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow([*COLUMNS, VERSION])
    for cells in cells_of(Document(text).data).values():
        writer.writerow([*(in_table(name, cells[name], delimiter) for name in COLUMNS), version])
    return file.getvalue()


def _as_read(data: Any) -> dict[str, Cells]:
    """Return the cells as they come back from a table, where some apostrophes are guards against formulas."""
    found = cells_of(data)
    return {
        key: {name: unguarded(value.strip()).strip() for name, value in cells.items()} for key, cells in found.items()
    }


def read_table(raw: bytes, name: str) -> tuple[list[Row], list[str]]:
    """Return the rows of a file and the names of ignored columns. Raises InputError, or RegisterError with every line."""
    text = decode(raw, name)
    between, rest = separator(text)
    skip = rest != text
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=between)
    found, faults, head, last = list[Row](), list[LintError](), list[str](), 0
    try:
        for cells in reader:
            line, last = last + 1, reader.line_num
            if (skip and line == 1) or not any(cell.strip() for cell in cells):
                continue
            if not head:
                head = [unguarded(cell.strip()).casefold() for cell in cells]
                faults += _head_faults(line, head)
                if faults:  # with a wrong header the rows below are meaningless
                    break
            elif any(cell.strip() for cell in cells[len(head) :]):
                faults.append(
                    LintError(line, "", "has more cells than the first line; a comma within a text needs quotes.")
                )
            else:
                row = Row(line, {n: unguarded(c.strip()).strip() for n, c in zip(head, cells, strict=False)})
                found.append(row)
                faults += [LintError(line, n, f"{c!r} {_FAILED}") for n, c in row.cells.items() if is_error(c)]
    except csv.Error as error:
        faults.append(LintError(last + 1, "", f"is not valid CSV ({error})."))
    if not head:
        faults.append(LintError(1, "", f"is empty. Its first line names the columns: {', '.join(COLUMNS)}."))
    _refuse(name, faults)
    return found, [one for one in head if one and one not in (*COLUMNS, VERSION)]


def _head_faults(line: int, head: Sequence[str]) -> Iterator[LintError]:
    known = [*COLUMNS, VERSION]
    if "key" not in head:
        yield LintError(line, "key", "is missing. Keep the header that `leeway okrs export --csv` writes.")
    for place, name in enumerate(head):
        if name and name in head[:place]:
            yield LintError(line, name, "is given twice; delete one of them.")
        if name and name not in known and (near := difflib.get_close_matches(name, known, 1, 0.75)):
            yield LintError(line, name, f"is not a column. Did you mean {near[0]!r}?")


def _refuse(name: str, faults: Sequence[LintError]) -> None:
    if faults:
        raise RegisterError("\n".join(f"{name}, line {f.line}{_column(f.field)}: {f.message}" for f in faults))


def _column(name: str) -> str:
    return f", column {name}" if name else ""


def version_of(name: str, given: Sequence[Row]) -> int | None:
    """Return the version that a table was exported from, if it says so. Raises RegisterError."""
    said = {row.cells[VERSION]: row.line for row in reversed(given) if row.cells.get(VERSION)}
    wrong = [LintError(line, VERSION, f"{one!r} is not a number.") for one, line in said.items() if not one.isdecimal()]
    if not wrong and len(said) > 1:
        wrong = [LintError(max(said.values()), VERSION, "this mixes tables of two versions; load them one by one.")]
    _refuse(name, wrong)
    return int(next(iter(said))) if said else None


def merged(name: str, given: Sequence[Row], text: str, base: str, *, remove: bool) -> Merged:
    """Merge into the register's text what the rows changed since the version `base` they were exported from. Other entries stay;
    those without a row are removed only if `remove` is set.

    Raises RegisterError with every fault, by line and column.
    """
    old = Document(text).data
    merge = _Merge(old, _as_read(old), _as_read(Document(base).data))
    for row in given:
        merge.take(row)
    missing = [key for key in merge.now if key not in merge.lines and key in merge.base]
    if remove:
        merge.drop(missing)
    _refuse(name, merge.faults)
    made, kept = (text, True) if merge.data == old else rewritten(text, merge.data)
    register, faults = judged(made)
    if register is None or faults:
        raise RegisterError("\n".join(merge.placed(name, fault) for fault in faults))
    if not kept:
        merge.notes.append("the register's text is rewritten: the comments and layout of okrs.yaml could not be kept.")
    return Merged(register, made, merge.notes, [] if remove else missing, merge.conflicts)


class _Merge:
    """Merges rows into the register's data."""

    def __init__(self, data: Any, now: Mapping[str, Cells], base: Mapping[str, Cells]) -> None:
        self.data, self.now, self.base = copy.deepcopy(data), now, base
        self.lines: dict[str, int] = {}
        self.faults: list[LintError] = []
        self.notes: list[str] = []
        self.conflicts: list[Conflict] = []

    def take(self, row: Row) -> None:
        """Merge one row: an existing entry or a new one."""
        key = row.cells.get("key", "")
        if not key:
            self.faults.append(
                LintError(row.line, "key", "is empty; every row needs the key of its objective or key result.")
            )
        elif key in self.lines:
            self.faults.append(LintError(row.line, "key", f"{key!r} is used already, in line {self.lines[key]}."))
        else:
            self.lines[key] = row.line
            if key in self.now:
                self._change(row, key)
            elif key in self.base:
                self.notes.append(
                    f"{key} was removed from the register since the table was exported, and stays out. To restore it, empty its "
                    f"cell in the column {VERSION} and give it another key."
                )
            else:
                self._add(row, key)

    def _change(self, row: Row, key: str) -> None:
        now, base = self.now[key], self.base.get(key, self.now[key])
        if (said := row.cells.get("kind", "")) and said.casefold() != now["kind"]:
            self.faults.append(
                LintError(
                    row.line,
                    "kind",
                    f"{key} is the key of an existing {now['kind']}, not of {said!r}; give a new one a new key.",
                )
            )
            return
        for column in COLUMNS[2:]:
            cell = row.cells.get(column)
            if cell is None or same(column, cell, base[column]) or same(column, cell, now[column]):
                continue
            if not same(column, base[column], now[column]):
                self.conflicts.append(Conflict(key, column, now[column], cell))
            self._put(row, key, column, cell)

    def _put(self, row: Row, key: str, column: str, cell: str) -> None:
        kind, entry, parent = next(one for one in rows(self.data) if key_of(one[1]) == key)
        if (whose := ONLY.get(column, kind)) != kind and not (column in NUMBER and entry.get("outcome")):
            if cell:
                why = f"only {_A[whose]} has one, not {_A[kind]}; leave it empty."
                why = f"it has no outcome; define one in `{MEASURED_BY}`." if column in NUMBER else why
                self.faults.append(LintError(row.line, column, why))
        elif column == TEAM_PLANS:
            self._team_plans(row, key, cell)
        elif column == "under" and kind == KEY_RESULT and parent is not None:
            target = self._objective(row, cell)
            if target is not None:
                parent["key_results"].remove(entry)
                target["key_results"].append(entry)
        elif column == "teams" and kind == OBJECTIVE and len(teams_in(cell)) > 1:
            self.faults.append(
                LintError(row.line, column, "an objective belongs to one team, or to the company: name one.")
            )
        else:
            if column in NUMBER and kind == KEY_RESULT and not entry.get("metric"):
                self.notes.append(f"{key} had no metric: it is now measured by check-ins (`leeway measure {key} 42`).")
            try:
                put(kind, entry, column, cell)
            except ValueError as error:
                self.faults.append(LintError(row.line, column, f"{error}."))

    def _team_plans(self, row: Row, key: str, cell: str) -> None:
        known = [str(team["key"]) for team in self.data.get("teams") or ()]
        try:
            plans = {team: cell_plan(plan) for team, plan in plans_in(cell).items()}
        except ValueError as error:
            self.faults.append(LintError(row.line, TEAM_PLANS, f"{error}."))
            return
        if unknown := next((team for team in plans if team not in known), None):
            near = difflib.get_close_matches(unknown, known, 1)
            advice = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(known) or 'none'}."
            self.faults.append(LintError(row.line, TEAM_PLANS, f"unknown team {unknown!r}. {advice}"))
            return
        put_plans(self.data, key, plans)

    def _objective(self, row: Row, key: str) -> dict[str, Any] | None:
        known = {key_of(one): one for one in self.data["objectives"]}
        if key not in known:
            near = difflib.get_close_matches(key, known, 1)
            advice = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(known)}."
            self.faults.append(LintError(row.line, "under", f"unknown objective {key!r}. {advice}"))
        return known.get(key)

    def _add(self, row: Row, key: str) -> None:
        kind = row.cells.get("kind", "").casefold()
        if kind == OBJECTIVE:
            self.data["objectives"].append({"key": key, "title": "", "key_results": []})
        elif kind == KEY_RESULT:
            target = self._objective(row, row.cells.get("under", ""))
            if target is None:
                return
            target["key_results"].append({"key": key, "title": ""})
        else:
            self.faults.append(LintError(row.line, "kind", f"{key} is new: write `objective` or `key result`."))
            return
        for column in COLUMNS[2:]:
            cell = row.cells.get(column, "")
            if cell and not (column == "under" and kind == KEY_RESULT):
                self._put(row, key, column, cell)

    def drop(self, keys: Sequence[str]) -> None:
        """Remove entries; an objective with all its key results."""
        self.data["objectives"] = [one for one in self.data["objectives"] if key_of(one) not in keys]
        for objective in self.data["objectives"]:
            objective["key_results"] = [one for one in objective["key_results"] if key_of(one) not in keys]

    def placed(self, name: str, fault: LintError) -> str:
        """Locate a fault of the register by its line and column in the table, else by its field."""
        found = re.match(r"objectives\[(\d+)\](?:\.key_results\[(\d+)\])?(?:\.|$)", fault.field)
        if found:
            row = self.data["objectives"][int(found[1])]
            row = row["key_results"][int(found[2])] if found[2] else row
            if (key := key_of(row)) in self.lines:
                return f"{name}, line {self.lines[key]}, column {column_of(fault.field)}: {fault.message}"
            return f"{key}, which {name} does not hold: {column_of(fault.field)}: {fault.message}"
        return f"the register, which {name} changes: {fault.field or 'it'}: {fault.message}"
