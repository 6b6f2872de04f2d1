"""Normalise names in files: ignore surrounding white space, decomposed accents and invisible characters."""

import unicodedata
from functools import lru_cache

from pipeline.files import InputError
from pipeline.register.unseen import NEVER

_UNSEEN = dict.fromkeys(map(ord, NEVER))


@lru_cache(maxsize=65536)
def tidy(text: str) -> str:
    """Return the name in the form used for comparison."""
    return unicodedata.normalize("NFC", " ".join(text.translate(_UNSEEN).split()))


class Spelling:
    """Enforces one spelling per name: if two differ only in case, it is unclear which is meant, or whether they are two."""

    def __init__(self) -> None:
        self._first: dict[str, tuple[str, str]] = {}

    def take(self, name: str, place: str, where: str, field: str) -> str:
        """Return the normalised name. Raises InputError if an earlier `place` spelt it differently."""
        text = tidy(name)
        first, at = self._first.setdefault(text.casefold(), (text, place))
        if first != text:
            raise InputError(f"{where}: {field}: {text!r} is spelt {first!r} in {at}. Use one spelling everywhere.")
        return text
