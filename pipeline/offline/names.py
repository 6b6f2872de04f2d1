"""Names in a file, each compared as it is meant: blanks around it, accents in two pieces and marks that nobody sees are none."""

import unicodedata
from functools import lru_cache

from pipeline.files import InputError
from pipeline.register.unseen import NEVER

_UNSEEN = dict.fromkeys(map(ord, NEVER))


@lru_cache(maxsize=65536)
def tidy(text: str) -> str:
    """The name as it is compared."""
    return unicodedata.normalize("NFC", " ".join(text.translate(_UNSEEN).split()))


class Spelling:
    """One spelling of each name: of two that differ in capitals alone nobody says which is meant, or whether they are two."""

    def __init__(self) -> None:
        self._first: dict[str, tuple[str, str]] = {}

    def take(self, name: str, place: str, where: str, field: str) -> str:
        """The name, tidy. Raises InputError where it stood otherwise in an earlier `place`."""
        text = tidy(name)
        first, at = self._first.setdefault(text.casefold(), (text, place))
        if first != text:
            raise InputError(f"{where}: {field}: {text!r} is written {first!r} in {at}. Write it alike everywhere.")
        return text
