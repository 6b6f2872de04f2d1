"""Labels on the command line: a template to fill in, a file that is read, questions in the terminal, and what they show."""

import csv
import io
import json
import pickle
import shutil
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker
from typer.testing import CliRunner

from leeway.cli import app as cli
from models import AuditDraw, Label, Question, WorkItem, connect
from pipeline.files import InputError
from simulator.api.config import ApiConfig
from simulator.company import register_yaml
from simulator.server import Simulator
from tests.conftest import TODAY, _days


def run(folder: Path, *words: str, answers: str | None = None) -> str:
    result = CliRunner().invoke(
        cli, ["--config", str(folder / "leeway.toml"), *words], input=answers, catch_exceptions=False
    )
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture(scope="module")
def matched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A week of Jira, matched once for all tests here."""
    folder = tmp_path_factory.mktemp("matched")
    with Simulator(pickle.loads(_days(7)), ApiConfig(speed=10_000)) as company:  # noqa: S301 - made by conftest
        jira = company.settings()["jira"]
        lines = ["[jira]", *(f"{name} = {json.dumps(value)}" for name, value in jira.items())]
        (folder / "leeway.toml").write_text("\n".join([*lines, "[database]", 'url = "sqlite:///labels.db"']))
        (folder / "okrs.yaml").write_text(register_yaml(TODAY))
        with chdir(folder):
            run(folder, "okrs", "load", "okrs.yaml")
            run(folder, "run", "--once")
        yield folder


@pytest.fixture
def folder(matched: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of it, to change."""
    shutil.copytree(matched, tmp_path, dirs_exist_ok=True)
    with chdir(tmp_path):
        yield tmp_path


def labels(folder: Path) -> dict[str, tuple[str | None, str]]:
    with Session(connect(f"sqlite:///{folder}/labels.db")) as session:
        query = select(WorkItem.key, Label.key_result, Label.origin).join(Label, Label.work_item_id == WorkItem.id)
        return {key: (answer, origin) for key, answer, origin in session.execute(query)}


def test_a_template_filled_in_teaches_and_is_judged_without_itself(folder: Path) -> None:
    rows = list(csv.DictReader(run(folder, "label", "--template", "14").splitlines()))
    assert len(rows) == 14
    assert all(row["item"] and not row["key_result"] and row["title"] for row in rows)
    for n, row in enumerate(rows):
        row["key_result"] = (row["likely"].split() or ["none"])[0] if n % 3 else "none"
    filled = folder / "labels.csv"
    with filled.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    said = run(folder, "evaluate", str(filled), "--picture", str(folder / "calibration.png"))
    assert "14 labelled items, each matched without any of these labels" in said
    assert (folder / "calibration.png").read_bytes().startswith(b"\x89PNG")
    assert labels(folder) == {}  # judging keeps nothing
    assert "14 labels saved" in run(folder, "label", str(filled))
    kept = labels(folder)
    assert {key: answer for key, (answer, _) in kept.items()} == {
        row["item"]: None if row["key_result"] == "none" else row["key_result"] for row in rows
    }
    run(folder, "run", "--once")
    # What they taught is not counted when they are judged.
    assert run(folder, "evaluate", str(filled)).splitlines() == said.splitlines()[:-1]


def test_a_template_of_an_earlier_version_means_the_key_results_of_then(folder: Path) -> None:
    (row,) = csv.DictReader(run(folder, "label", "--template", "1").splitlines())
    text = (folder / "okrs.yaml").read_text()
    swapped = text.replace("O1.1", "X").replace("O1.2", "O1.1").replace("X", "O1.2")
    (folder / "okrs.yaml").write_text(swapped)
    run(folder, "okrs", "load", "okrs.yaml", "--yes", "--why", "another order")
    (folder / "labels.csv").write_text(f"item,key_result,version\n{row['item']},O1.1,{row['version']}\n")
    run(folder, "label", "labels.csv")
    assert labels(folder)[row["item"]][0] == "O1.2"
    (folder / "labels.csv").write_text(f"item,key_result\n{row['item']},O1.1\n")
    run(folder, "label", "labels.csv")
    assert labels(folder)[row["item"]][0] == "O1.1"
    another = text.replace("Sign 25 employers with more than 500 staff", "Nobody waits for a van in winter")
    (folder / "okrs.yaml").write_text(another.replace('name: "H2 2026"', 'name: "Another"'))
    run(folder, "okrs", "load", "okrs.yaml", "--yes", "--why", "another plan")
    (folder / "labels.csv").write_text(f"item,key_result,version\n{row['item']},O1.1,{row['version']}\n")
    refused = CliRunner().invoke(cli, ["--config", str(folder / "leeway.toml"), "label", "labels.csv"])
    assert "the 'O1.1' of version 1 of the register" in f"{refused.output}{refused.exception}"


def test_a_template_holds_no_formula_and_takes_back_what_it_guarded(folder: Path) -> None:
    with Session(connect(f"sqlite:///{folder}/labels.db")) as session:
        session.execute(update(WorkItem).values(title="\t=HYPERLINK(1)", container="+A"))
        session.commit()
    (row,) = csv.DictReader(run(folder, "label", "--template", "1").splitlines())
    assert row["title"].startswith("'")
    assert row["place"] == "'+A"


@pytest.mark.parametrize(("between", "encoding"), [(",", "utf-8"), (";", "utf-8-sig"), ("\t", "utf-16")])
def test_a_template_that_a_spreadsheet_saved_in_its_own_way_is_read(folder: Path, between: str, encoding: str) -> None:
    with Session(connect(f"sqlite:///{folder}/labels.db")) as session:  # a title that was pasted from a page
        session.execute(update(WorkItem).values(title="Unlock\u2028the bike; at once, please"))
        session.commit()
    rows = list(csv.DictReader(io.StringIO(run(folder, "label", "--template", "2"), newline="")))
    with (folder / "labels.csv").open("w", newline="", encoding=encoding) as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=between)
        writer.writeheader()
        writer.writerows({**row, "key_result": "none"} for row in rows)
    assert "2 labels saved" in run(folder, "label", "labels.csv")


def test_questions_in_the_terminal_are_kept_one_by_one(folder: Path) -> None:
    rows = list(csv.DictReader(run(folder, "label", "--template", "3").splitlines()))
    assert "2 labelled" in run(folder, "label", answers="nonsense\n0\ns\nO3.1\nq\n")
    kept = labels(folder)
    assert kept[rows[0]["item"]][0] is None
    assert rows[1]["item"] not in kept
    assert kept[rows[2]["item"]][0] == "O3.1"


def test_nobody_there_to_answer_ends_the_questions_and_is_no_error(folder: Path) -> None:
    assert run(folder, "label", answers="").endswith("0 labelled.\n")


def test_a_teams_audit_is_asked_first_and_kept_as_one(folder: Path) -> None:
    sessions = sessionmaker(connect(f"sqlite:///{folder}/labels.db"))
    with sessions() as session:
        drawn_items = select(AuditDraw.work_item_id).where(AuditDraw.team == "app")
        keys = list(session.scalars(select(WorkItem.key).where(WorkItem.id.in_(drawn_items))))
    drawn = {key for key in keys if key}  # a message has none
    assert drawn
    run(folder, "label", "--team", "app", answers="0\n" * len(keys) + "q\n")
    with sessions() as session:  # what was asked for anyway teaches; the audit judges the rest
        asked = set(session.scalars(select(WorkItem.key).join(Question, Question.work_item_id == WorkItem.id)))
    kept = labels(folder)
    assert {key: kept[key] for key in drawn} == {key: (None, "terminal" if key in asked else "audit") for key in drawn}
    assert drawn - asked


def test_bad_rows_name_their_line_and_keep_nothing(folder: Path) -> None:
    item = next(csv.DictReader(run(folder, "label", "--template", "1").splitlines()))["item"]
    for text, parts in (
        ("item,answer\nA-1,O1.1\n", ("line 1", "'key_result'")),
        (f"item,key_result,key_result\n{item},O1.1,O1.2\n", ("line 1", "'key_result' is there twice")),
        (f"item,key_result\n{item},O1.1\nNO-1,O1.1\n", ("line 3", "'NO-1'")),
        (f"item,key_result\n{item},O77\n", ("line 2", "O77", "O1.1")),
        (f"item,key_result\n{item},O1.1\n{item},none\n", ("line 3", "twice")),
        (f"item,key_result\n{item},\n", ("no row with an answer",)),
    ):
        (folder / "bad.csv").write_text(text)
        for command in ("label", "evaluate"):
            refused = CliRunner().invoke(cli, ["--config", str(folder / "leeway.toml"), command, "bad.csv"]).exception
            assert isinstance(refused, InputError)  # one sentence and exit code 2 for whoever runs it
            for part in parts:
                assert part in str(refused)
    assert labels(folder) == {}
