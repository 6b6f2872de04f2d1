"""Select the texts of a thread, or of the notes on a deal, that show what it is about."""

import re
from collections.abc import Sequence

_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
"""Characters of scripts without spaces between words; about two make a word."""
_NUMBER, _MARKS = re.compile(r"\d+"), re.compile(r"\W+")

TERSE = 5
"""Texts of at most this many words say little by themselves."""
VERSION = 3
"""Version of how an item's words are made from its signals; when it increases, all items are read again."""


def telling(said: Sequence[str]) -> list[str]:
    """Return the distinct texts in chronological order; texts that differ only by numbers and punctuation are the same.

    "Next step agreed", noted forty times on a deal, would otherwise fill the encoded text, and a longer text makes the match more
    confident.
    """
    first: dict[str, str] = {}
    for text in said:
        first.setdefault(_compared(text), text)
    return list(first.values())


def topic(said: Sequence[str]) -> list[str]:
    """Return what a thread without a title is about: its first text, and answers of more than TERSE words.

    "Can we talk at three?" says nothing about the topic, but would make the text longer and the match more confident.
    """
    kept = telling(said)
    return kept[:1] + [text for text in kept[1:] if count_words(text) > TERSE]


def count_words(text: str) -> int:
    """Count space-separated words, and one word per two characters of scripts without spaces."""
    unspaced = len(_UNSPACED.findall(text))
    return len(_UNSPACED.sub(" ", text).split()) + (unspaced + 1) // 2 if unspaced else len(text.split())


def _compared(text: str) -> str:
    return _MARKS.sub(" ", _NUMBER.sub("0", text.casefold())).strip()
