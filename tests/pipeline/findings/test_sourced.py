"""The reader of a real register and its commits, of which a pack is made: what is a key result, and that no address is kept."""

import subprocess
from datetime import date
from pathlib import Path

from benchmarks.findings.sourced import Commits, objectives, quarter, register_text
from pipeline.register.document import parse

PAGE = """\
# OKRs 2018 Q3

- [OKRs](#okrs)
  - [Bring it to market](#bring)

## Bring it to market

### [P1] Get the engine ready

- [x] Release a **stable** version ([notes](https://x.example/notes))
  - [ ] Add regression tests
- [ ] Announce it:

## Nothing below

## Be a better company

- Ask everybody
"""


def test_headings_are_objectives_and_items_at_the_margin_key_results() -> None:
    found = objectives(PAGE)
    assert [(one["key"], one["title"], one["priority"]) for one in found] == [
        ("O1", "Bring it to market", 1),
        ("O3", "Be a better company", 2),
    ]
    assert found[0]["key_results"] == [
        {"key": "O1.1", "title": "Release a stable version (notes)", "description": "Get the engine ready"},
        {"key": "O1.2", "title": "Announce it", "description": "Get the engine ready"},
    ]


def test_a_quarter_ends_where_the_next_begins() -> None:
    assert quarter("2018-Q3") == (date(2018, 7, 1), date(2018, 9, 30))
    assert quarter("2018-Q4") == (date(2018, 10, 1), date(2018, 12, 31))


def test_commits_are_read_as_the_connector_reads_them_and_no_address_is_kept(tmp_path: Path) -> None:
    clone = tmp_path / "engine"
    git = ["git", "-C", str(clone), "-c", "user.name=Ada Byron", "-c", "user.email=ada@home.example"]
    subprocess.run(["git", "init", "-q", str(clone)], check=True)
    for n, day in enumerate(("2018-01-02", "2018-07-02", "2018-07-03", "2018-09-30", "2018-10-02")):
        at = f"{day}T12:00:00Z"
        message = f"Step {n}\n\nFixes #{n + 1}\n\nSigned-off-by: Ada Byron <ada@home.example>"
        command = [*git, "commit", "-q", "--allow-empty", "--date", at, "-m", message]
        subprocess.run(command, check=True, env={"GIT_COMMITTER_DATE": at, "PATH": "/usr/bin:/bin"})
    found = Commits([clone], "2018-Q3")
    assert sorted(one.title or "" for one in found.items) == ["Step 1", "Step 2", "Step 3"]
    assert found.teams == {"engine": ["author-1@sourced.example"]}
    assert "home.example" not in repr((found.page(), found.items, found.signals))
    assert "Ada" not in repr(found.page())
    register = parse(register_text("2018-Q3", PAGE, found.teams))
    assert [len(one.key_results) for one in register.objectives] == [2, 1]
