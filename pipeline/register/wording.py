"""Classify whether a key result names an activity or an outcome, and by which of its words.

An activity is what a team can do and tick off, whatever results from it (launch, publish, migrate); an outcome is a measured
state, or what others do. Words are weighted by position: the beginning of a sentence counts most (in German, the end).
"""

import itertools
import re
from dataclasses import dataclass
from typing import Literal

from pipeline.register.amounts import Measure, measure, plain
from pipeline.register.lexicon import Lexicon, language_of, lexicon, words_of

Kind = Literal["activity", "outcome"]
_BOUND = re.compile(
    r"(?<!\w)(?:below|under|above|over|at least|less than|fewer than|more than|within|unter|über|mindestens|höchstens"
    r"|weniger als|mehr als"
    r"|innerhalb"
    r"|por debajo|menos de|más de|al menos|inférieur|supérieur|moins de|plus de|au moins)(?!\w)|[<>≤≥]",
    re.I,
)
_ENOUGH = 0.55
_PREFIX = re.compile(r"^(?:[A-Z][\w&/ ]{0,40}\s)?KR\d*:\s*")


@dataclass(frozen=True, slots=True)
class Wording:
    """The reading of a key result: its language, kind, the words that decided it (as written), and its numbers."""

    text: str
    language: str
    kind: Kind
    triggers: tuple[str, ...]
    measure: Measure

    @property
    def decided(self) -> bool:
        """Return True if a third party decides whether it is reached, as with a certificate: then yes or no is measure enough."""
        return any(lexicon(self.language).has("decided", word) for word in words_of(self.text))

    @property
    def number(self) -> bool:
        """Return True if there is something to count: a number, or all, or none."""
        return bool(self.measure.amounts) or self.measure.universal


def read_wording(text: str, language: str | None = None) -> Wording:
    """Classify one key result's title; `language` if known, else it is detected."""
    clean = _PREFIX.sub("", plain(text))
    known = lexicon(language or language_of(clean))
    numbers = measure(clean, known)
    score, triggers = _score(clean, numbers, known)
    return Wording(
        text,
        known.language,
        "activity" if score > _ENOUGH else "outcome",
        tuple(triggers) if score > _ENOUGH else (),
        numbers,
    )


def _score(text: str, numbers: Measure, known: Lexicon) -> tuple[float, list[str]]:
    words = list(words_of(text))
    letters = [word for word in words if word[0].isalpha() and word not in known.numbers]
    if not letters:
        return -1.0, []
    score, triggers = _first(letters, words, numbers, known)
    end, shown = _end(text, letters, known)
    score, triggers = score + end, triggers + shown
    rest, shown = _rest(letters, known)
    score, triggers = score + rest, triggers + shown
    score -= _measured(text, letters, numbers, known)
    return score, [_as_written(text, one) for one in dict.fromkeys(triggers)]


def _first(letters: list[str], words: list[str], numbers: Measure, known: Lexicon) -> tuple[float, list[str]]:
    """Score the beginning: an imperative or infinitive verb, or a noun for work."""
    if known.has("polish", letters[0]) and not numbers.start and _made(letters, known):
        return 2.5, [letters[0]]
    counted = words[0] != letters[0]  # it begins with a number, so a noun follows and not a verb
    for place, word in enumerate(
        letters[:1] if counted and not known.has("activity_nouns", letters[0]) else letters[:3]
    ):
        if known.has("activity", word) and (counted or (place and known.has("articles", letters[place - 1]))):
            continue  # three reports, the works: nouns
        if counted and any(known.has("others", near) for near in letters[:3]):
            return -1.5, []
        if known.has("activity", word) and not (place and known.has("outcome", letters[0])):
            compound = place == 0 and known.language == "en" and _compound(letters, known)
            return (0.5, [word]) if compound else (3.0 if place == 0 else 1.5, [word])
        if known.has("outcome", word):
            return -3.0 if place == 0 else -1.5, []
        if place == 0 and known.has("activity_nouns", word):
            return 2.0, [word]
        if place == 0 and known.has("outcome_nouns", word):
            return -2.0, []
        if place == 0 and known.has("better", word):
            return -2.0, []
        if place == 0 and known.has("others", word):
            return -1.5, []
    return 0.0, []


def _made(letters: list[str], known: Lexicon) -> bool:
    """Return True if the thing improved is the team's own, such as a process or tests, and not a measure."""
    near = letters[1:7]
    return any(known.has("activity_nouns", word) for word in near) and not any(
        known.has("outcome_nouns", word) for word in near[:2]
    )


def _compound(letters: list[str], known: Lexicon) -> bool:
    """Return True if an English verb at the beginning is the first half of a noun: ship errors, launch week brings."""
    rest = letters[1:4]
    return (
        bool(rest)
        and not known.has("common", rest[0])
        and any(
            known.has("outcome_nouns", word) or (word.endswith("s") and known.has("outcome", word)) for word in rest[:2]
        )
    )


def _end(text: str, letters: list[str], known: Lexicon) -> tuple[float, list[str]]:
    """Score the end: a German infinitive, a participle (shipped, umgesetzt), a delivery state (live, im Einsatz)."""
    low = text.lower().rstrip(" .!")
    for phrase in known.phrases["activity_ends"]:
        if re.search(rf"(?<!\w){re.escape(phrase)}(?:\s+(?:by|to|for|bis)\b.*)?$", low):
            others = any(known.has("outcome", word) for word in letters)  # the authority accepts it as complete
            return (0.5 if others else 2.0), [phrase]
    last = letters[-1]
    german = known.language == "de"
    if known.has("activity", last) and (
        german or last.endswith(("ed", "en", "ado", "ada", "ido", "é", "ée", "done", "built"))
    ):
        return 3.0 if german else 2.0, [last]
    if known.has("outcome", last) and german:
        return -3.0, []
    return 0.0, []


def _rest(letters: list[str], known: Lexicon) -> tuple[float, list[str]]:
    """Score the words in between, each a little."""
    after = itertools.pairwise(letters)
    active = [word for before, word in after if known.has("activity", word) and not known.has("articles", before)]
    made = [word for word in letters if known.has("activity_nouns", word)]
    results = [w for w in letters if known.has("outcome", w) or known.has("outcome_nouns", w) or known.has("others", w)]
    score = 0.6 * min(3, len(active)) + 0.6 * min(3, len(made)) - 0.5 * min(4, len(results))
    return score, active[:1] + made[:1]


def _measured(text: str, letters: list[str], numbers: Measure, known: Lexicon) -> float:
    """Score the evidence for a measured state: a start and target, a bound, a percentage, a change."""
    weight = 0.0
    if numbers.start is not None:
        weight += 4.0
    unit = any(
        0 < one.value < 1 or (one.unit and one.unit not in ("week", "weeks", "month", "months"))
        for one in numbers.amounts
    )
    own_work = known.has("activity", letters[0])
    if unit:
        weight += 0.5 if own_work else 2.0
    if numbers.amounts and _BOUND.search(text):
        weight += 0.5 if own_work else 2.0
    if own_work and _BOUND.search(text) and numbers.amounts and _compound(letters, known):
        weight += 2.0
    if known.has("none", letters[0]):
        weight += 2.5
    return weight


def _as_written(text: str, word: str) -> str:
    found = re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.I)
    return found.group() if found else word
