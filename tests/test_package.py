"""What is installed is what is in the tree."""

import ast
import importlib.util
import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("connectors", "models", "pipeline", "alerts", "leeway", "web", "simulator", "migrations")


def test_every_data_file_of_a_package_is_installed_with_it() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    patterns = project["tool"]["setuptools"]["package-data"]["*"]
    data = [
        path
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc")
    ]
    assert len(data) > 10
    assert [path.name for path in data if not any(fnmatch(path.name, pattern) for pattern in patterns)] == []
    # A folder without __init__.py is no package, and setuptools looks for data in packages and below them only.
    assert [path for path in data if not (ROOT / path.relative_to(ROOT).parts[0] / "__init__.py").exists()] == []


def test_torch_is_pinned_where_an_unpinned_one_takes_gigabytes() -> None:
    assert "torch==2.13.0" in (ROOT / "constraints.txt").read_text().splitlines()


def test_the_picture_of_the_rooms_is_what_the_code_imports() -> None:
    spec = importlib.util.spec_from_file_location("rooms", ROOT / "docs" / "rooms.py")
    assert spec is not None
    assert spec.loader is not None
    rooms = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(rooms)
    text = rooms.PAGE.read_text(encoding="utf-8")
    assert rooms.BEGIN in text
    assert rooms.page(text) == text, "run `make rooms`"


ROOMS = (*PACKAGES, "benchmarks", "deploy", "docs")
MOST_LINES, MOST_OF_A_FUNCTION = 300, 40
REASON = "# Long: "
"""How a comment at the top of a module or function begins that says why it stays long."""


def too_long(name: str, text: str) -> list[str]:
    """A module's own name and its functions', where they are longer than they should be and do not say why."""
    lines = text.splitlines()
    found = [name] if len(lines) > MOST_LINES and not says_why(lines[:15]) else []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
            long = node.end_lineno - node.lineno + 1 > MOST_OF_A_FUNCTION
            if long and not says_why(lines[node.lineno - 2 : node.body[0].lineno + 3]):
                found.append(f"{name}:{node.name}")
    return found


def says_why(lines: list[str]) -> bool:
    return any(line.strip().startswith(REASON) and len(line.split()) > 5 for line in lines)


def test_a_module_has_at_most_300_lines_and_a_function_40_or_they_say_why() -> None:
    found: set[str] = set()
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            if "versions" not in path.parts:  # a migration stays as it was run
                found.update(too_long(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")))
    assert sorted(found) == []


def test_what_is_too_long_is_found_unless_it_says_why() -> None:
    body = "    pass\n" * 40
    assert too_long("m", f"def f() -> None:\n{body}") == ["m:f"]
    assert too_long("m", f"def f() -> None:\n{body[9:]}") == []
    assert too_long("m", f"# Long: one table, which is read as a whole\ndef f() -> None:\n{body}") == []
    assert too_long("m", f"def f() -> None:\n    # Long: because\n{body}") == ["m:f"]  # that is no reason
    assert too_long("m", "x = 1\n" * 301) == ["m"]
    assert too_long("m", '"""Doc."""\n# Long: one table, which is read as a whole\n' + "x = 1\n" * 301) == []


def test_no_line_is_kept_out_of_the_formatter() -> None:
    marks = ("# fmt: " + "skip", "# fmt: " + "off")
    files = [path for room in (*ROOMS, "tests") for path in (ROOT / room).rglob("*.py")]
    assert len(files) > 300
    assert [path.name for path in files if any(mark in path.read_text(encoding="utf-8") for mark in marks)] == []


def test_tests_stand_in_the_rooms_that_they_test() -> None:
    rooms = {path.parent.relative_to(ROOT / "tests") for path in (ROOT / "tests").rglob("test_*.py")} - {Path()}
    assert len(rooms) > 15
    assert [room.as_posix() for room in sorted(rooms) if not (ROOT / room).is_dir()] == []


def test_no_module_is_imported_by_its_name_to_get_round_a_contract() -> None:
    found = [
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if "import_module" in path.read_text(encoding="utf-8")
    ]
    assert found == [
        "connectors/registry.py"
    ]  # which loads the connectors of its own package, each when it is configured


def test_what_90_percent_means_is_written_once() -> None:
    files = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    found = [path.relative_to(ROOT).as_posix() for path in files if re.search(r"\b1\.64\d+", path.read_text("utf-8"))]
    assert found == ["pipeline/share/dilution.py"]


def test_every_face_rounds_a_half_to_the_same_whole_number() -> None:
    # Python's own round takes 30.5 to 30 and 31.5 to 32: a page and its export said two numbers of one stream.
    own = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for room in ("alerts", "web")
        for path in (ROOT / room).rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "round" and len(call.args) == 1
    ]
    assert [one for one in own if not one.startswith("alerts/chart")] == []  # where a mark stands in a picture
