"""Name a stream after the title of its root, else of the member nearest to its centroid; short, and without people's names.

People's own words are shown as they wrote them, so that they recognise the work, except for names of people.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

LONGEST = 60
"""Characters."""
SOMEONE = "someone"
_MORE = " and more"
_LEAST = 3
"""A shorter part of a person's name is treated as a word."""
_AWAY = re.compile(
    r"<[^<>\n]*>|https?://\S+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?<!\w)@[\w.-]+|:[a-z0-9_+-]+:(?!\S)|[\x00-\x1f\x7f]+"
)
"""Markup, addresses, mentions, emoji by name, control characters."""
_TELLS, _TELLS_IN_WORDS = 24, (3, 12)
"""Letters that make a title informative; alternatively words and letters."""
_ALIKE, _LEAST_ALIKE = 3, (2, 9)
"""Number of titles from which a stream is named after what most of them share; least words and letters of that name."""
_COUNTED = frozenset(
    """week part batch no nr number day round sprint
kw woche teil tag semaine jour semana parte""".split()  # noqa: SIM905
)
"""Words that mean nothing without the number after them."""
_LOOSE = frozenset(
    """a an the and or for of to in on at with by from until till as vs is are was be please der die das den dem und oder für von
mit zu im am an bei bis ist le la les des du de et ou pour avec en el los y o con por today tomorrow monday tuesday wednesday
thursday friday heute morgen montag dienstag mittwoch donnerstag freitag""".split()  # noqa: SIM905
)
"""Words stripped from the beginning and end of a shortened name."""
_JOINT = re.compile(r"[-'’]")
_WORD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")
_AROUND = ".,;:!?()[]{}\"'“”„‚‘’«»*_#|/–-"
_SENTENCE = re.compile(r"(?<=[.!?])\s|\n")
_ALSO_WORDS = frozenset(
    """art ash bill black brook brown carter chase chip christian clay cliff cook dale dean drew earl ford frank gene glen
grace grant gray green guy hall harmony hope hunter iris ivy jack jade jay jean joy king lane lee long love major mark marsh mason
max may miles miller moss norm page pat pearl penny pierce pike pope porter price ray reed rich rob rose ruby rush rust sage sandy
singer star sterling stone sue summer swift taylor violet wade ward wells west white will wise wood woods young""".split()  # noqa: SIM905
)
"""Names that are also words: they refer to a person only if capitalised."""


class People:
    """Names of people, to remove from displayed text."""

    def __init__(self, names: Iterable[str]) -> None:
        """`names` are full names and addresses; each part of a name is recognised too."""
        self._parts: set[str] = set()
        for name in names:
            local = name.partition("@")[0]
            parts = [part for word in _WORD.findall(local) for part in (word, *_JOINT.split(word))]
            self._parts |= {part.casefold() for part in parts if len(part) >= _LEAST}

    def without(self, text: str) -> str:
        """Return the text on one line, with `someone` for each person's name and without mentions and addresses."""
        text = _WORD.sub(self._nobody, _AWAY.sub(" ", text))
        text = re.sub(rf"\b{SOMEONE}(?:\s+{SOMEONE})+\b", SOMEONE, " ".join(text.split()))
        return text.strip(" ,;:-–|/")

    def _nobody(self, found: re.Match[str]) -> str:
        word = found.group()
        bare = re.sub(r"['’]s$", "", word)
        return SOMEONE + word[len(bare) :] if self._is_name(bare) else word

    def _is_name(self, word: str) -> bool:
        plain = word.casefold()
        if plain in _ALSO_WORDS and word.islower():
            return False
        return plain in self._parts or any(part in self._parts for part in _JOINT.split(plain) if part != plain)


def of_group(name: str) -> str:
    """What a group of streams is called whose largest has this name: by that alone one name would stand beside two sizes."""
    return f"{name}{_MORE}"


def of_largest(name: str) -> str:
    """The name of a group's largest stream, by which answers are kept: the group grows and shrinks around it."""
    return name.removesuffix(_MORE)


def names_of(name: str) -> tuple[str, str]:
    """What a group may be called that was called so once."""
    return of_largest(name), of_group(of_largest(name))


def named(title: str | None, words: str, people: People) -> str:
    """Return the name from an item's title, else from its first sentence; empty if it is meaningless."""
    text = people.without(title or _SENTENCE.split(words.strip(), maxsplit=1)[0])
    if sum(c.isalpha() for c in text.replace(SOMEONE, "")) < _LEAST:
        return ""
    return shortened(text)


def shortened(text: str) -> str:
    """Return the text, cut at a word boundary if longer than LONGEST."""
    if len(text) <= LONGEST:
        return text
    cut = text[: LONGEST - 1]
    if not text[LONGEST - 1].isspace() and " " in cut[LONGEST // 2 :]:
        cut = cut[: cut.rindex(" ")]
    return cut.rstrip(" ,;:-–.(") + "…"


def alike(name: str, titles: Iterable[str]) -> str:
    """Reduce a name to the words that at least half of its stream's titles share: "Van service" for "Van 35 service", "Van 25
    service" and so on. Returns the name itself if there are few titles, or if they share too little."""
    others = [{_core(word) for word in title.split()} for title in titles]
    if len(others) < _ALIKE:
        return name
    words = name.split()
    kept = [sum(_core(word) in other for other in others) >= max(2, len(others) / 2) for word in words]
    kept = [keep and _core(word) != "" for keep, word in zip(kept, words, strict=True)]
    for n, word in enumerate(words[:-1]):
        kept[n] &= not (_core(word) in _COUNTED and _core(words[n + 1]) == "")
    runs = [_trimmed(run) for run in _runs(words, kept)]
    longest = max(runs, key=_letters, default=[])
    for left in (longest, [word for run in runs for word in run]):
        if len(left) >= _LEAST_ALIKE[0] and _letters(left) >= _LEAST_ALIKE[1]:
            return " ".join(left).strip(_AROUND)
    return name


def _runs(words: Sequence[str], kept: Sequence[bool]) -> Iterable[list[str]]:
    """Yield runs of adjacent kept words."""
    for keep, some in groupby(zip(words, kept, strict=True), key=lambda one: one[1]):
        if keep:
            yield [word for word, _ in some]


def _trimmed(words: list[str]) -> list[str]:
    while words and _core(words[-1]) in _LOOSE:
        words = words[:-1]
    while words and _core(words[0]) in _LOOSE:
        words = words[1:]
    return words


def _letters(words: Sequence[str]) -> int:
    return _said(" ".join(words))


def _core(word: str) -> str:
    """Return a word in lower case without surrounding punctuation; empty if it contains a digit (a number, a date, W36)."""
    bare = word.casefold().strip(_AROUND)
    return "" if any(c.isdigit() for c in bare) else bare


def tells(text: str) -> bool:
    """Return True if a title is informative; not "docs", "fix comments", "see above"."""
    words, letters = _TELLS_IN_WORDS
    said = _said(text)
    return said >= _TELLS or (said >= letters and len(text.split()) >= words)


def telling(names: Iterable[str]) -> list[str]:
    """Return the distinct names, informative ones first."""
    return sorted(dict.fromkeys(names), key=lambda name: not tells(name))


def _said(text: str) -> int:
    """Count letters; one in Chinese, Japanese or Korean counts as three."""
    return sum(3 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text if c.isalpha())


def by_nearness(vectors: NDArray[np.float32]) -> Sequence[int]:
    """Return positions ordered by similarity to the centroid, nearest first."""
    near = vectors @ vectors.mean(0)
    order: Sequence[int] = np.argsort(-np.round(near, 6), kind="stable").tolist()
    return order
