"""`leeway measure` and a cycle's measuring on the command line; what status says of it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from connectors.tenant import Tenant
from leeway.app import App
from leeway.cli import app
from leeway.measuring import measure
from leeway.settings import load
from models import Measurement
from pipeline.people.forget import forget
from tests.conftest import newest_sqlite

REGISTER = """\
period: {name: Q3, start: 2026-07-01, end: 2100-09-30}
teams: [{key: app, name: App, members: [ann@x.example]}]
objectives:
  - key: O1
    title: Customers stay
    priority: 1
    key_results:
      - {key: O1.1, title: "NPS from 31 to 45", teams: [app], metric: {checkin: true, start: 31, target: 45}}
      - {key: O1.2, title: "Churn from 2 % to 1 %", teams: [app], metric: {csv: churn.csv, column: churn}}
      - {key: O1.3, title: "Open bugs from 40 to 10", teams: [app], metric: {jql: status = Open}}
      - {key: O1.4, title: "Orders from 4 to 10", teams: [app]}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "leeway.toml").write_text(f'[database]\nurl = "{newest_sqlite(tmp_path / "leeway.db")}"\n')
    (tmp_path / "okrs.yaml").write_text(REGISTER)
    assert run("okrs", "load", "okrs.yaml", "--yes")[0] == 0
    return tmp_path


def run(*words: str) -> tuple[int, str]:
    found = CliRunner().invoke(app, list(words))
    return found.exit_code, found.output + (f"{found.exception}" if found.exception else "")


def metrics() -> dict[str, dict[str, object]]:
    return {row["key_result"]: row for row in json.loads(run("status", "--json")[1])["metrics"]}


def test_a_number_is_typed_in_and_kept(folder: Path) -> None:
    assert run("measure", "O1.1", "33", "--day", "2026-07-03", "--note", "survey of June") == (
        0,
        "O1.1 NPS from 31 to 45: 33 saved.\n",
    )
    assert run("measure", "O1.1", "-4,5", "--day", "2026-07-04")[0] == 0
    assert metrics()["O1.1"] == {"key_result": "O1.1", "day": "2026-07-04", "value": -4.5, "fault": ""}


def test_a_period_that_is_over_stays_to_be_read_and_to_be_put_right(folder: Path) -> None:
    # oslokommune/okr-tracker #840: numbers of a period that has ended come days later.
    old = REGISTER.replace("2100-09-30", "2026-09-30")
    (folder / "okrs.yaml").write_text(old)
    assert run("okrs", "load", "okrs.yaml", "--yes", "--why", "shorter")[0] == 0
    after = old.replace("name: Q3, start: 2026-07-01, end: 2026-09-30", "name: Q4, start: 2026-10-01, end: 2100-12-31")
    (folder / "okrs.yaml").write_text(after.replace("from 31 to 45", "from 45 to 50"))
    assert run("okrs", "load", "okrs.yaml", "--yes")[0] == 0
    run("measure", "O1.1", "46", "--day", "2026-10-02")
    run("measure", "O1.1", "38", "--day", "2026-09-30")
    ended = {row["key_result"]: row for row in json.loads(run("progress", "--period", "Q3", "--json")[1])}
    assert [ended["O1.1"][name] for name in ("title", "now", "pace", "expected")] == [
        "NPS from 31 to 45",
        38.0,
        0.5,
        1.0,
    ]
    assert "at its end" in run("progress", "--period", "Q3")[1]
    assert "there was no period 'Q2'; known: Q3, Q4." in run("progress", "--period", "Q2")[1]
    assert "from 31 to 45" in run("okrs", "export", "--version", "2")[1]
    assert "there is no version 9" in run("okrs", "export", "--version", "9")[1]


def test_a_number_that_comes_late_is_of_the_key_result_of_its_day(folder: Path) -> None:
    old = REGISTER.replace("2100-09-30", "2026-09-30")
    (folder / "okrs.yaml").write_text(old)
    assert run("okrs", "load", "okrs.yaml", "--yes", "--why", "shorter")[0] == 0
    after = old.replace("name: Q3, start: 2026-07-01, end: 2026-09-30", "name: Q4, start: 2026-10-01, end: 2100-12-31")
    new = after.replace("O1.1", "O1.5").replace("O1.4", "O1.1").replace("NPS from 31 to 45", "NPS from 45 to 50")
    new = new.replace(
        '4 to 10", teams: [app]}', '4 to 10", teams: [app], metric: {checkin: true, start: 4, target: 10}}'
    )
    (folder / "okrs.yaml").write_text(new)
    assert run("okrs", "load", "okrs.yaml", "--yes")[0] == 0
    assert run("measure", "O1.1", "38", "--day", "2026-09-30") == (0, "O1.1 NPS from 31 to 45 (Q3): 38 saved.\n")
    assert run("measure", "O1.1", "6", "--day", "2026-10-02") == (0, "O1.1 Orders from 4 to 10: 6 saved.\n")
    found = {row["key_result"]: row["now"] for row in json.loads(run("progress", "--period", "Q3", "--json")[1])}
    assert found["O1.1"] == 38
    assert (
        "there is no key result or outcome 'O1.5' in the register of Q3"
        in run("measure", "O1.5", "1", "--day", "2026-09-30")[1]
    )
    assert "2026-05-01 lies in no known period" in run("measure", "O1.1", "1", "--day", "2026-05-01")[1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("O9", "1"), "there is no key result or outcome 'O9' in the register; expected one of O1.1, O1.2"),
        (("O1.2", "1"), "O1.2 is measured automatically"),
        (("O1.4", "1"), "O1.4 has no metric"),
        (("O1.1", "many"), "'many' instead of a number"),
        (("O1.1",), "a number is needed"),
        (("O1.1", "1", "--day", "May"), "'May' is not a date such as 2026-10-01"),
        (("O1.1", "1", "--day", "2099-01-01"), "is in the future"),
    ],
)
def test_what_cannot_be_typed_in_is_said(folder: Path, words: tuple[str, ...], said: str) -> None:
    code, output = run("measure", *words)
    assert code != 0
    assert said in " ".join(output.replace("│", " ").split())


def test_what_is_due_is_measured_and_what_fails_is_in_the_status(folder: Path) -> None:
    (folder / "churn.csv").write_text("churn\n2.1\n")
    code, output = run("measure")
    assert code == 2
    assert ": 2.1\n" in output
    assert "Jira is not configured. Add [jira] to leeway.toml." in output
    (folder / "churn.csv").write_text("churn\n1.9\n")
    run("measure")
    assert metrics()["O1.2"]["value"] == 2.1  # once a day
    run("measure", "--again")
    assert metrics()["O1.2"]["value"] == 1.9
    assert "Jira is not configured" in str(metrics()["O1.3"]["fault"])


def test_a_note_forgets_a_person_as_everything_does(folder: Path) -> None:
    from leeway.app import App

    run("measure", "O1.1", "33", "--note", "as zoe@x.example counted")
    application = App(load(folder / "leeway.toml"))
    with application.sessions.begin() as session:
        from models import Account

        session.add(Account(source="jira", external_id="z", name="Zoe", email="zoe@x.example"))
    forget(application.sessions, "zoe@x.example")
    with application.sessions() as session:
        assert "zoe@x.example" not in session.query(Measurement).one().note


def test_the_table_says_now_target_pace_forecast_and_why_there_is_none(folder: Path) -> None:
    today = datetime.now(UTC).date()
    text = REGISTER.replace("2026-07-01", str(today - timedelta(days=50))).replace(
        "2100-09-30", str(today + timedelta(days=50))
    )
    (folder / "okrs.yaml").write_text(text)
    assert run("okrs", "load", "okrs.yaml", "--yes")[0] == 0
    for week in range(6):
        run("measure", "O1.1", str(31 + week), "--day", str(today - timedelta(days=41 - 7 * week)))
    code, output = run("progress")
    assert code == 0
    said = " ".join(output.split())
    assert "O1.1 36 45 36% 50%" in said
    assert "O1.2 none none none 50% too early none" in said
    assert "too early: a forecast is given from 5 measurements over 21 days" in said
    rows = {row["key_result"]: row for row in json.loads(run("progress", "--json")[1])}
    assert list(rows) == ["O1.1", "O1.2", "O1.3"]
    assert rows["O1.1"]["pace"] == pytest.approx(5 / 14, abs=1e-4)
    assert 36 < rows["O1.1"]["low"] < rows["O1.1"]["forecast"] < rows["O1.1"]["high"] < 70
    run("measure", "O1.1", "44.9999")
    assert "O1.1 44.9999 45 99% 50%" in " ".join(run("progress")[1].split()), "it is not there yet"
    lines = run("progress", "--csv")[1].splitlines()
    assert lines[0].startswith("key_result,title,unit,start,now")
    assert len(lines) == 4


def test_an_outcome_is_typed_in_under_its_objective_and_stands_in_the_table(folder: Path) -> None:
    outcome = "    outcome: {checkin: true, start: 70, target: 90, unit: riders}\n    key_results:"
    (folder / "okrs.yaml").write_text(REGISTER.replace("    key_results:", outcome))
    assert run("measure", "O1", "71")[0] == 1, "not loaded yet"
    assert run("okrs", "load", "okrs.yaml", "--yes")[0] == 0
    assert run("measure", "O1", "72.5") == (0, "O1 Customers stay: 72.5 saved.\n")
    assert metrics()["O1"]["value"] == 72.5
    assert "O1 outcome" in run("progress")[1]
    rows = {row["key_result"]: row for row in json.loads(run("progress", "--json")[1])}
    assert (rows["O1"]["kind"], rows["O1"]["now"], rows["O1"]["target"]) == ("outcome", 72.5, 90)
    assert rows["O1.1"]["kind"] == "key result"


class Tracker:
    """A source that counts how often it is asked whose it is."""

    name, asked = "jira", 0

    def tenant(self) -> Tenant:
        self.asked += 1
        return Tenant("a", "a.example", "A")

    def measure(self, metric: object) -> float:
        return 7.0


def test_a_source_says_once_whose_it_is_however_many_of_its_numbers_are_asked_for(folder: Path) -> None:
    (folder / "okrs.yaml").write_text(REGISTER.replace("{csv: churn.csv, column: churn}", "{jql: status = Done}"))
    assert run("okrs", "load", "okrs.yaml", "--yes", "--why", "another metric")[0] == 0
    made, tracker = App(load(folder / "leeway.toml")), Tracker()
    vars(made)["connectors"] = {"jira": tracker}
    assert measure(made)["measured"] == 2
    assert tracker.asked == 1
