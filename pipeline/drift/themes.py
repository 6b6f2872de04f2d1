"""Themes: clusters of the work that serves no key result, so that a shadow roadmap gets a name.

HDBSCAN (Campello et al. 2013) on vectors shrunk towards the mean of their epic or thread. A cluster is a theme if much of its
effort belongs to one stream, or if many of its items contain a word that work on key results hardly uses. Clusters are merged if
many of their items belong to the same stream, or if the same word distinguishes them (class-based TF-IDF, Grootendorst 2022,
arXiv:2203.05794). Where short titles only say that work continues ("pushed", "fix comments", "second round"), a cluster contains
everything that anybody did; it is split into its streams. Items in no cluster, or in a cluster that was split, form a theme if
their stream took many days. A theme is named after the stream with most of its effort, followed by "and more"
unless that is nearly all.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from pipeline.streams.naming import of_group, telling

LEAST_ITEMS = 6
_PART_OF_ITEMS = 80
MOST_ITEMS = 3_000
_WORD = re.compile(r"[^\W\d_][\w&-]{2,}")
_WORDS_IN_NAME = 3
_OF_ONE_STREAM = 0.3
_EFFORT_OF_ONE_STREAM = 0.4
_WITH_THE_WORD = 0.3
_WORD_ON_GOALS = 0.005
"""When a cluster is about one thing: least proportions of its effort and of its items, and the largest proportion of items on key
results. In three labelled companies with terse titles, 56, 86 and 72 % of the themes' known effort was about one thing without
these, and 100, 96 and 79 % with them."""
_NEARLY_ALL = 0.9
"""Proportion of a theme's effort from which on its largest stream is the theme."""
LEAST_DAYS = 10.0
"""Person-days that make a theme of a stream with too few items for a cluster: an epic of four tickets can occupy half a team."""
LONGEST_NAME = 200
EXAMPLES, MOST_EXAMPLES = 3, 12


@dataclass(frozen=True, slots=True)
class OffGoal:
    """An item that most likely serves no key result, with its effort by day and by team, in person-days.

    `tree` identifies the epic, thread or deal that it belongs to; `stream` is the name of its stream, empty if it has none yet.
    """

    row: int
    words: str
    tree: str
    stream: str
    effort: Mapping[date, float]
    teams: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Theme:
    """`person_days` is the total; `by_day` shows when it grew; `examples` are the words of a few items."""

    name: str
    items: tuple[int, ...]
    person_days: float
    first_day: date
    teams: tuple[tuple[str, float], ...]
    examples: tuple[str, ...]
    by_day: Mapping[date, float]


def find_themes(items: Sequence[OffGoal], vectors: NDArray[np.float32], goal_words: Sequence[str]) -> list[Theme]:
    """Return themes of the off-goal items, largest effort first. `goal_words` are the texts of work on key results."""
    if len(items) > MOST_ITEMS:  # clustering is quadratic: keep the items with the most effort
        keep = np.argsort([-sum(item.effort.values()) for item in items], kind="stable")[:MOST_ITEMS]
        items, vectors = [items[i] for i in keep.tolist()], vectors[keep]
    marks = _clusters(items, vectors)
    members: list[list[int]] = [
        np.flatnonzero(marks == mark).tolist() for mark in range(int(marks.max(initial=-1)) + 1)
    ]
    general = _document_frequency(goal_words)
    words = [Counter(w for i in rows for w in set(_words(items[i].words))) for rows in members]
    parts: dict[str, list[OffGoal]] = {}
    loose = [item for item, mark in zip(items, marks, strict=True) if mark < 0]
    for number, rows in enumerate(members):
        found = [items[i] for i in rows]
        word = _name(number, words, [len(m) for m in members], general).split(", ")[0]
        tells = words[number][word] >= _WITH_THE_WORD * len(rows) and general.get(word.lower(), 0) <= _WORD_ON_GOALS
        if tells or _largest_stream(found)[1] >= _EFFORT_OF_ONE_STREAM:
            parts.setdefault((_stream_of_most(found) or word).lower(), []).extend(found)
        else:
            loose.extend(found)
    for key, found in _streams_apart(loose).items():
        parts.setdefault(key, found)
    named: dict[str, list[OffGoal]] = {}
    for key, found in parts.items():
        named.setdefault(name_of(found) or key.capitalize(), []).extend(found)
    themes = [_theme(_called(name, found)[:LONGEST_NAME], found) for name, found in named.items()]
    return sorted(themes, key=lambda theme: (-theme.person_days, theme.name))


def _clusters(items: Sequence[OffGoal], vectors: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return each item's cluster number, -1 for none."""
    if len(items) < LEAST_ITEMS * 2:
        return np.full(len(items), -1)
    from sklearn.cluster import HDBSCAN  # takes seconds to import: only where there is something to cluster

    least = max(LEAST_ITEMS, len(items) // _PART_OF_ITEMS)
    leaning = _lean([item.tree for item in items], vectors)
    # Brute force: in hundreds of dimensions a neighbour tree saves nothing and is nine times as slow.
    marks = HDBSCAN(min_cluster_size=least, min_samples=3, algorithm="brute", copy=True).fit_predict(
        leaning.astype(np.float64)
    )
    return np.asarray(marks, np.int64)


def _streams_apart(items: Sequence[OffGoal]) -> dict[str, list[OffGoal]]:
    """Group unclustered items by the name of their stream, keeping streams of at least LEAST_DAYS."""
    found: dict[str, list[OffGoal]] = defaultdict(list)
    for item in items:
        if item.stream:
            found[item.stream.lower()].append(item)
    return {name: some for name, some in found.items() if sum(sum(one.effort.values()) for one in some) >= LEAST_DAYS}


def _called(name: str, items: Sequence[OffGoal]) -> str:
    """The name of a theme: that of its largest stream, and that there is more in it where there is."""
    largest, part = _largest_stream(items)
    return of_group(name) if largest and part < _NEARLY_ALL else name


def name_of(items: Sequence[OffGoal]) -> str:
    """Return the name of the stream with most of the effort; empty if no item is in a stream."""
    return _largest_stream(items)[0]


def _largest_stream(items: Sequence[OffGoal]) -> tuple[str, float]:
    """Return the name of the stream with most of the effort, and its proportion of it; empty and 0 if no item is in a stream."""
    effort: dict[str, float] = defaultdict(float)
    for item in items:
        effort[item.stream] += sum(item.effort.values())
    known = [(-round(days, 6), name) for name, days in effort.items() if name]
    days, name = min(known, default=(0.0, ""))
    return name, -days / max(sum(effort.values()), 1e-9)


def _stream_of_most(items: Sequence[OffGoal]) -> str:
    """Return the stream that many of a cluster's items belong to; empty if they are spread over many."""
    counts = Counter(item.stream for item in items if item.stream)
    name, count = counts.most_common(1)[0] if counts else ("", 0)
    return name if count >= _OF_ONE_STREAM * len(items) else ""


def _lean(trees: Sequence[str], vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Move each vector half-way towards the mean of its tree, so that an epic's terse children stay together."""
    _, inverse = np.unique(np.array(trees), return_inverse=True)
    sums = np.zeros((int(inverse.max()) + 1, vectors.shape[1]), np.float32)
    np.add.at(sums, inverse, vectors)
    means = sums / np.bincount(inverse)[:, None]
    leaning = vectors + means[inverse]
    found: NDArray[np.float32] = leaning / np.maximum(np.linalg.norm(leaning, axis=1, keepdims=True), 1e-9)
    return found


def _theme(name: str, items: Sequence[OffGoal]) -> Theme:
    days: Counter[date] = Counter()
    teams: Counter[str] = Counter()
    for item in items:
        days.update(item.effort)
        teams.update(item.teams)
    busiest = sorted(items, key=lambda item: -sum(item.effort.values()))
    return Theme(
        name,
        tuple(item.row for item in items),
        sum(days.values()),
        min(days, default=date.max),
        tuple(teams.most_common()),
        tuple(telling(words for item in busiest[:MOST_EXAMPLES] if (words := item.words[:80]) != name)[:EXAMPLES]),
        dict(days),
    )


def _name(number: int, words: Sequence[Counter[str]], sizes: Sequence[int], general: Mapping[str, float]) -> str:
    """Return the words that are frequent in this cluster and rare in the others."""
    others: Counter[str] = Counter()
    for i, counter in enumerate(words):
        if i != number:
            others.update(counter)
    rest = max(1, sum(sizes) - sizes[number])
    score = {
        word: count / sizes[number] * np.log(1 + 1 / (0.02 + others[word] / rest + 4 * general.get(word.lower(), 0.0)))
        for word, count in words[number].items()
        if count >= 2
    }
    best = sorted(score, key=lambda word: (-score[word], word))[:_WORDS_IN_NAME]
    return ", ".join(best) or "various"


def _document_frequency(texts: Sequence[str]) -> dict[str, float]:
    counts = Counter(word.lower() for text in texts for word in set(_words(text)))
    return {word: count / max(1, len(texts)) for word, count in counts.items()}


def _words(text: str) -> list[str]:
    found = _WORD.findall(text)
    return [word[0].upper() + word[1:] for word in found if word.lower() not in _STOP]


_STOP = frozenset(
    """
the and for with that this from are was were has have had not but you your our they them their its will can could would
should may more most some any all one two new old out off over into than then there here who what when where which why
how again still just now only also very too per via re fwd ok so btw fyi fwiw heads-up quick update question status yes
der die das und ist ein eine mit für von auf nicht den dem des wir ihr sie los las una por para con del que está como
monday tuesday wednesday thursday friday today tomorrow week next end afternoon done asking waiting check look needs
""".split()  # noqa: SIM905 - a list of this many words is easier to read as text
)
