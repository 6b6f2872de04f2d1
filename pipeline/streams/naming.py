"""A stream's name: the title of its root, else of the member nearest to its centre; no person's name, and short.

What people wrote is shown as they wrote it, so that they know what is meant, less who is named in it.
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
_LEAST = 3
"""Letters of a part of a person's name below which it is taken for a word."""
_AWAY = re.compile(
    r"<[^<>\n]*>|https?://\S+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?<!\w)@[\w.-]+|:[a-z0-9_+-]+:(?!\S)|[\x00-\x1f\x7f]+"
)
"""Markup, addresses, mentions, emoji by name, control characters."""
_TELLS, _TELLS_IN_WORDS = 24, (3, 12)
"""Letters from which on a title says what it is about; or words and letters."""
_ALIKE, _LEAST_ALIKE = 3, (2, 9)
"""Titles from which on a stream is named by what most of them say; and words and letters that this must have."""
_COUNTED = frozenset(
    """week part batch no nr number day round sprint
kw woche teil tag semaine jour semana parte""".split()  # noqa: SIM905
)
"""Words that say nothing without the number behind them."""
_LOOSE = frozenset(
    """a an the and or for of to in on at with by from until till as vs is are was be please der die das den dem und oder für von
mit zu im am an bei bis ist le la les des du de et ou pour avec en el los y o con por today tomorrow monday tuesday wednesday
thursday friday heute morgen montag dienstag mittwoch donnerstag freitag""".split()  # noqa: SIM905
)
"""Words that no name begins or ends with once its other words are taken away."""
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
"""Names that are words too: only written large they are somebody."""


class People:
    """Names of people, to be kept out of what is shown."""

    def __init__(self, names: Iterable[str]) -> None:
        """Full names and addresses; each part of a name counts by itself too."""
        self._parts: set[str] = set()
        for name in names:
            local = name.partition("@")[0]
            parts = [part for word in _WORD.findall(local) for part in (word, *_JOINT.split(word))]
            self._parts |= {part.casefold() for part in parts if len(part) >= _LEAST}

    def without(self, text: str) -> str:
        """The text on one line, with `someone` for each person who is named in it and without mentions and addresses."""
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


def named(title: str | None, words: str, people: People) -> str:
    """The name that an item gives; empty where it says nothing. Of an item without a title its first sentence."""
    text = people.without(title or _SENTENCE.split(words.strip(), maxsplit=1)[0])
    if sum(c.isalpha() for c in text.replace(SOMEONE, "")) < _LEAST:
        return ""
    return shortened(text)


def shortened(text: str) -> str:
    """The text, cut at the end of a word where it is longer than LONGEST."""
    if len(text) <= LONGEST:
        return text
    cut = text[: LONGEST - 1]
    if not text[LONGEST - 1].isspace() and " " in cut[LONGEST // 2 :]:
        cut = cut[: cut.rindex(" ")]
    return cut.rstrip(" ,;:-–.(") + "…"


def alike(name: str, titles: Iterable[str]) -> str:
    """What a name says that at least half of the titles of its stream say too, in their order: "Van service" of "Van 35 service",
    "Van 25 service" and the like. The name itself where there are few titles, or where they have too little in common."""
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
    """The words that are kept, as far as they stand side by side."""
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
    """A word without what stands around it; nothing of a number, a date, a week such as W36."""
    bare = word.casefold().strip(_AROUND)
    return "" if any(c.isdigit() for c in bare) else bare


def tells(text: str) -> bool:
    """Return True if a title says enough to tell work by: not "docs", "fix comments", "see above"."""
    words, letters = _TELLS_IN_WORDS
    said = _said(text)
    return said >= _TELLS or (said >= letters and len(text.split()) >= words)


def telling(names: Iterable[str]) -> list[str]:
    """Each once, in their order, but those first that say enough to tell work by."""
    return sorted(dict.fromkeys(names), key=lambda name: not tells(name))


def _said(text: str) -> int:
    """Letters; one in Chinese, Japanese or Korean says about as much as three."""
    return sum(3 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text if c.isalpha())


def by_nearness(vectors: NDArray[np.float32]) -> Sequence[int]:
    """Positions by nearness to the centre of all, the nearest first."""
    near = vectors @ vectors.mean(0)
    order: Sequence[int] = np.argsort(-np.round(near, 6), kind="stable").tolist()
    return order
