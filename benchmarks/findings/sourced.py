"""A real quarter's register and its repositories' commits, in the product's form: source{d}'s, published on GitHub.

Objectives are the second-level headings of the quarter's page, key results the top-level list items below them; headings in
between are their description. The main committers to a repository are its team. Addresses are not kept: authors are numbers.
"""

import re
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from connectors.base import Account, Page, Signal, WorkItem
from connectors.github.parse import Repository, parse_commit
from connectors.github.people import People

WEEKS_BEFORE = 13
"""Weeks of commits that are read from before the quarter."""
OFTEN = 3
"""Commits from which somebody is of a repository's team."""
_HEADING = re.compile(r"(#{2,6})\s+(.+)")
_ITEM = re.compile(r"[-*]\s+(?:\[([ xX])\]\s*)?(.+)")
_LINK = re.compile(r"\[([^\]]+)\]\([^)]*\)")
_PRIORITY = re.compile(r"\[P(\d)\]\s*")


def quarter(name: str) -> tuple[date, date]:
    """First and last day of 2018-Q3."""
    year, number = int(name[:4]), int(name[-1])
    after = date(year + number // 4, 3 * number % 12 + 1, 1)
    return date(year, 3 * number - 2, 1), after - timedelta(days=1)


def objectives(markdown: str) -> list[dict[str, Any]]:
    """The objectives of a page with their key results, as okrs.yaml writes them."""
    found: list[dict[str, Any]] = []
    path: dict[int, str] = {}
    for line in markdown.splitlines():
        if heading := _HEADING.fullmatch(line.strip()):
            level = len(heading[1])
            path = {n: text for n, text in path.items() if n < level} | {level: _plain(heading[2])}
            if level == 2:
                found.append({"key": f"O{len(found) + 1}", "title": path[2], "key_results": []})
        elif found and (item := _ITEM.fullmatch(line.rstrip())) and (title := _plain(item[2])):
            above = ". ".join(text for level, text in sorted(path.items()) if level > 2)
            row = {"key": f"{found[-1]['key']}.{len(found[-1]['key_results']) + 1}", "title": title[:500]}
            found[-1]["key_results"].append(row | ({"description": above} if above else {}))
    kept = [one for one in found if one["key_results"]]
    return [{**one, "priority": n} for n, one in enumerate(kept, 1)]


def _plain(text: str) -> str:
    return " ".join(_PRIORITY.sub("", _LINK.sub(r"\1", text)).replace("_", " ").replace("*", "").split()).strip(" :")


def register_text(name: str, markdown: str, teams: Mapping[str, Sequence[str]]) -> str:
    """An okrs.yaml of the quarter."""
    start, end = quarter(name)
    made = {
        "company": "source{d}",
        "period": {"name": name, "start": start.isoformat(), "end": end.isoformat()},
        "teams": [{"key": key, "name": key, "members": [*members]} for key, members in teams.items() if members],
        "objectives": objectives(markdown),
    }
    return yaml.safe_dump(made, sort_keys=False, allow_unicode=True)


def page(clone: Path, name: str) -> str:
    """The quarter's page as it stands at the clone's head. Raises SystemExit where there is none."""
    found = subprocess.run(
        ["git", "-C", str(clone), "show", f"HEAD:{name}.md"], capture_output=True, text=True, check=False
    )
    if found.returncode:
        raise SystemExit(f"{clone} has no {name}.md")
    return found.stdout


class Commits:
    """Commits of some repositories in a quarter and the weeks before it. `teams` are numbers' addresses by repository."""

    def __init__(self, clones: Sequence[Path], name: str) -> None:
        start, self.end = quarter(name)
        self.since = start - timedelta(weeks=WEEKS_BEFORE)
        self._numbers: dict[str, str] = {}
        self._people = People(lambda _: None)
        counts: dict[str, Counter[str]] = {}
        self.items: list[WorkItem] = []
        self.signals: list[Signal] = []
        for number, clone in enumerate(clones, 1):
            repository = Repository(number, f"src-d/{_name(clone)}", "master")
            for commit in self._read(clone):
                item, signals = parse_commit(repository, commit, self._people)
                if item is not None:
                    self.items.append(item)
                    self.signals += signals
                    address = commit["commit"]["author"]["email"]
                    counts.setdefault(address, Counter())[_name(clone)] += 1
        self.teams: dict[str, list[str]] = {_name(clone): [] for clone in clones}
        for address, made in counts.items():
            (most, _), *_ = made.most_common(1)
            if made.total() >= OFTEN:
                self.teams[most].append(address)

    def _read(self, clone: Path) -> Iterator[dict[str, Any]]:
        command = ["git", "-C", str(clone), "log", "--no-merges", "--format=%x1e%H%x1f%ae%x1f%aI%x1f%cI%x1f%B"]
        command += [f"--since={self.since}", f"--until={self.end + timedelta(days=1)}"]
        out = subprocess.run(command, capture_output=True, text=True, errors="replace", check=True).stdout
        for entry in out.split("\x1e")[1:]:
            sha, address, written, committed, message = entry.split("\x1f")
            # Trailers name people; a number stands for whoever wrote it.
            words = re.sub(r"(?im)^[\w-]+-by:.*$", "", message)
            number = self._numbers.setdefault(address.lower(), f"author-{len(self._numbers) + 1}@sourced.example")
            author = {"name": "", "email": number, "date": written}
            own = {"author": author, "committer": {**author, "date": committed}, "message": words}
            yield {"sha": sha, "commit": own, "parents": [{}]}

    def page(self) -> Page:
        """All of it as one answer of a source."""
        accounts = [Account("github", one, email=one) for one in self._people.authors]
        reached = datetime.combine(self.since, datetime.min.time(), UTC)
        return Page("commits", {"at": str(self.end)}, self.items, self.signals, accounts, reached=reached)


def _name(clone: Path) -> str:
    """The repository's name, of a clone or of its git directory, which may lie below a folder owner+name."""
    parts = [one for one in clone.resolve().parts if one not in (".git", "repo")]
    return parts[-1].removesuffix(".git").rpartition("+")[2]
