"""The due day of a key result: an entry of the file outside the schema, used if it can be read as a day."""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from pipeline.register.change_words import in_words
from pipeline.register.faults import DUE
from pipeline.register.lexicon import lexicon
from pipeline.register.schema import Register
from pipeline.register.yaml_nodes import Document

_ISO = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[T ].*)?")
_DOTTED = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})")
_DAY_FIRST = re.compile(r"(\d{1,2})\.?[-\s]([^\W\d_]+)\.?[-\s,]+(\d{4}|\d\d)")
_MONTH_FIRST = re.compile(r"([^\W\d_]+)\.?\s(\d{1,2}),?\s(\d{4})")
_LANGUAGES = ("en", "de", "es", "fr")


def day_of(said: object) -> date | None:
    """Parse a date, also in spreadsheet formats (31.08.2026, 31-Aug-26, Aug 31, 2026); None if it is not one.

    01/09/2026 is ambiguous and therefore None: it means September to some and January to others.
    """
    text = " ".join(str(said).split())
    if found := _ISO.fullmatch(text):
        year, month, day = found.groups()
    elif found := _DOTTED.fullmatch(text):
        day, month, year = found.groups()
    elif found := _DAY_FIRST.fullmatch(text):
        day, month, year = found[1], _month(found[2]), found[3]
    elif found := _MONTH_FIRST.fullmatch(text):
        month, day, year = _month(found[1]), found[2], found[3]
    else:
        return None
    with suppress(ValueError):
        return date(int(year) + (2000 if len(year) == 2 else 0), int(month), int(day))
    return None


def _month(name: str) -> str:
    """Return the number of a month, "0" if unknown."""
    for language in _LANGUAGES:
        for n, start in enumerate(lexicon(language).months, 1):
            if name.casefold().startswith(start):
                return str(n)
    return "0"


def said_due(row: object) -> Any:
    """Return the due day of a key result's entry as written; None if there is none."""
    return next((row[name] for name in DUE if row.get(name)), None) if isinstance(row, Mapping) else None


def unread(row: object) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """For the lint: yield what a key result's unreadable due day says, the problem, and the fix."""
    said = said_due(row)
    if said and day_of(said) is None:
        yield (
            (str(said),),
            "is not an unambiguous date, so it is ignored.",
            "write it as `due: 2026-08-31`.",
        )


@lru_cache(maxsize=64)  # one per version, for the history on a page
def dues(text: str) -> dict[str, str]:
    """Return the due days of a register's text as written, by key result, in file order."""
    if not any(name in text for name in DUE):
        return {}
    objectives = (Document(text).data or {}).get("objectives") or ()
    results = (row for objective in objectives for row in objective.get("key_results") or ())
    return {str(row.get("key")): str(said) for row in results if (said := said_due(row))}


@dataclass(frozen=True, slots=True)
class Draft:
    """A register with its text, which holds the due days that the schema does not read."""

    register: Register
    text: str

    def dues(self) -> Mapping[str, str]:
        """Return the due days as written, by key result."""
        return dues(self.text)


def changes_told(before: Draft | None, after: Draft) -> list[str]:
    """Describe the changes of a register, including its due days, one line each."""
    if before is None:
        return in_words(None, after.register)
    was, now = before.dues(), after.dues()
    kept = {k.key for _, k in before.register.key_results()}
    both = [(k.key, was.get(k.key), now.get(k.key)) for _, k in after.register.key_results() if k.key in kept]
    dated = [f"{key}: due: {old or 'none'} -> {new or 'none'}" for key, old, new in both if old != new]
    return [*in_words(before.register, after.register), *dated]
