"""The day by which a key result is to be reached: an entry of the file that is no field, and read where it is a day."""

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
    """The day that a value or cell gives, also as a spreadsheet shows it (31.08.2026, 31-Aug-26, Aug 31, 2026); else None.

    01/09/2026 is no day: some who write it mean September, the others January.
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
    """Its number, 0 for what is none."""
    for language in _LANGUAGES:
        for n, start in enumerate(lexicon(language).months, 1):
            if name.casefold().startswith(start):
                return str(n)
    return "0"


def said_due(row: object) -> Any:
    """What a key result's entry says of its day; None where it says nothing."""
    return next((row[name] for name in DUE if row.get(name)), None) if isinstance(row, Mapping) else None


def unread(row: object) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Of a key result's entry whose day is none: what it says, what is the matter, and what to write (for the lint)."""
    said = said_due(row)
    if said and day_of(said) is None:
        yield (
            (str(said),),
            "is no day that everybody reads alike, so nothing is told of it.",
            "write it as `due: 2026-08-31`.",
        )


@lru_cache(maxsize=64)  # of a register's versions, for the history on a page
def dues(text: str) -> dict[str, str]:
    """By key, what each key result of a register's text says of its day, in the order of the file."""
    if not any(name in text for name in DUE):
        return {}
    objectives = (Document(text).data or {}).get("objectives") or ()
    results = (row for objective in objectives for row in objective.get("key_results") or ())
    return {str(row.get("key")): str(said) for row in results if (said := said_due(row))}


@dataclass(frozen=True, slots=True)
class Draft:
    """A register with its text, in which days stand that Leeway does not read otherwise."""

    register: Register
    text: str

    def dues(self) -> Mapping[str, str]:
        """By key, the day that a key result's own entry gives, as written."""
        return dues(self.text)


def changes_told(before: Draft | None, after: Draft) -> list[str]:
    """Changes of the register in words, a line each, and those of days by which its key results are due."""
    if before is None:
        return in_words(None, after.register)
    was, now = before.dues(), after.dues()
    kept = {k.key for _, k in before.register.key_results()}
    both = [(k.key, was.get(k.key), now.get(k.key)) for _, k in after.register.key_results() if k.key in kept]
    dated = [f"{key}: due: {old or 'none'} -> {new or 'none'}" for key, old, new in both if old != new]
    return [*in_words(before.register, after.register), *dated]
