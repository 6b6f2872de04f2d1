"""iCalendar (RFC 5545) to what somebody was busy with, and when they were away.

Recurrences, exceptions and time zones are the libraries' (icalendar, recurring-ical-events). Raises nothing for a
broken series: it is given back as a `Broken`.
"""

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

import icalendar
import recurring_ical_events

from connectors.calendar.lines import decoded, read, unfolded
from connectors.calendar.rules import hold_on_the_last_day, refuse_endless
from connectors.calendar.zones import unknown_zones, zone_of, zones_of_one_calendar

_NOT_PEOPLE = {"ROOM", "RESOURCE", "GROUP"}
_OPEN = re.compile(r"^((?:EXDATE|RDATE)\b[^\n]*?),+$", re.MULTILINE)
"""A list that ends with a comma."""
_EMPTY = re.compile(r"^(?:EXDATE|RDATE|RRULE)(?:;[^:\n]*)?:[ \t]*\n", re.MULTILINE)
"""A list of dates, or a rule, that says nothing."""
_TELLS = (
    *("DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "EXRULE", "RECURRENCE-ID", "ATTENDEE", "ORGANIZER"),
    *("STATUS", "TRANSP", "CLASS", "SUMMARY"),
)
"""What an entry cannot be understood without; a fault in any other line costs nothing that is read."""
_MAIL = re.compile(r"[^\s@:]+@[^\s@:]+\.[^\s@:]+")


@dataclass(frozen=True, slots=True)
class Event:
    """One occurrence. `people` are addresses with whether they said yes, no (False) or nothing (None)."""

    uid: str
    start: datetime
    end: datetime
    title: str
    all_day: bool
    private: bool
    away: bool
    organizer: str
    people: Mapping[str, bool | None]
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Broken:
    """A series that cannot be read, and why."""

    uid: str
    reason: str


class Calendar:
    """A calendar's text, read. Raises ValueError where it is none."""

    def __init__(self, body: bytes) -> None:
        self.text = decoded(body)
        whole = "\n".join(read(unfolded(body))) + "\n"
        self.series: dict[str, list[Any]] = defaultdict(list)
        with zones_of_one_calendar():
            parsed = icalendar.Calendar.from_ical(_EMPTY.sub("", _OPEN.sub(r"\1", whole)), multiple=True)
            self.own_zone = _zone(parsed)
            self._zones = [part for one in parsed for part in one.walk("VTIMEZONE")]
            for one in parsed:
                if str(one.get("METHOD", "")).upper() != "CANCEL":
                    for event in one.walk("VEVENT"):
                        self.series[str(event.get("UID") or hashlib.sha256(event.to_ical()).hexdigest())].append(event)
        self.zone = self.own_zone or UTC

    def assumed(self) -> list[str]:
        """What was assumed of time zones that nobody knows, a sentence each with its line."""
        return [one.sentence(str(self.zone)) for one in unknown_zones(self.text)]

    def events(self, first: datetime, until: datetime) -> Iterator[Event | Broken]:
        """What takes time between the two; not what is cancelled or leaves its time free."""
        for uid, parts in self.series.items():
            try:
                found = [self._event(uid, one) for one in self._unrolled(parts, first, until)]
            except Exception as error:  # the libraries raise of all kinds for what is broken
                yield Broken(uid, f"{type(error).__name__}: {error}"[:300])
                continue
            yield from (one for one in found if one is not None)

    def _unrolled(self, parts: Sequence[Any], first: datetime, until: datetime) -> list[Any]:
        for part in parts:
            for error in getattr(part, "errors", ()):
                if _matters(error):
                    raise ValueError(f"{error}")
            refuse_endless(part)
            hold_on_the_last_day(part)
        return [one for some in _apart(parts) for one in self._occurrences(some, first, until)]

    def _occurrences(self, parts: Sequence[Any], first: datetime, until: datetime) -> list[Any]:
        if len(parts) == 1 and not any(parts[0].get(name) for name in ("RRULE", "RDATE", "RECURRENCE-ID")):
            begin, end = self._time(parts[0].start), self._time(_end(parts[0]))
            return [parts[0]] if begin < until and end > first else []  # most entries are of this kind
        calendar = icalendar.Calendar()
        series = next((part for part in parts if "RECURRENCE-ID" not in part), None)
        for one in (*self._zones, *(_with_time(part, series) for part in parts)):
            calendar.add_component(one)
        return list(recurring_ical_events.of(calendar).between(first, until))

    def _event(self, uid: str, event: Any) -> Event | None:
        status, busy = _said(event, "STATUS").upper(), _said(event, "X-MICROSOFT-CDO-BUSYSTATUS").upper()
        free = _said(event, "TRANSP").upper() == "TRANSPARENT" or busy in ("FREE", "WORKINGELSEWHERE")
        if status == "CANCELLED" or free:
            return None
        begin, end = event.start, _end(event)
        all_day = not isinstance(begin, datetime)
        people, names = _people(event)
        return Event(
            uid,
            self._time(begin),
            self._time(end),
            _said(event, "SUMMARY").strip(),
            all_day,
            _said(event, "CLASS").upper() in ("PRIVATE", "CONFIDENTIAL"),
            busy == "OOF",
            _address(event.get("ORGANIZER")),
            people,
            names,
        )

    def _time(self, at: date) -> datetime:
        """With a zone: a day begins at its midnight, and a time without a zone is the calendar's own."""
        if not isinstance(at, datetime):
            return datetime.combine(at, time(), self.zone)
        return at if at.tzinfo else at.replace(tzinfo=self.zone)


def days_of(start: datetime, end: datetime, zone: tzinfo) -> Iterator[tuple[date, float]]:
    """The days that a time lies on, each with its hours there."""
    start, end = start.astimezone(zone), end.astimezone(zone)
    day = start.date()
    while datetime.combine(day, time(), zone) < end:
        begin = max(start, datetime.combine(day, time(), zone)).astimezone(UTC)
        stop = min(end, datetime.combine(day + timedelta(days=1), time(), zone)).astimezone(UTC)
        yield day, (stop - begin).total_seconds() / 3600
        day += timedelta(days=1)


def _said(event: Any, name: str) -> str:
    """What an entry says under a name; the last of several."""
    said = event.get(name, "")
    return str(said[-1] if isinstance(said, list) else said)


def _apart(parts: Sequence[Any]) -> list[list[Any]]:
    """Entries to which their writer gave one UID, though each begins at a time of its own and none says that it stands for
    another. Of several versions, only those of the latest."""
    own = [part for part in parts if "RECURRENCE-ID" not in part]
    if len(own) < 2:
        return [list(parts)]
    latest = max(int(part.get("SEQUENCE") or 0) for part in own)
    begins = {part.start: part for part in own if int(part.get("SEQUENCE") or 0) == latest}
    series, *others = begins.values()
    return [[series, *(part for part in parts if "RECURRENCE-ID" in part)], *([one] for one in others)]


def _people(event: Any) -> tuple[dict[str, bool | None], dict[str, str]]:
    found: dict[str, bool | None] = {}
    names: dict[str, str] = {}
    attendees = event.get("ATTENDEE") or []
    for one in attendees if isinstance(attendees, list) else [attendees]:
        address, params = _address(one), getattr(one, "params", {})
        kind, role = str(params.get("CUTYPE", "")).upper(), str(params.get("ROLE", "")).upper()
        if not address or kind in _NOT_PEOPLE or role == "NON-PARTICIPANT":
            continue
        answer = str(params.get("PARTSTAT", "")).upper()
        found[address] = False if answer in ("DECLINED", "DELEGATED") else True if answer == "ACCEPTED" else None
        names[address] = str(params.get("CN", ""))
    return found, names


def _zone(parsed: Sequence[Any]) -> tzinfo | None:
    """The zone that a calendar says it is of; else, as Outlook says none, that of most of its times; else None."""
    for one in parsed:
        if one.get("X-WR-TIMEZONE"):
            return zone_of(str(one["X-WR-TIMEZONE"]))
    begins = (event.get("DTSTART") for one in parsed for event in one.walk("VEVENT"))
    names = Counter(str(getattr(at, "params", {}).get("TZID") or "") for at in begins)
    known = (zone_of(name) for name, _ in names.most_common() if name)
    return next((zone for zone in known if zone is not None), None)


def _end(event: Any) -> date:
    """An entry for days ends the day after its last one; many writers name the last, or give it no length."""
    begin, end = event.start, event.end
    if not isinstance(begin, datetime) and end <= begin:
        return begin + timedelta(days=1)  # type: ignore[no-any-return]
    return end  # type: ignore[no-any-return]


def _matters(error: tuple[str | None, str]) -> bool:
    """Whether a line that cannot be read is one of those that are; one without a name is looked at for it."""
    name, said = error
    if name is not None:
        return name.upper() in _TELLS
    return any(f"'{one}" in str(said).upper() for one in _TELLS)


def _with_time(part: Any, series: Any) -> Any:
    """An occurrence that names the one it stands for by its day alone, by that day's time of the series."""
    named = part.get("RECURRENCE-ID")
    begin = series.start if series is not None and named is not None else None
    if isinstance(begin, datetime) and not isinstance(named.dt, datetime):
        part = part.copy()
        part["RECURRENCE-ID"] = icalendar.vDDDTypes(datetime.combine(named.dt, begin.timetz()))
    return part


def _address(value: Any) -> str:
    """The e-mail address of an attendee or an organizer: iCloud puts its own link, or a relay, in its place (RFC 7986, 6.2)."""
    text, stated = str(value or "").strip(), str(getattr(value, "params", {}).get("EMAIL", "")).strip()
    if _MAIL.fullmatch(stated):
        return stated.lower()
    if text.lower().startswith("mailto:"):
        return text[7:].strip().lower()
    return text.lower() if _MAIL.fullmatch(text) else ""
