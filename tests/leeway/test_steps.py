"""`leeway steps`: what is told of hand-offs, from a real database, and what is not."""

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from leeway.app import App
from leeway.cli import app
from leeway.settings import load
from tests.conftest import newest_sqlite
from tests.pipeline.steps.made import NOW, REGISTER, fill

Filled = Callable[..., None]


@pytest.fixture
def filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Filled:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "leeway.toml").write_text(f'[database]\nurl = "{newest_sqlite(tmp_path / "leeway.db")}"\n')
    monkeypatch.setattr(App, "now", lambda _: NOW)

    def fill_it(register: str = REGISTER, **how: Any) -> None:
        (tmp_path / "okrs.yaml").write_text(register)
        assert run("okrs", "load", "okrs.yaml", "--yes")[0] == 0
        with App(load()).sessions() as session:
            fill(session, **how)

    return fill_it


def run(*words: str) -> tuple[int, str]:
    found = CliRunner().invoke(app, list(words))
    return found.exit_code, found.output + (f"{found.exception}" if found.exception else "")


def told() -> dict[str, Any]:
    code, said = run("steps", "--json")
    assert code == 0, said
    return dict(json.loads(said)[0])


def step(found: dict[str, Any], key: str) -> dict[str, Any]:
    return next(dict(one) for one in found["path"] if one["step"] == key)


def test_a_step_that_softens_is_told_with_since_when_and_what_would_help(filled: Filled) -> None:
    filled(softens_from=20)
    found = told()
    assert found["excepted"] == 1
    seen, intake = step(found, "seen"), step(found, "intake")
    assert intake["softening"] is None
    assert intake["conformance"] == 1
    assert seen["softening"]["before"] == pytest.approx(0.92, abs=0.04)
    assert seen["softening"]["now"] == pytest.approx(0.5, abs=0.1)
    assert abs((datetime.fromisoformat(seen["softening"]["since"]) - datetime(2026, 5, 25)).days) <= 7  # noqa: DTZ001
    assert "of 100 cases went as written, " in seen["signal"]
    assert "message in the team's channel" in seen["reinforcement"]
    assert seen["deviations"]["late"] > 5 * seen["deviations"].get("missing", 0)  # the newest may still come
    assert seen["goes_with"] == []
    assert 2 <= seen["fall_found_in_weeks"] <= 13
    assert seen["cases_a_week"] > 1
    assert "weeks, four times in five:" in run("steps")[1]
    late = seen["effects"][0]
    assert late["low"] <= 11 <= late["high"]
    assert "one need not cause the other" in seen["insight"]


def test_the_load_of_the_day_is_named_where_it_goes_with_it(filled: Filled) -> None:
    filled(by_load=True)
    seen = step(told(), "seen")
    assert [one["name"] for one in seen["goes_with"]] == ["load"]
    assert seen["goes_with"][0]["deviates"] > 0.35 > seen["goes_with"][0]["else"]
    assert "spread the cases of busy days" in seen["reinforcement"]


def test_the_running_week_is_marked_and_what_still_has_time_is_open(
    filled: Filled, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled()
    thursday = datetime(2026, 7, 2, 12, tzinfo=UTC)
    monkeypatch.setattr(App, "now", lambda _: thursday)
    found = told()
    rows = [row for row in found["weeks"] if row["step"] == "seen"]
    assert [row["week"] for row in rows if row["running"]] == ["2026-06-29"]
    assert found["open"] > 0
    assert all(row["as_written"] <= row["cases"] and row["low"] <= row["conformance"] <= row["high"] for row in rows)


def test_a_table_a_spreadsheet_and_no_words_from_outside_in_them(filled: Filled) -> None:
    filled(softens_from=20)
    code, said = run("steps")
    assert code == 0
    assert "=Intake [filled]" in said
    assert "cases  kept  9 in 10 sure  missing  order  late  twice" in said
    assert "softening since" in said
    assert "p1@x.example" not in said
    assert "Secret" not in said
    rows = list(csv.DictReader(io.StringIO(run("steps", "--csv")[1])))
    assert {row["title"] for row in rows if row["step"] == "intake"} == {"'=Intake [filled]"}


@pytest.mark.parametrize(
    ("change", "how", "why"),
    [
        (("team: ops\n", "team: duo\n"), {}, "a team in it has fewer than 5 people"),
        (("", ""), {"people": 4}, "fewer than 5 people of its team have worked in any week"),
    ],
)
def test_nothing_is_told_of_a_few_people(
    filled: Filled, change: tuple[str, str], how: dict[str, int], why: str
) -> None:
    filled(REGISTER.replace(*change) if change[0] else REGISTER, **how)
    found = told()
    assert (found["untold"], found["path"], found["weeks"]) == (why, [], [])
    assert why in run("steps")[1]


def test_a_field_that_nobody_reads_is_said_with_what_to_do(filled: Filled) -> None:
    filled(REGISTER.replace("field: intake,", "field: intke,"))
    assert told()["unread_fields"] == ["intke"]
    assert "list it in `fields` of the source's section in leeway.toml" in run("steps")[1]


def test_a_status_that_nothing_ever_came_to_is_said_with_those_that_there_are(filled: Filled) -> None:
    filled(REGISTER.replace("end: {stage: Live}", "end: {stage: Livve}"))
    assert told()["unknown_statuses"] == [
        "Nothing ever reached the status or stage “Livve” (there are “Closed won”, “Live”): write it as the source does."
    ]
    assert "“Livve”" in run("steps")[1]


def test_without_steps_it_says_how_to_write_them(filled: Filled) -> None:
    filled(REGISTER.partition("steps:")[0])
    code, said = run("steps")
    assert code != 0
    assert "okrs.yaml has no `steps`" in said
