"""What objectives cost in a month: weeks split at its ends, small teams only with the others, cells that no spreadsheet runs."""

import csv
import io
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker
from typer.testing import CliRunner

from leeway.cli import app
from leeway.costs import REST, Month, cost_rows
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


def test_without_a_rate_there_are_days_and_no_cost(sessions: sessionmaker[Session]) -> None:
    filled(sessions)
    register = parse(TEXT.replace("rate: 600, ", "").replace("rate: 900, ", ""))
    with sessions() as session:
        rows = cost_rows(session, register, Month.of("2026-10"), date(2026, 10, 11))
    assert {row["cost"] for row in rows} == {""}
    assert rows[0]["person_days"] == 42.0


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
    assert runner.invoke(app, ["--config", str(config), "costs", "--month", "Oct"]).exit_code == 2
