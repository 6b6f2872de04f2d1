"""A plan that is loaded beside another one that is running: what it ends is said, and somebody must agree."""

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from leeway.app import App
from leeway.okrs_load import Held, diff, load
from leeway.settings import Settings
from tests.conftest import newest_sqlite

QUARTER = """
company: Acme
period: {name: Q3, start: 2026-07-01, end: 2026-09-30}
teams: [{key: a, name: A, members: [ana@x.example]}]
objectives:
  - {key: O1, title: Customers stay with us, priority: 1, key_results: [{key: O1.1, title: Churn from 4 % to 2 %}]}
  - {key: O2, title: The shop sells abroad, priority: 2, key_results: [{key: O2.1, title: "Orders from abroad, 0 to 500"}]}
"""
NEXT = QUARTER.replace(
    "{name: Q3, start: 2026-07-01, end: 2026-09-30}", "{name: Q4, start: 2026-10-01, end: 2026-12-31}"
)
YEAR = QUARTER.replace(
    "{name: Q3, start: 2026-07-01, end: 2026-09-30}", "{name: FY26, start: 2026-01-01, end: 2026-12-31}"
)
YEAR = (
    YEAR[: YEAR.index("  - {key: O2")]
    .replace("Customers stay", "Warehouses run by themselves")
    .replace("Churn", "Picks")
)


class Loads:
    """`leeway okrs load` in August, and what it said."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.out = folder, io.StringIO()
        url = newest_sqlite(folder / "x.db")
        given = Settings.model_validate({"database": {"url": url}})
        self.app = App(given, now=datetime(2026, 8, 12, 9, tzinfo=UTC))

    def __call__(self, text: str, *, yes: bool = False) -> str:
        (self.folder / "plan.yaml").write_text(text)
        self.out.truncate(self.out.seek(0))
        out = Console(file=self.out, width=2000)
        given = {"by": "ana", "why": None, "strict": False, "meaning": False}
        load(self.app, self.folder / "plan.yaml", out, yes=yes, **given)
        return self.out.getvalue()

    @property
    def period(self) -> str:
        return self.app.register()[1].period.name


@pytest.fixture
def loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Loads:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    given = Loads(tmp_path)
    assert "overlaps" not in given(QUARTER)
    return given


def test_an_annual_plan_beside_a_running_quarter_takes_its_place_only_where_somebody_agrees(loads: Loads) -> None:
    with pytest.raises(Held, match="With --yes it replaces Q3"):
        loads(YEAR)
    said = loads.out.getvalue()
    assert "FY26 (2026-01-01 to 2026-12-31) overlaps Q3 (2026-07-01 to 2026-09-30), which is running" in said
    assert "What ends: “Customers stay with us”, “The shop sells abroad”" in said
    assert "a new baseline begins on 2026-08-12" in said
    assert loads.period == "Q3"
    diff(loads.app, str(loads.folder / "plan.yaml"), None, Console(file=loads.out, width=2000), meaning=False)
    assert loads.out.getvalue().count("overlaps") == 2
    assert "overlaps" in loads(YEAR, yes=True)
    assert loads.period == "FY26"
    assert "overlaps" not in loads(YEAR.replace("Picks", "Picks by hand"))  # an edit of it is no other plan


@pytest.mark.parametrize(("typed", "period"), [("y", "FY26"), ("", "Q3")])
def test_a_terminal_is_asked(loads: Loads, monkeypatch: pytest.MonkeyPatch, typed: str, period: str) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda: typed)
    if typed:
        loads(YEAR)
    else:
        with pytest.raises(Held):
            loads(YEAR)
    assert "Replace the running plan with it? [y/N] " in loads.out.getvalue()
    assert loads.period == period


def test_the_next_plan_before_its_first_day_is_loaded_and_it_is_said_what_that_ends(loads: Loads) -> None:
    said = loads(NEXT)
    assert "work counts towards Q4, although it begins on 2026-10-01" in said
    assert loads.period == "Q4"


def test_a_plan_that_has_not_begun_is_no_running_one(loads: Loads) -> None:
    loads(NEXT)
    assert "plan:" not in loads(QUARTER)


def test_a_period_that_is_over_or_whose_last_day_moves_is_no_running_one(loads: Loads) -> None:
    assert "plan:" not in loads(QUARTER.replace("2026-09-30", "2026-08-31"))
    over = QUARTER.replace("2026-09-30", "2026-08-02")
    loads(over)
    assert "plan:" not in loads(YEAR)


@pytest.mark.parametrize(("typed", "period"), [("y", "Q4"), ("", "Q3")])
def test_a_terminal_is_asked_before_a_new_baseline_begins_and_told_what_it_means(
    loads: Loads, monkeypatch: pytest.MonkeyPatch, typed: str, period: str
) -> None:
    plan = NEXT.replace("Customers stay with us", "Warehouses run by themselves").replace("Churn", "Picks by hand")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda: typed)
    if typed:
        loads(plan)
    else:
        with pytest.raises(Held, match="Load it with --yes; a new baseline then starts"):
            loads(plan)
    said = loads.out.getvalue()
    assert "past figures: the top priorities change: a new baseline begins on 2026-10-01" in said
    assert "Load it and start a new baseline? [y/N] " in said
    assert loads.period == period
