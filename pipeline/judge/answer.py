"""Validate a judge's answer: known key results, probabilities, and quotes from the words it was given.

A server may promise a schema and not keep to it, so everything is checked again.
"""

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from connectors.text import tidy
from pipeline.judge.question import NONE, Question
from pipeline.judge.redaction import Redaction, seen
from pipeline.streams.naming import LONGEST, shortened

NEAR_ONE = 0.1
"""Tolerance of the probabilities' sum, for rounding."""
LEAST_QUOTED = 3
"""Letters."""
QUOTES = 3
_LETTERS = re.compile(r"[^\W\d_]+")
_MARKUP = re.compile(r"[<>\[\]{}|`\\*\x00-\x1f]|://|@")
_BEGINS = re.compile(r"\{(?=\s*\")")
_READER = json.JSONDecoder()
_TRIES = 2_000
"""Most JSON objects of an answer to try, last first: nested ones count too."""
_SMALL = 3
"""Words of at most this many letters may be in a name without being in the stream: "for", "of"."""


class Void(Exception):
    """Raised for an invalid answer; the message says why, without quoting it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Probabilities by key result (the remainder up to 1 is none), quotes, and a name, empty if it is not fit to be shown."""

    probabilities: Mapping[str, float]
    quotes: Sequence[str]
    name: str


class _Likely(BaseModel):
    model_config = ConfigDict(allow_inf_nan=False)
    key: str = Field(max_length=200)
    probability: float = Field(ge=0, le=1)


class _Said(BaseModel):
    answer: list[_Likely] = Field(min_length=1, max_length=1_000)
    quotes: list[str] = Field(min_length=1, max_length=20)
    name: str | None = None


def read_answer(text: str, question: Question, redaction: Redaction) -> Answer:
    """Parse and check an answer to a question. Raises Void."""
    said = _parsed(text)
    found: dict[str, float] = {}
    for one in said.answer:
        if one.key != NONE and one.key not in question.keys:
            raise Void("it names a key result that is not in the register")
        if one.key in found:
            raise Void("it names a key result twice")
        found[one.key] = one.probability
    total = sum(found.values())
    if abs(total - 1) > NEAR_ONE:
        raise Void("its probabilities do not add up to one")
    words = [_compared(one) for one in question.words]
    for quote in said.quotes:
        if sum(c.isalpha() for c in quote) < LEAST_QUOTED or not any(_compared(quote) in one for one in words):
            raise Void("it quotes words that are not in the text")
    given = {key: round(p / total, 4) for key, p in found.items() if key != NONE and p > 0}
    quotes = [shortened(redaction.without(quote)) for quote in said.quotes[:QUOTES]]
    return Answer(given, quotes, fit_name(said.name or "", question.words, redaction))


def fit_name(name: str, words: Sequence[str], redaction: Redaction) -> str:
    """Return the name if it may be shown: short, made of the stream's own words, naming nobody; else empty."""
    name = " ".join(tidy(seen(name)).split()).strip(" .,:;\"'")
    if not name or len(name) > LONGEST or _MARKUP.search(name) or not redaction.names_nobody(name):
        return ""
    own = {word for text in words for word in _LETTERS.findall(_compared(text))}
    used = [word for word in _LETTERS.findall(_compared(name)) if len(word) > _SMALL]
    return name if used and all(word in own for word in used) else ""


def _parsed(text: str) -> _Said:
    """Return the last JSON object in the text that is an answer; models may surround it with fences, sentences or reasoning."""
    void = Void("it is no JSON")
    for begin in [match.start() for match in _BEGINS.finditer(text)][::-1][:_TRIES]:
        try:
            found, _ = _READER.raw_decode(text, begin)
        except (ValueError, RecursionError):
            continue
        try:
            return _Said.model_validate(found)
        except ValidationError:
            void = Void("it is not of the form that was asked for")
    raise void


def _compared(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
