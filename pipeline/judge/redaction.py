"""Remove names of people, addresses and mentions from text before it leaves the machine."""

import re
import unicodedata
from collections.abc import Iterable

from pipeline.streams.naming import SOMEONE, People

_UNSEEN = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufe00-\ufe0f\ufeff]")
"""Invisible characters, which could split a name."""
_MENTION = re.compile(r"\[~[^\]\n]*\]|\baccountid:\S+")
_PHONE = re.compile(r"(?<![\w.,:/-])\+?\d(?:[\s()./-]{0,2}\d){7,14}(?![\w-])")
_LETTERS = re.compile(r"[^\W\d_]+")
_UNSPACED = re.compile("[\u0e00-\u0eff\u2e80-\u9fff\uac00-\ud7af]")
"""Scripts without spaces between words, in which a name may occur anywhere."""
_SHORT = 2
"""Length of parts of names that `People` treats as words; here they are names if capitalised."""


class Redaction:
    """Removes every known person: by full name or any part of it, with or without accents, by address or mention."""

    def __init__(self, names: Iterable[str]) -> None:
        """`names` are full names and addresses."""
        known = {seen(name) for name in names if name.strip()}
        known |= {_bare(name) for name in known}
        self._people = People(known)
        parts = {part for name in known for part in _LETTERS.findall(name.partition("@")[0])}
        self._short = {part.casefold() for part in parts if len(part) == _SHORT and part[0].isupper()}
        joined = sorted((name for name in known if _UNSPACED.search(name)), key=lambda name: (-len(name), name))
        self._joined = re.compile("|".join(map(re.escape, joined))) if joined else None

    def without(self, text: str) -> str:
        """Return the text on one line, with `someone` for each person."""
        text = _MENTION.sub(" ", seen(text))
        if self._joined:
            text = self._joined.sub(f" {SOMEONE} ", text)
        return _LETTERS.sub(self._nobody, self._people.without(_PHONE.sub(" ", text)))

    def names_nobody(self, text: str) -> bool:
        """Return True if the text names nobody."""
        return self.without(text) == " ".join(seen(text).split())

    def _nobody(self, found: re.Match[str]) -> str:
        word = found.group()
        return SOMEONE if word[0].isupper() and word.casefold() in self._short else word


def seen(text: str) -> str:
    """Return the text normalised (NFKC), without invisible characters."""
    return _UNSEEN.sub("", unicodedata.normalize("NFKC", text))


def _bare(text: str) -> str:
    """Return the text without accents."""
    parts = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", "".join(c for c in parts if not unicodedata.combining(c)))
