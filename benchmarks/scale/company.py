"""A generated large company: its register, and the pages that its sources would send."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from connectors import base as side
from connectors.base import Page
from pipeline.register.document import Register

LAST = date(2026, 9, 30)
DAYS = 92
TREES, TREE = 25, 20
"""Trees of a page; items of a tree, its epic among them."""
WORDS = [
    f"{a}{b}"
    for a in ("pay", "ship", "care", "road", "cash", "team", "form", "data", "view", "sign")
    for b in ("ment", "flow", "desk", "line", "room", "card", "sheet", "gate", "code", "mark", "plan", "test")
]
RNG = np.random.default_rng(1)


class WordVectors:
    """An encoder whose texts are alike where they share words; 384 numbers, as the real one's."""

    name = "words"

    def encode(self, texts: Any) -> NDArray[np.float16]:
        """See pipeline.encode.Encoder."""
        return unit(np.array([sum((word_vector(w) for w in t.lower().split()), np.zeros(384)) + 1e-3 for t in texts]))


KNOWN: dict[str, NDArray[np.float64]] = {}


def word_vector(word: str) -> NDArray[np.float64]:
    """A random direction, always the same for a word."""
    if word not in KNOWN:
        KNOWN[word] = np.random.default_rng(crc32(word.encode())).normal(size=384)
    return KNOWN[word]


def unit(rows: NDArray[np.float64]) -> NDArray[np.float16]:
    """Rows of length one."""
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float16)


def register_text(people: int, key_results: int) -> str:
    """Teams of eight, objectives with four key results each."""
    teams = max(1, people // 8)
    lines = [
        "period: {name: Q3, start: 2026-07-01, end: 2026-09-30}",
        "calendar: {country: DE, time_zone: Europe/Berlin}",
        "teams:",
    ]
    for t in range(teams):
        members = ", ".join(f"p{n}@x.example" for n in range(8 * t, min(people, 8 * t + 8)))
        lines.append(f"  - {{key: t{t}, name: Team {t}, members: [{members}]}}")
    lines.append("objectives:")
    for o in range(max(1, key_results // 4)):
        lines += [f"  - key: O{o}", f"    title: {phrase(3)}", f"    priority: {o + 1}", "    key_results:"]
        lines += [
            f"      - {{key: O{o}.{k}, title: {phrase(6)}, teams: [t{RNG.integers(teams)}, t{RNG.integers(teams)}]}}"
            for k in range(4)
        ]
    return "\n".join(lines)


def phrase(words: int) -> str:
    """Some words."""
    return " ".join(RNG.choice(WORDS, words))


@dataclass(frozen=True, slots=True)
class _Days:
    """The days that the pages are about."""

    start: datetime
    count: int

    def within(self, at: datetime, hours: int) -> datetime:
        """A time, or the last one that stays so many hours before the end."""
        return min(at, self.start + timedelta(days=self.count, hours=-hours))


def pages(
    register: Register, people: int, signals: int, first: date, days: int, name: str
) -> Iterator[tuple[str, Page]]:
    """Pages of about 2,000 signals: an epic with issues, threads that name an issue, deals; four signals an item."""
    titles = [k.title for _, k in register.key_results()]
    span = _Days(datetime.combine(first, datetime.min.time(), UTC), days)
    made, number = 0, 0
    while made < signals:
        items: dict[str, list[side.WorkItem]] = {"jira": [], "slack": []}
        found: dict[str, list[side.Signal]] = {"jira": [], "slack": []}
        for _ in range(TREES):
            if made >= signals:
                break
            for item, traces in _tree(span, people, titles, name, number):
                items[item.source].append(item)
                found[item.source] += traces
                made += len(traces)
            number += TREE
        for source in items:
            accounts = (
                [side.Account(source, f"p{n}", email=f"p{n}@x.example") for n in range(people)] if number <= 500 else []
            )
            yield source, Page(source, {"at": made}, items[source], found[source], accounts)


def _tree(
    span: _Days, people: int, titles: list[str], name: str, number: int
) -> Iterator[tuple[side.WorkItem, list[side.Signal]]]:
    """An epic of one team with its issues, every fourth item a thread; `number` is that of the last item before it."""
    team = int(RNG.integers(max(1, people // 8)))
    theme = str(RNG.choice(titles)) if RNG.random() < 0.5 else phrase(6)
    begun = span.start + timedelta(days=float(RNG.uniform(0, span.count)))
    epic = f"{name}{number + 1}"
    for n in range(TREE):
        id_ = f"{name}{number + n + 1}"
        words = f"{' '.join(RNG.choice(theme.split(), 2))} {phrase(4)}"
        at = span.within(begun + timedelta(hours=float(RNG.exponential(100)) if span.count > 1 else 0), 14)
        who = f"p{min(people - 1, 8 * team + int(RNG.integers(8)))}"
        if n % 4 == 3:
            item = _thread(id_, f"C{team}", words, at, f"K-{name}{number + n}")
        else:
            item = _issue(id_, f"C{team}", words, who, at, epic if n else None)
        yield item, _signals(item, who, span)


def _issue(id_: str, project: str, words: str, who: str, at: datetime, epic: str | None) -> side.WorkItem:
    kind = "story" if epic else "epic"
    return side.WorkItem(
        "jira", id_, kind, project, words, None, f"K-{id_}", epic, assignee=who, created_at=at, updated_at=at
    )


def _thread(id_: str, channel: str, words: str, at: datetime, named: str) -> side.WorkItem:
    return side.WorkItem("slack", id_, "message", channel, None, words, mentions=(named,), created_at=at, updated_at=at)


def _signals(item: side.WorkItem, who: str, span: _Days) -> list[side.Signal]:
    """An issue is assigned, begun, logged and closed; a thread has four messages."""
    assert item.created_at is not None
    kinds = ("message",) * 4 if item.source == "slack" else ("assignment", "transition", "worklog", "transition")
    found = []
    for m, kind in enumerate(kinds):
        at = span.within(item.created_at + timedelta(hours=float(RNG.exponential(20)) * m), 13)
        detail = {"to": (who, "indeterminate", "", "done")[m]} if kind in ("transition", "assignment") else {}
        hours = 1.5 if kind == "worklog" else None
        words = item.text if m == 0 else None
        id_ = f"{item.external_id}-{m}"
        found.append(side.Signal(item.source, id_, item.external_id, kind, at, who, hours, words, detail=detail))
    return found
