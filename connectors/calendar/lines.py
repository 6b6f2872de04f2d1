"""The lines of a calendar that are read: whatever else is in it, and is broken there, costs nothing."""

import re
from collections.abc import Iterable, Iterator

_BREAK = re.compile(rb"\r+\n?|\n")
"""The end of a line: some writers have a lone carriage return, some two before the line feed."""
_FOLD = re.compile(rb"\n[ \t]")
"""Where a long line goes on; some writers fold in the midst of a letter of several bytes."""
_READ = {"VCALENDAR", "VEVENT", "VTIMEZONE", "STANDARD", "DAYLIGHT"}
_OF_CALENDAR = ("METHOD", "X-WR-TIMEZONE")
_OF_ZONE = {"DTSTART", "TZOFFSETFROM", "TZOFFSETTO"}
"""What each part of a zone's definition must say."""


def decoded(body: bytes) -> str:
    """The text as it is, with one line feed for each end of a line."""
    return _BREAK.sub(b"\n", body).decode("utf-8", "replace").lstrip("\ufeff")


def unfolded(body: bytes) -> list[str]:
    """The lines, each whole."""
    return _FOLD.sub(b"", _BREAK.sub(b"\n", body)).decode("utf-8", "replace").lstrip("\ufeff").split("\n")


def read(lines: Iterable[str]) -> Iterator[str]:
    """Those of events and of zones that say what they are; not tasks, alarms and lines that belong to nothing.

    A part that is left open ends with what it is in.
    """
    path: list[str] = []
    zone: list[str] = []
    for line in lines:
        word, name = name_of(line), line.partition(":")[2].strip().upper()
        if word == "BEGIN":
            path.append(name)
        elif word == "END":
            if name not in path:
                continue
            while path[-1] != name:
                path.pop()
        if _READ.issuperset(path):
            if "VTIMEZONE" in path:
                zone.append(line)
            elif path != ["VCALENDAR"] or word in ("BEGIN", "END", *_OF_CALENDAR):
                yield line
        if word == "END":
            path.pop()
            if name == "VTIMEZONE":
                yield from _usable(zone)
                zone = []


def name_of(line: str) -> str:
    """What a line is about: the word before its parameters and its value."""
    return re.split(r"[:;]", line, maxsplit=1)[0].strip().upper()


def _usable(zone: list[str]) -> list[str]:
    """A zone's definition without the parts that do not say what they must; nothing where no part is left."""
    kept: list[str] = []
    part: list[str] = []
    parts = 0
    for line in zone:
        word, name = name_of(line), line.partition(":")[2].strip().upper()
        begins = word == "BEGIN" and name != "VTIMEZONE"
        if begins or part:
            part.append(line)
            if word == "END":
                whole = {name_of(one) for one in part} >= _OF_ZONE
                kept += part if whole else []
                parts, part = parts + whole, []
        else:
            kept.append(line)
    return kept if parts and any(name_of(line) == "TZID" for line in kept) else []
