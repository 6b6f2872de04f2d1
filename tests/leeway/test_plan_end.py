"""A period that has ended, on the command line: lint, load and check name it, carry-over writes the next plan."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from rich.console import Console

from leeway.app import App
from leeway.check import check_all
from leeway.settings import Settings
from leeway.status import status_of
from leeway.status_text import render
from pipeline.register.carry import CarryError, carried, due_before, next_period
from pipeline.register.document import Period, parse
from pipeline.register.quality import findings
from pipeline.register.versions import load_register
from pipeline.register.yaml_nodes import Document
from tests.conftest import newest_sqlite
from tests.leeway.test_cli import leeway, refused

OLD = """\
# What we do, and why.
company: Acme
period:
  name: 2020-Q3   # the third
  start: 2020-07-01
  end: "2020-09-30"
teams: [{key: app, name: App}]
objectives:
  - key: O1
    title: Customers stay
    priority: 1
    owner: ana@x.example
    key_results:
      - {key: O1.1, title: Churn from 4 % to 2 %, due: 2020-09-15}
      - {key: O1.2, title: "Orders, 0 to 500", due: 2020-12-15}
"""
NEXT = OLD.replace("2020-Q3 ", '"2020-Q4" ').replace("2020-07-01", "2020-10-01").replace('"2020-09-30"', "2020-12-31")


def loaded(folder: Path, text: str = OLD) -> None:
    (folder / "okrs.yaml").write_text(text)
    assert leeway(folder, "okrs", "load", "okrs.yaml").returncode == 0


def test_lint_names_a_period_that_has_ended_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "okrs.yaml").write_text(OLD)
    said = leeway(tmp_path, "okrs", "lint", "okrs.yaml")
    assert said.returncode == 0
    assert 'okrs.yaml, line 6: 2020-Q3: period-ended: "2020-09-30" the period has ended' in said.stdout
    assert "leeway okrs carry-over" in said.stdout
    assert leeway(tmp_path, "okrs", "lint", "okrs.yaml", "--strict").returncode == 1
    assert "period-ended" not in leeway(tmp_path, "okrs", "lint", "okrs.yaml", "--skip", "period-ended").stdout
    rows = json.loads(leeway(tmp_path, "okrs", "lint", "okrs.yaml", "--json").stdout)["findings"]
    assert [row["line"] for row in rows if row["rule"] == "period-ended"] == [6]


def test_the_lint_is_silent_on_the_last_day_of_a_plan() -> None:
    def rules(today: date) -> list[str]:
        return [one.rule for one in findings(parse(OLD), Document(OLD), today)]

    assert "period-ended" not in rules(date(2020, 9, 30))
    assert rules(date(2020, 10, 1)).count("period-ended") == 1


def test_load_says_that_the_period_has_ended_and_loads_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "okrs.yaml").write_text(OLD)
    said = leeway(tmp_path, "okrs", "load", "okrs.yaml", "--strict")
    assert said.returncode == 0
    assert "note: okrs.yaml, line 6: 2020-Q3 ended on 2020-09-30, so no drift from it is reported." in said.stdout
    assert "is now the register (version 1)" in said.stdout
    (tmp_path / "okrs.yaml").write_text(OLD.replace("2020-09-30", "2199-09-30"))
    assert "note:" not in leeway(tmp_path, "okrs", "load", "okrs.yaml").stdout


def test_carry_over_writes_the_next_plan_which_loads(tmp_path: Path) -> None:
    loaded(tmp_path)
    said = leeway(tmp_path, "okrs", "carry-over")
    assert said.returncode == 0
    assert said.stdout == NEXT
    assert "2020-Q3 is carried over to 2020-Q4, 2020-10-01 to 2020-12-31." in said.stderr
    assert "O1.1 was due on 2020-09-15, before 2020-Q4 begins" in said.stderr
    assert "O1.2" not in said.stderr
    assert "2020-Q4 has also ended: choose a later one with --start and --end." in said.stderr
    assert "Nothing was loaded. Next: save it as okrs.yaml" in said.stderr
    for _ in range(2):  # the same text again is no matter
        again = leeway(tmp_path, "okrs", "carry-over", "--output", "next.yaml")
        assert again.returncode == 0
        assert "`leeway okrs load next.yaml`" in again.stderr
    assert again.stdout == ""
    assert (tmp_path / "next.yaml").read_text() == NEXT
    assert "already was the register (version 1)" in leeway(tmp_path, "okrs", "load", "okrs.yaml").stdout
    assert "is now the register (version 2)" in leeway(tmp_path, "okrs", "load", "next.yaml", "--strict").stdout
    assert "2020-Q4 is carried over to 2021-Q1" in leeway(tmp_path, "okrs", "carry-over").stderr


def test_carry_over_names_numbers_that_are_no_longer_where_they_start(tmp_path: Path) -> None:
    # Profit.co's clones start at zero whatever was reached, puzzle/okr #1255 lost the baseline: here it is kept, and said.
    measured = OLD.replace("due: 2020-09-15}", "metric: {checkin: true, start: 1200000, target: 2000000}}")
    (tmp_path / "okrs.yaml").write_text(measured)
    leeway(tmp_path, "okrs", "load", "okrs.yaml")
    assert "but is now at" not in leeway(tmp_path, "okrs", "carry-over").stderr
    assert "1234567.5 saved" in leeway(tmp_path, "measure", "O1.1", "1234567.5").stdout
    assert ": 1234567.5\n" in leeway(tmp_path, "measure").stdout  # and no 1.23457e+06: turso-cli #175, appscope #183
    assert (
        "O1.1 starts at 1200000 in it but is now at 1234567.5: write `start: 1234567.5`."
        in leeway(tmp_path, "okrs", "carry-over").stderr
    )


def test_carry_over_writes_over_nothing_and_refuses_what_is_no_next_period(tmp_path: Path) -> None:
    refused(leeway(tmp_path, "okrs", "carry-over"), "no register is loaded yet", "leeway okrs load")
    loaded(tmp_path)
    refused(leeway(tmp_path, "okrs", "carry-over", "--output", "okrs.yaml"), "okrs.yaml exists", "--force")
    assert (tmp_path / "okrs.yaml").read_text() == OLD
    later = leeway(tmp_path, "okrs", "carry-over", "--start", "2190-01-01", "--end", "2190-03-31", "--name", "later")
    assert "later, 2190-01-01 to 2190-03-31." in later.stderr
    assert "has also ended" not in later.stderr
    refused(leeway(tmp_path, "okrs", "carry-over", "--start", "2020-09-01"), "lies within 2020-Q3", "2020-09-30")
    refused(leeway(tmp_path, "okrs", "carry-over", "--end", "2020-10-01"), "does not lie after the start")
    refused(leeway(tmp_path, "okrs", "carry-over", "--name", "2020-Q3"), "a different name")
    refused(leeway(tmp_path, "okrs", "carry-over", "--start", "soon"), "soon")
    assert leeway(tmp_path, "okrs", "carry-over", "--output", "okrs.yaml", "--force").returncode == 0
    assert (tmp_path / "okrs.yaml").read_text() == NEXT
    taught = leeway(tmp_path, "okrs", "carry-over", "--help").stdout
    for part in ("--name", "--start", "--end", "--output", "--force", "Loads nothing", "leeway okrs load next.yaml"):
        assert part in " ".join(taught.split()), part


@pytest.mark.parametrize(
    ("old", "following"),
    [
        (("2026-Q3", "2026-07-01", "2026-09-30"), ("2026-Q4", "2026-10-01", "2026-12-31")),
        (("Q4 2026", "2026-10-01", "2026-12-31"), ("Q1 2027", "2027-01-01", "2027-03-31")),
        (("FY26 Q4", "2026-01-01", "2026-03-31"), ("FY27 Q1", "2026-04-01", "2026-06-30")),
        (("FY2026/27 Q4", "2027-01-01", "2027-03-31"), ("FY2027/28 Q1", "2027-04-01", "2027-06-30")),
        (("H2 '99", "2099-07-01", "2099-12-31"), ("H1 '00", "2100-01-01", "2100-06-30")),
        (("Q3 FY26", "2026-01-01", "2026-03-31"), ("Q4 FY26", "2026-04-01", "2026-06-30")),
        (("H2 2026", "2026-07-01", "2026-12-31"), ("H1 2027", "2027-01-01", "2027-06-30")),
        (("FY25/26 Q4", "2026-01-01", "2026-03-31"), ("FY26/27 Q1", "2026-04-01", "2026-06-30")),  # NPSP 316
        (("Q4 2025-26", "2026-04-01", "2026-06-30"), ("Q1 2026-27", "2026-07-01", "2026-09-30")),
        (("Q4/26", "2026-10-01", "2026-12-31"), ("Q1/27", "2027-01-01", "2027-03-31")),
        (("Team 47 Q4", "2026-10-01", "2026-12-31"), ("2027-01-01 to 2027-03-31", "2027-01-01", "2027-03-31")),
        (("Q3 (Jul-Sep)", "2026-07-01", "2026-09-30"), ("2026-10-01 to 2026-12-31", "2026-10-01", "2026-12-31")),
        (("Spring", "2026-03-02", "2026-05-31"), ("2026-06-01 to 2026-08-30", "2026-06-01", "2026-08-30")),
        (("2026", "2026-01-01", "2026-12-31"), ("2027-01-01 to 2027-12-31", "2027-01-01", "2027-12-31")),
    ],
)
def test_the_next_period_is_as_long_and_named_on(old: tuple[str, str, str], following: tuple[str, str, str]) -> None:
    one = next_period(period(*old), None, None, None)
    assert (one.name, str(one.start), str(one.end)) == following


def period(name: str, start: str, end: str) -> Period:
    return Period.model_validate({"name": name, "start": start, "end": end})


def test_what_was_asked_for_is_taken() -> None:
    found = next_period(period("2026-Q3", "2026-07-01", "2026-09-30"), 'say "go"', date(2026, 10, 5), date(2026, 11, 1))
    assert parse(carried(OLD, parse(OLD), found)).period == found
    assert [one.key for one in due_before(OLD, found)] == ["O1.1", "O1.2"]


def test_a_period_that_the_file_uses_elsewhere_too_is_not_carried_over() -> None:
    text = OLD.replace("name: 2020-Q3 ", "name: &q 2020-Q3 ").replace("company: Acme\n", "") + "company: *q\n"
    with pytest.raises(CarryError, match=r"cannot be carried over|used elsewhere"):
        carried(text, parse(text), period("x", "2020-10-01", "2020-12-31"))


def app(folder: Path, text: str, now: datetime) -> App:
    made = App(Settings.model_validate({"database": {"url": newest_sqlite(folder / "s.db")}}), now=now)
    with made.sessions.begin() as session:
        load_register(session, parse(text), text)
    return made


def test_status_and_check_say_that_the_plan_has_run_out(tmp_path: Path) -> None:
    ended = app(tmp_path, OLD, datetime(2020, 10, 1, 12, tzinfo=UTC))
    found = status_of(ended) | {
        "sources": {"jira": {"signals": 1, "streams": 1, "minutes_since_pull": 1, "errors": [], "configured": True}}
    }
    out = Console(record=True, width=400, file=None, quiet=False)
    with out.capture() as said:
        render(found | {"waits_for": [], "days_known": 60}, out)
    assert "The plan 2020-Q3 ended on 30 September 2020, and no later one is loaded." in said.get()
    assert "leeway okrs carry-over" in said.get()
    assert "no open drift" not in said.get()
    (row,) = [row for row in check_all(ended) if (row.part, row.name) == ("register", "period")]
    assert (row.ok, row.todo) == (False, True)
    ended._now = datetime(2020, 9, 30, 12, tzinfo=UTC)
    assert status_of(ended)["plan_ended"] is None
    assert [row for row in check_all(ended) if row.name == "period"] == []
    with out.capture() as said:
        render(found | {"waits_for": [], "days_known": 60, "plan_ended": None}, out)
    assert "no open drift" in said.get()
