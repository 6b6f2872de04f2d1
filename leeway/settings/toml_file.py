"""leeway.toml with the line of every value, and all that is wrong with its form at once.

tomllib has no positions. But a prefix of a TOML file that ends with a whole statement is TOML itself, so the statement that first
gives a value is found by halving: what a prefix says, a longer one says as well.
"""

import re
import tomllib
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_MOST_FAULTS = 20
_QUOTES = re.compile("[\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb]")
_ADVICE = (
    ("Cannot overwrite", "this name appears twice; delete one of the lines"),
    ("Cannot declare", "this section appears twice; put its lines under one heading"),
    ("Cannot mutate", "this section appears twice; put its lines under one heading"),
    ("Illegal character '\\n'", "a string is not closed; end it with a quote on the same line"),
    ("Unterminated string", "a string is not closed; end it with a quote on the same line"),
    ("Unescaped '\\'", "a backslash in a string; write the string in 'single quotes'"),
    ("Invalid hex value", "a backslash in a string; write the string in 'single quotes'"),
    ("Unclosed array", "a list is not closed; end it with ]"),
    (
        "Invalid value",
        'not a TOML value; write strings in quotes (name = "value") and true or false in lower case',
    ),
    ("Expected '='", "not a setting; write name = value, or start a comment with #"),
    ("Expected ']'", "a section's heading is not closed; write [section]"),
    ("Expected newline or end", "something follows the value; start a comment with #, and write one setting per line"),
    ("Invalid statement", "not a setting; write name = value, or start a comment with #"),
    ("Invalid initial character", "not a setting; write name = value, or start a comment with #"),
)


@dataclass(frozen=True, slots=True)
class FormFault:
    """A line that is no TOML, and what to write."""

    line: int
    message: str


class TomlFile:
    """The text of a settings file: what it says, what is wrong with its form, and where each value stands."""

    def __init__(self, text: str) -> None:
        self._whole = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self.faults, self.data = self._read()
        self._known: dict[int, dict[str, Any] | None] = {}

    @classmethod
    def at(cls, path: Path) -> "TomlFile":
        """Read a file. Raises InputError where it is no text, OSError where it cannot be opened."""
        from pipeline.files import decode

        return cls(decode(path.read_bytes(), str(path)))

    def line_of(self, path: Sequence[Any]) -> int | None:
        """Line of a value, counted from 1; of the section it belongs to where the value is not there, else None."""
        for end in range(len(path), 0, -1):
            stop = bisect_left(self._stops, True, key=lambda stop: _holds(self._until(stop)[1], path[:end]))
            if stop < len(self._stops):
                return self._entry(self._until(stop - 1)[0], stop, path[:end])
        return None

    def _entry(self, start: int, stop: int, path: Sequence[Any]) -> int:
        """Within a statement over several lines, such as a list: the line of the entry."""
        for end in range(start + 1, stop):
            if _holds(_parsed([*self._whole[:end], "]"]) or {}, path):
                return end
        return start + 1

    @property
    def _stops(self) -> range:
        return range(len(self._whole) + 1)

    def _until(self, most: int) -> tuple[int, dict[str, Any]]:
        """The highest number of lines, up to this one, that is whole TOML, with what they say."""
        for stop in range(most, 0, -1):
            if stop not in self._known:
                self._known[stop] = _parsed(self._whole[:stop])
            data = self._known[stop]
            if data is not None:
                return stop, data
        return 0, {}

    def _read(self) -> tuple[list[FormFault], dict[str, Any]]:
        """Every statement that is no TOML, found by emptying its lines one after the other, and what the rest says."""
        faults: list[FormFault] = []
        lines = self._whole
        while len(faults) < _MOST_FAULTS:
            try:
                return faults, tomllib.loads("\n".join(lines))
            except tomllib.TOMLDecodeError as error:
                noticed = _noticed(str(error), len(lines))
                start = next((n for n in range(noticed, 0, -1) if _parsed(lines[: n - 1]) is not None), 1)
                faults.append(FormFault(start, _form_advice(str(error), lines[start - 1])))
                for number in range(start, _end(lines, start, noticed, str(error))):
                    lines[number - 1] = ""
            except RecursionError:
                return [FormFault(1, "lists nested too deeply")], {}
        return faults, {}


def _parsed(lines: Sequence[str]) -> dict[str, Any] | None:
    try:
        return tomllib.loads("\n".join(lines))
    except tomllib.TOMLDecodeError:
        return None


def _noticed(message: str, last: int) -> int:
    """The line at which the parser stopped."""
    found = re.search(r"\(at line (\d+)", message)
    return min(int(found[1]), last) if found else last


def _end(lines: Sequence[str], start: int, noticed: int, message: str) -> int:
    """The line before which a faulty statement ends; what a second heading of a section brings would be the one's before it."""
    if not message.startswith("Cannot declare"):
        return max(start + 1, noticed)
    rest = range(start + 1, len(lines) + 1)
    return next((number for number in rest if lines[number - 1].lstrip().startswith("[")), len(lines) + 1)


def _form_advice(message: str, line: str) -> str:
    if _QUOTES.search(line):
        return 'typographic quotes; use straight ones: "'
    if "\u00a0" in line:
        return "a no-break space, perhaps copied from a web page; use a plain space"
    for begin, advice in _ADVICE:
        if message.startswith(begin):
            return advice
    return message.partition(" (at")[0]


def _holds(data: Any, path: Sequence[Any]) -> bool:
    for part in path:
        if (isinstance(data, list) and isinstance(part, int) and part < len(data)) or (
            isinstance(data, dict) and part in data
        ):
            data = data[part]
        else:
            return False
    return True
