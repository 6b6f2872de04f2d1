"""What objectives cost in a month: weeks split at its ends, small teams only with the others, cells that no spreadsheet runs."""

import csv
import io
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session, sessionmaker
from typer.testing import CliRunner

from leeway.cli import app
from leeway.costs import REST, Month, cost_rows, not_known, notes
from models import Cycle, Share
from pipeline.register.document import Register, parse
from pipeline.register.versions import load_register
from tests.conftest import NOW

TEXT = """
company: Acme
currency: EUR
period: {name: Q4, start: 2026-09-28, end: 2026-12-31}
teams:
  - {key: app, name: "=App", rate: 600, members: [a@x.example, b@x.example, c@x.example, d@x.example, e@x.example]}
  - {key: ops, name: Ops, rate: 900, members: [f@x.example, g@x.example, h@x.example, i@x.example, j@x.example]}
objectives:
  - {key: O1, title: Riders, priority: 1, key_results: [{key: O1.1, title: Daily riders}]}
"""
WEEK = date(2026, 9, 28)
"""Its first three days are of September."""


def filled(sessions: sessionmaker[Session]) -> Register:
    with sessions.begin() as session:
        load_register(session, parse(TEXT), TEXT)
        session.add(Cycle(started_at=NOW, finished_at=NOW, through=date(2026, 10, 11), seconds={}, counts={}))
        for n in range(3):
            for scope, days, share in (("company", 100.0, 0.5), ("app", 40.0, 0.75)):
                for key, part in (("O1", share), ("", 1 - share), ("top", share)):
                    session.add(
                        Share(
                            week=WEEK + timedelta(weeks=n),
                            scope=scope,
                            objective=key,
                            share=part,
                            low=0.0,
                            high=1.0,
                            coverage=0.9,
                            person_days=days,
                        )
                    )
    return parse(TEXT)


def test_a_month_is_its_part_of_each_whole_week_by_team_and_the_rest_together(sessions: sessionmaker[Session]) -> None:
    register = filled(sessions)
    with sessions() as session:
        rows = cost_rows(session, register, Month.of("2026-10"), date(2026, 10, 11))
    # Two of five days of the first week, all of the second; the third is not over.
    assert [(row["team"], row["objective"], row["person_days"], row["day_rate"], row["cost"]) for row in rows] == [
        ("=App", "O1", 42.0, 600.0, 25_200.0),
        ("=App", "", 14.0, 600.0, 8_400.0),
        (REST, "O1", 28.0, 750.0, 21_000.0),
        (REST, "", 56.0, 750.0, 42_000.0),
    ]
    assert sum(row["person_days"] for row in rows) == pytest.approx(140)


def test_the_rows_add_up_to_what_was_worked_where_a_team_has_more_of_an_objective_than_the_company(
    sessions: sessionmaker[Session],
) -> None:
    register = filled(sessions)
    with sessions.begin() as session:
        for row in session.scalars(select(Share).where(Share.scope == "app")):
            row.person_days = 80.0  # of which 60 are on O1, where the company has 50
    with sessions() as session:
        rows = cost_rows(session, register, Month.of("2026-10"), date(2026, 10, 11))
    assert [(row["team"], row["objective"], row["person_days"]) for row in rows] == [
        ("=App", "O1", 84.0),
        ("=App", "", 28.0),
        (REST, "", 28.0),
    ]


def test_without_a_rate_there_are_days_and_no_cost_and_how_to_set_one(sessions: sessionmaker[Session]) -> None:
    filled(sessions)
    month, through = Month.of("2026-10"), date(2026, 10, 11)
    register = parse(TEXT.replace("rate: 600, ", "").replace("rate: 900, ", ""))
    with sessions() as session:
        rows = cost_rows(session, register, month, through)
        half = cost_rows(session, parse(TEXT.replace("rate: 600, ", "")), month, through)
        whole = cost_rows(session, parse(TEXT), month, through)
    assert {row["cost"] for row in rows} == {""}
    assert rows[0]["person_days"] == 42.0
    assert "rate: 600" in " ".join(notes(rows, month, None))
    assert notes(half, month, None) == ["No cost, because no rate is set: =App."]
    assert notes(whole, month, None) == []


@pytest.mark.parametrize("written", ["2026-13", "October", "2026-10-01"])
def test_a_month_that_is_none_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"month|iso"):
        Month.of(written)


def test_the_command_prints_csv_that_no_spreadsheet_runs(tmp_path: Path) -> None:
    config = tmp_path / "leeway.toml"
    url = f"sqlite:///{tmp_path}/x.db"
    config.write_text(f'[database]\nurl = "{url}"\n')
    runner = CliRunner()
    (tmp_path / "okrs.yaml").write_text(TEXT)
    assert runner.invoke(app, ["--config", str(config), "okrs", "load", str(tmp_path / "okrs.yaml")]).exit_code == 0
    filled(sessionmaker(create_engine(url)))
    found = runner.invoke(app, ["--config", str(config), "costs", "--month", "2026-10"])
    assert found.exit_code == 0, found.output
    rows = list(csv.DictReader(io.StringIO(found.stdout)))
    assert rows[0]["team"] == "'=App"
    assert rows[0]["cost"] == "25200.0"
    assert "2026-10 is not included from 2026-10-12 on" in found.stderr
    # Where numbers have a decimal comma, 25200.0 is a text and 42.0 a day (reported: opf/openproject #17450).
    found = runner.invoke(app, ["--config", str(config), "costs", "--month", "2026-10", "--semicolons"])
    assert found.stdout.splitlines()[1] == "2026-10;'=App;O1;Riders;42,0;600,0;25200,0;EUR"
    assert runner.invoke(app, ["--config", str(config), "costs", "--month", "Oct"]).exit_code == 2


def rows_of(
    sessions: sessionmaker[Session], register: Register, month: str, *rates: tuple[date, str]
) -> list[dict[str, Any]]:
    """The rows of a month, where registers with other rates were loaded on some days."""
    history = [(day, parse(TEXT.replace("rate: 600", f"rate: {rate}"))) for day, rate in rates]
    with sessions() as session:
        return cost_rows(session, register, Month.of(month), date(2026, 10, 11), history)


def test_a_new_rate_changes_no_month_that_was_handed_in(sessions: sessionmaker[Session]) -> None:
    """Reported: a new rate changes the cost of all months before (opf/openproject-costs #23, kimai #3201)."""
    register, first, later = filled(sessions), (date(2026, 9, 1), "600"), (date(2026, 11, 3), "700")
    assert rows_of(sessions, register, "2026-10", first, later)[0]["cost"] == 25_200.0
    assert rows_of(sessions, register, "2026-10", first, (date(2026, 10, 20), "700"))[0]["cost"] == 29_400.0
    assert rows_of(sessions, register, "2026-10", later)[0]["cost"] == 29_400.0  # none was known then


def test_every_line_recalculates_and_the_lines_are_all_days(sessions: sessionmaker[Session]) -> None:
    """Reported: a total is not the sum of its lines, days times rate is not the cost (kimai #6039, #5554, timetagger #408)."""
    register = filled(sessions)
    with sessions.begin() as session:
        for row in session.scalars(select(Share)):
            row.person_days *= 1.037
    rows = rows_of(sessions, register, "2026-10", (date(2026, 9, 1), "633.33"))
    assert all(row["cost"] == round(row["person_days"] * row["day_rate"], 2) for row in rows)
    assert sum(row["person_days"] for row in rows) == pytest.approx(140 * 1.037, abs=0.005 * len(rows))


def test_no_day_of_the_next_month_and_what_is_not_known_is_said(sessions: sessionmaker[Session]) -> None:
    """Reported: 1 April stands in the file of March (thdk/team-timesheets #124); and a file made before the last week was over
    lacks it without a word."""
    register = filled(sessions)
    september = rows_of(sessions, register, "2026-09", (date(2026, 9, 1), "600"))
    assert sum(row["person_days"] for row in september) == pytest.approx(100 * 3 / 5)
    assert not_known(Month.of("2026-10"), date(2026, 10, 11)).startswith("2026-10 is not included from 2026-10-12 on")
    assert not_known(Month.of("2026-09"), date(2026, 10, 11)) == ""
    # Within a week: the days of the running week that are read already are in no row either.
    assert not_known(Month.of("2026-10"), date(2026, 10, 14)).startswith("2026-10 is not included from 2026-10-12 on")
    assert not_known(Month.of("2026-10"), date(2026, 10, 31)).startswith("2026-10 is not included from 2026-10-26 on")
    assert not_known(Month.of("2026-10"), date(2026, 11, 1)) == ""
