"""What of a thread, or of all that is noted on a deal, tells what it is about."""

import re
from collections.abc import Sequence

_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
"""Characters of scripts that put no blank between words; about two make one."""
_NUMBER, _MARKS = re.compile(r"\d+"), re.compile(r"\W+")

TERSE = 5
"""So few words say little by themselves."""
VERSION = 3
"""Of how an item's words are made from its signals: where it grows, all items are read once more."""


def telling(said: Sequence[str]) -> list[str]:
    """Of texts in the order in which they were said, each once; those that differ by numbers and marks alone are the same.

    "Next step agreed", noted forty times on one deal, is no longer text, which the match would be surer of, and would
    fill what is encoded.
    """
    first: dict[str, str] = {}
    for text in said:
        first.setdefault(_compared(text), text)
    return list(first.values())


def topic(said: Sequence[str]) -> list[str]:
    """What a thread without a title is about: its first text, and of the answers those of more than TERSE words.

    "Can we talk at three?" says nothing of it, but made the text longer, which the match was surer of with each answer.
    """
    kept = telling(said)
    return kept[:1] + [text for text in kept[1:] if count_words(text) > TERSE]


def count_words(text: str) -> int:
    """Words between blanks, and one for each two characters of a script without them."""
    unspaced = len(_UNSPACED.findall(text))
    return len(_UNSPACED.sub(" ", text).split()) + (unspaced + 1) // 2 if unspaced else len(text.split())


def _compared(text: str) -> str:
    return _MARKS.sub(" ", _NUMBER.sub("0", text.casefold())).strip()
