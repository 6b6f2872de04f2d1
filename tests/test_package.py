"""What is installed is what is in the tree."""

import importlib.util
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
