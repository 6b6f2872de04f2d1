"""Settings from the file, the environment and secret files."""

from pathlib import Path

import pytest

from leeway.settings import Settings, SettingsError, known_names, load
from pipeline.share.estimate import UNSEEN


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "leeway.toml"
    path.write_text('[jira]\nurl = "https://a"\ntoken = "from-file"\nprojects = ["A"]\n')
    return path


def token(path: Path) -> str:
    jira = load(path).jira
    assert jira is not None
    return jira.token.get_secret_value()


def test_the_environment_wins_over_a_secret_file_over_the_toml(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert token(file) == "from-file"
    secret = file.parent / "token"
    secret.write_text("from-secret-file\n")
    monkeypatch.setenv("LEEWAY_JIRA__TOKEN_FILE", str(secret))
    assert token(file) == "from-secret-file"
    monkeypatch.setenv("LEEWAY_JIRA__TOKEN", "from-environment")
    assert token(file) == "from-environment"


def test_a_secret_never_shows_itself(file: Path) -> None:
    assert "from-file" not in repr(load(file))


def test_a_secret_file_that_is_not_there_is_named(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEEWAY_JIRA__TOKEN_FILE", "/nowhere/token")
    with pytest.raises(SettingsError, match="LEEWAY_JIRA__TOKEN_FILE: /nowhere/token"):
        load(file)


def test_lists_come_from_the_environment_too(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEEWAY_JIRA__PROJECTS", '["X", "Y"]')
    jira = load(file).jira
    assert jira is not None
    assert jira.projects == ["X", "Y"]


@pytest.mark.parametrize(
    "line", ["[history]\nweeks = 1", "[drift]\nleast_people = 2", '[schedule]\npull_minutes = "soon"']
)
def test_a_value_out_of_bounds_is_named(file: Path, line: str) -> None:
    file.write_text(line)
    section, name = line.split("]")[0][1:], line.split("\n")[1].split(" ")[0]
    with pytest.raises(SettingsError, match=rf"{section}\.{name}"):
        load(file)


def test_every_setting_of_the_template_exists() -> None:
    from importlib.resources import files

    text = files("leeway").joinpath("templates", "leeway.toml").read_text()
    section, known = "", known_names()
    for line in text.splitlines():
        line = line.removeprefix("# ")
        if line.startswith("["):
            section = line.strip("[]")
        elif " = " in line and section:
            assert f"{section}.{line.split(' = ')[0]}" in known


def test_what_is_taken_to_be_unseen_is_the_same_with_and_without_settings() -> None:
    assert Settings().drift.unseen == UNSEEN
