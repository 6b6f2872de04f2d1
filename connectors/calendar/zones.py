"""Names of time zones in a calendar's text that nobody knows: where each stands, and as what its times are read."""

import re
import threading
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from icalendar.timezone import tzp

from connectors.calendar.lines import read

_LONGEST = 60
_ONE = threading.RLock()
_OWN = re.compile(r"TZID(?:;[^:]*)?:(.+)", re.IGNORECASE)
_TIME = re.compile(
    r'(?:DTSTART|DTEND|EXDATE|RDATE|RECURRENCE-ID);(?:[^:"]*;)?TZID=(?:"([^"]+)"|([^";:]+))', re.IGNORECASE
)
_WHOLE = re.compile(r"X-WR-TIMEZONE(?:;[^:]*)?:(.+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class UnknownZone:
    """A name as it is written, the line where it is first, and how many times have it."""

    name: str
    line: int
    times: int

    def sentence(self, read_as: str) -> str:
        """What is assumed, for people."""
        more = f", {self.times} times" if self.times > 1 else ""
        return f'line {self.line}: the time zone "{self.name}" is unknown and read as {read_as}{more}'


def unknown_zones(text: str) -> list[UnknownZone]:
    """In the order of the lines. A zone that the text defines itself (VTIMEZONE) is known, and so is a name of Windows."""
    lines = _unfolded(text)
    own = {found[1].strip() for line in read(line for _, line in lines) if (found := _OWN.fullmatch(line))}
    first: dict[str, int] = {}
    times: Counter[str] = Counter()
    for number, line in lines:
        if found := _TIME.match(line) or _WHOLE.fullmatch(line):
            name = next(one for one in found.groups() if one).strip()
            first.setdefault(name, number)
            times[name] += 1
    return [
        UnknownZone("".join(c for c in name if c.isprintable())[:_LONGEST], number, times[name])
        for name, number in first.items()
        if name and name not in own and zone_of(name) is None
    ]


def _unfolded(text: str) -> list[tuple[int, str]]:
    """Lines with their number, each with those that go on with it (they begin with a space)."""
    found: list[tuple[int, str]] = []
    for number, line in enumerate(re.split(r"\r?\n", text), 1):
        if line[:1] in (" ", "\t") and found:
            found[-1] = (found[-1][0], found[-1][1] + line[1:])
        else:
            found.append((number, line))
    return found


def zone_of(name: str) -> tzinfo | None:
    """The zone of that name, Windows' names too; None where there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        with _ONE, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a vendor's prefix was taken off
            return tzp.timezone(name)


@contextmanager
def zones_of_one_calendar() -> Iterator[None]:
    """Forget the zones that other calendars define, before and after: "Customized Time Zone" is one in Berlin and another in
    New York, and the library keeps the first of a name for the whole process."""
    with _ONE:
        tzp.use_default()
        try:
            yield
        finally:
            tzp.use_default()
