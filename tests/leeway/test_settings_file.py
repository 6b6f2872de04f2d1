"""leeway.toml as people break it: each fault with its line and what to write, or the same meaning; never silence."""

import re
from contextlib import chdir
from importlib.resources import files
from pathlib import Path

import pytest
from sqlalchemy import text

from leeway.settings import Settings, SettingsError, load
from models import connect

TEMPLATE = files("leeway").joinpath("templates", "leeway.toml").read_text(encoding="utf-8")
SETTING = re.compile(r"# (\[\w+\]|\w+ = .*)")


def full() -> list[str]:
    """The template with everything switched on and no remarks."""
    lines = [found[1] if (found := SETTING.fullmatch(line)) else line for line in TEMPLATE.splitlines()]
    kept = [re.sub(r"\s+# .*", "", line) for line in lines if re.match(r"\[\w+\]|\w+ = ", line)]
    return [line.replace('token = ""', 'token = "t"').replace('password = ""', 'password = "p"') for line in kept]


LINES = full()
SETTINGS = [number for number, line in enumerate(LINES) if not line.startswith("[")]
HEADINGS = [number for number, line in enumerate(LINES) if line.startswith("[")]
OTHER = ("7", '"text"', "true", "2.5", "2026-01-01", '["a", 5]', '{ a = "b" }', "", "“x”", "nan")


def taken(folder: Path, lines: list[str]) -> Settings | list[str]:
    """The settings, or the sentences with which they are refused."""
    path = folder / "leeway.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    try:
        with chdir(folder):  # so that files which it names are as written
            return load(path)
    except SettingsError as error:
        return str(error).splitlines()


def at(number: int, name: str, said: Settings | list[str]) -> bool:
    """Whether a sentence names the line (counted from 0) and the setting or what is wrong with it."""
    assert isinstance(said, list), f"{LINES[number]!r} loads in silence"
    return any(f"leeway.toml, line {number + 1}: " in one and (not name or name in one) for one in said)


def value_of(settings: Settings, number: int) -> object:
    section = next(LINES[n] for n in range(number, -1, -1) if LINES[n].startswith("["))[1:-1]
    return getattr(getattr(settings, section), LINES[number].split(" = ")[0])


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = taken(tmp_path_factory.mktemp("whole"), LINES)
    assert isinstance(settings, Settings), settings
    return settings


@pytest.mark.parametrize("number", SETTINGS, ids=lambda n: LINES[n].split(" ")[0] if isinstance(n, int) else "")
def test_each_setting_deleted_doubled_misspelt(number: int, whole: Settings, tmp_path: Path) -> None:
    name = LINES[number].split(" = ")[0]
    heading = max(n for n in HEADINGS if n < number)
    without = taken(tmp_path, LINES[:number] + LINES[number + 1 :])
    if isinstance(without, Settings):  # it has a default, and nothing else moved
        assert without.model_copy(update={LINES[heading][1:-1]: None}) == whole.model_copy(
            update={LINES[heading][1:-1]: None}
        )
    else:
        assert at(heading, f"{name}: is missing", without)
    assert at(number + 1, "appears twice", taken(tmp_path, [*LINES[: number + 1], *LINES[number:]]))
    misspelt = name[:-2] + name[-1] if len(name) > 3 else name + name[-1]
    said = taken(tmp_path, [*LINES[:number], LINES[number].replace(name, misspelt, 1), *LINES[number + 1 :]])
    assert at(number, f"unknown setting. Did you mean {LINES[heading][1:-1]}.", said)


@pytest.mark.parametrize("number", SETTINGS, ids=lambda n: LINES[n].split(" ")[0] if isinstance(n, int) else "")
def test_each_setting_with_a_value_of_another_kind(number: int, whole: Settings, tmp_path: Path) -> None:
    name, _, value = LINES[number].partition(" = ")
    for other in OTHER:
        said = taken(tmp_path, [*LINES[:number], f"{name} = {other}", *LINES[number + 1 :]])
        if isinstance(said, Settings):
            kept = value_of(said, number)
            shown = kept.get_secret_value() if hasattr(kept, "get_secret_value") else kept
            as_written = str(shown).lower().removesuffix(".0") == other.strip('"') or shown == {"a": "b"}
            assert as_written, f"{name} = {other} was taken as {shown!r}"
        else:
            heading = max(n for n in HEADINGS if n < number)
            assert at(number, "", said) or at(heading, "", said), (other, said)
    if value.isdigit():
        assert value_of(whole, number) == value_of(
            taken(tmp_path, [*LINES[:number], f'{name} = "{value}"', *LINES[number + 1 :]]), number
        )


@pytest.mark.parametrize("number", HEADINGS, ids=lambda n: LINES[n] if isinstance(n, int) else "")
def test_each_section_doubled_misspelt_or_a_value(number: int, tmp_path: Path) -> None:
    section = LINES[number][1:-1]
    said = taken(tmp_path, [*LINES, LINES[number], 'a = "b"'])
    assert at(len(LINES), "twice", said)
    assert len(str(said).split("leeway.toml, line")) == 2  # what stands below is not the last section's
    said = taken(tmp_path, [*LINES[:number], f"[{section[:-1]}]", *LINES[number + 1 :]])
    assert at(number, f"unknown section. Did you mean [{section}]?", said)
    said = taken(tmp_path, [*LINES[:number], f"[[{section}]]", *LINES[number + 1 :]])
    assert at(number, f"write its settings below the line [{section}]", said)
    assert at(0, "", taken(tmp_path, [f"{section} = 5", *LINES[:number], *LINES[number + 1 :]]))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[jira]\nprojects = ["A"\ntoken = "t"\n', "line 2: not valid TOML: a list is not closed"),
        ('[jira]\nprojects = [\n  "A",\n  5,\n]\nurl = "https://x"\ntoken = "t"\n', "line 4: jira.projects"),
        ('[jira]\nurl = "https://x\ntoken = "t"\n', "line 2: not valid TOML: a string is not closed"),
        ('[database]\nurl = "sqlite:///C:\\Users\\leeway.db"\n', "line 2: not valid TOML: a backslash in a string"),
        ("[web]\nurl = “https://x”\n", "line 2: not valid TOML: typographic quotes"),
        ("[web]\nurl: https://x\n", "line 2: not valid TOML: not a setting; write name = value"),
        ("[web]\nany_day = True\n", "line 2: not valid TOML: not a TOML value"),
        ("[web\nport = 1\n", "line 1: not valid TOML: a section's heading is not closed"),
        ("[web]\n\u00a0port = 1\n", "line 2: not valid TOML: a no-break space"),
        ("[web]\nport = 8440 the page\n", "line 2: not valid TOML: something follows the value"),
        ("web = {port = 1, port = 2}\n", "line 1: "),
        ("[alerts]\nalert_channel = 'x'\n", "It belongs under [slack]"),
        ("[" * 5000, "leeway.toml"),
    ],
)
def test_a_broken_line_is_named_with_what_to_write(text: str, said: str, tmp_path: Path) -> None:
    assert said in "\n".join(taken(tmp_path, [text]))  # type: ignore[arg-type]


def test_every_broken_line_is_told_at_once_and_what_it_hides_is_not_called_missing(tmp_path: Path) -> None:
    text = '[jira]\nurl = "https://x\ntoken = "t\nprojects = ["A",\n[history]\nweeks = 0\n[history]\n[wb]\n'
    said = taken(tmp_path, [text])
    assert isinstance(said, list)
    assert [re.match(r".*line (\d+)", one)[1] for one in said] == ["2", "3", "4", "6", "7", "8"]  # type: ignore[index]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le-bom", "utf-32"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_file_says_the_same_in_each_encoding_that_names_itself(encoding: str, end: str, tmp_path: Path) -> None:
    text = end.join(["[smtp]", 'sender = "büro@x.example"', ""])
    raw = b"\xff\xfe" + text.encode("utf-16-le") if encoding == "utf-16-le-bom" else text.encode(encoding)
    (tmp_path / "leeway.toml").write_bytes(raw)
    assert load(tmp_path / "leeway.toml").smtp.sender == "büro@x.example"


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("cp1252", "line 2: the byte fc is not UTF-8"),
        ("cp850", "line 2: the byte 81"),
        ("utf-16-le", "line 1: a zero byte"),
    ],
)
def test_a_file_in_another_code_page_is_refused_with_its_line(encoding: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "leeway.toml").write_bytes('[smtp]\nsender = "buero"  # Büro\n'.encode(encoding))
    if encoding == "utf-16-le":
        (tmp_path / "leeway.toml").write_bytes("[smtp]\n".encode(encoding))
    with pytest.raises(SettingsError, match=re.escape(f"leeway.toml, {said}")) as caught:
        load(tmp_path / "leeway.toml")
    assert "Save" in str(caught.value)


def test_files_that_it_names_are_beside_it_wherever_a_command_is_run_migrondi_37_teo_28(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there, elsewhere = tmp_path / "etc", tmp_path / "home"
    there.mkdir()
    elsewhere.mkdir()
    file = there / "leeway.toml"
    file.write_text('[identity]\nfile = "people.csv"\n')
    monkeypatch.chdir(elsewhere)
    assert load(file).database.url == f"sqlite:///{there}/leeway.db"
    assert load(file).identity.file == f"{there}/people.csv"
    (elsewhere / "leeway.db").touch()  # as an older version left it
    assert load(file).database.url == "sqlite:///leeway.db"
    (there / "leeway.db").touch()
    assert load(file).database.url == f"sqlite:///{there}/leeway.db"
    monkeypatch.setenv(
        "LEEWAY_DATABASE__URL", "sqlite:///other.db"
    )  # of the environment it is the command's own folder
    assert load(file).database.url == "sqlite:///other.db"
    monkeypatch.delenv("LEEWAY_DATABASE__URL")
    monkeypatch.chdir(there)
    assert load(Path("leeway.toml")).database.url == "sqlite:///leeway.db"


def test_a_link_that_leads_nowhere_is_no_missing_file(tmp_path: Path) -> None:  # a mounted secret that was renamed, say
    (tmp_path / "leeway.toml").symlink_to("gone.toml")
    with chdir(tmp_path), pytest.raises(SettingsError, match=r"leeway\.toml is a link to gone\.toml, which does"):
        load()


def test_a_new_database_file_is_its_owners_alone(tmp_path: Path) -> None:
    with connect(f"sqlite:///{tmp_path}/new.db").begin() as connection:
        connection.execute(text("CREATE TABLE one (id INTEGER)"))
        found = {file.name: file.stat().st_mode & 0o077 for file in tmp_path.iterdir()}
    assert found.pop("new.db") == 0
    assert set(found.values()) <= {0}  # the files that SQLite writes beside it


def test_a_database_in_memory_leaves_no_file(tmp_path: Path) -> None:
    with chdir(tmp_path), connect("sqlite://").connect() as connection:
        connection.execute(text("SELECT 1"))
    assert list(tmp_path.iterdir()) == []
