"""The register through a spreadsheet, on the command line: exported, changed, compared, loaded, and what is held against it."""

import re
from pathlib import Path

import pytest

from simulator.company import register_yaml
from tests.conftest import TODAY
from tests.leeway.test_cli import leeway, refused


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    refused(leeway(tmp_path, "okrs", "export"), "no register is loaded yet")
    (tmp_path / "okrs.yaml").write_text(register_yaml(TODAY))
    assert leeway(tmp_path, "okrs", "load", "okrs.yaml").returncode == 0
    return tmp_path


def test_a_table_goes_out_is_changed_and_comes_back_as_a_version_with_its_reason(folder: Path) -> None:
    said = leeway(folder, "okrs", "export", "--output", "plan.csv", "--semicolons")
    assert said.returncode == 0
    assert "okrs load plan.csv" in " ".join(said.stderr.split())
    file = folder / "plan.csv"
    assert "already was the register (version 1)" in leeway(folder, "okrs", "load", "plan.csv").stdout
    text = file.read_bytes().decode("utf-8-sig")
    assert text.splitlines()[0].startswith("kind;key;under;title;owner;teams;priority;plan;")
    file.write_text(
        text.replace("from 3.6 to 4.5", "from 3.6 to 3.9").replace("Open Spain", "Öffnen: Spain"), encoding="utf-16"
    )
    shown = leeway(folder, "okrs", "diff", "plan.csv").stdout
    assert "O4: title: Open Spain and Portugal -> Öffnen: Spain and Portugal" in shown
    refused(leeway(folder, "okrs", "load", "plan.csv", "--strict"), "O3.1: target-lowered", "was not loaded")
    loaded = leeway(folder, "okrs", "load", "plan.csv", "--yes", "--why", "old ratings", "--by", "bo")
    assert "is now the register (version 2): 5 objectives, 12 key results." in loaded.stdout
    told = leeway(folder, "okrs", "history", "O3.1").stdout
    assert "bo: old ratings" in told
    assert "O3.1: title: App store rating from 3.6 to 4.5 -> App store rating from 3.6 to 3.9" in told
    kept = leeway(folder, "okrs", "export").stdout
    assert kept.splitlines()[0] == register_yaml(TODAY).splitlines()[0]  # a comment
    assert len(kept.splitlines()) == len(register_yaml(TODAY).splitlines())


def test_one_of_a_thing_is_said_as_one(tmp_path: Path) -> None:
    (tmp_path / "okrs.yaml").write_text(
        "period: {name: Q3, start: 2026-07-01, end: 2099-09-30}\n"
        "teams: [{key: app, name: App, lead: a@x.example}]\n"
        "objectives:\n"
        "  - {key: O1, title: Riders, priority: 1, key_results: [{key: O1.1, title: Rating of 4, teams: [app]}]}\n"
    )
    loaded = leeway(tmp_path, "okrs", "load", "okrs.yaml")
    assert "(version 1): 1 objective, 1 key result.\n" in loaded.stdout
    assert "version 1, 1 objective\n" in re.sub(" +\n", "\n", leeway(tmp_path, "check").stdout)
    written = leeway(tmp_path, "okrs", "export", "--output", "plan.csv").stderr
    assert "of the register: 1 objective." in " ".join(written.split())


def test_a_table_that_is_older_than_the_register_is_not_loaded_over_it(folder: Path) -> None:
    leeway(folder, "okrs", "export", "--output", "plan.csv")
    (folder / "okrs.yaml").write_text(
        register_yaml(TODAY).replace("title: Open Spain and Portugal", "title: Open Spain")
    )
    leeway(folder, "okrs", "load", "okrs.yaml")
    file = folder / "plan.csv"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("Grow without growing cost", "Grow cheaply"), encoding="utf-8")
    assert "is now the register (version 3)" in leeway(folder, "okrs", "load", "plan.csv").stdout
    file.write_text(text.replace("Open Spain and Portugal", "Open Portugal"), encoding="utf-8")
    said = leeway(folder, "okrs", "load", "plan.csv")
    refused(said, "O4: title: the register says 'Open Spain', plan.csv says 'Open Portugal'.", "--yes")
    assert "O5" not in said.stdout  # changed meanwhile by nobody but the register
    assert leeway(folder, "okrs", "load", "plan.csv", "--yes", "--why", "we said so").returncode == 0


def test_rows_that_are_gone_stay_until_remove(folder: Path) -> None:
    leeway(folder, "okrs", "export", "--output", "plan.csv")
    file = folder / "plan.csv"
    file.write_text("".join(line for line in file.read_text().splitlines(True) if ",O4" not in line))
    said = leeway(folder, "okrs", "load", "plan.csv").stdout
    assert "not in plan.csv, and kept: O4, O4.1, O4.2. Remove them with --remove." in said
    assert "4 objectives" in leeway(folder, "okrs", "load", "plan.csv", "--remove").stdout


def test_faults_and_what_is_no_table_are_one_sentence_each(folder: Path) -> None:
    (folder / "plan.csv").write_text("kind,key,priority\nobjective,O1,first\nobjective,O2,0\n")
    said = leeway(folder, "okrs", "load", "plan.csv")
    refused(said, "plan.csv, line 2, column priority: ", "plan.csv, line 3, column priority: ")
    refused(leeway(folder, "okrs", "lint", "plan.csv"), "plan.csv is a table", "leeway okrs diff plan.csv")
    refused(leeway(folder, "okrs", "load", "none.csv"), "none.csv does not exist", "leeway okrs export")
    (folder / "plan.csv").write_text("key,version\nO1,9\n")
    refused(leeway(folder, "okrs", "load", "plan.csv"), "there is no version 9")
    refused(leeway(folder, "okrs", "export", "--output", "okrs.yaml", "--csv"), "okrs.yaml exists", "--force")
