"""What the company's people have in their calendars, as iCalendar text, with what is true of it.

Occurrences are counted here day by day, by nothing that a reader of calendars uses.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(slots=True)
class Entry:
    """An entry as its owner sees it; for whole days where `days` is set. `start` is local to `zone`.

    `repeats` is (days between, how often); `without` are dates that were taken out, `moved` gives the new start of an
    occurrence by its date. `answers` gives what each address said.
    """

    uid: str
    title: str
    start: datetime
    minutes: int = 60
    days: int = 0
    zone: str = "Europe/Berlin"
    repeats: tuple[int, int] = (1, 1)
    without: list[date] = field(default_factory=list)
    moved: dict[date, datetime] = field(default_factory=dict)
    cancelled: list[date] = field(default_factory=list)
    organizer: str = ""
    answers: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    def occurrences(self) -> Iterator[tuple[datetime, datetime]]:
        """(start, end) of each that takes place, with their zone."""
        step, count = self.repeats
        for n in range(count):
            start = self.start + timedelta(days=step * n)
            day = start.date()
            if day in self.without or day in self.cancelled:
                continue
            begin = self.moved.get(day, start).replace(tzinfo=ZoneInfo(self.zone))
            if self.days:
                end = begin + timedelta(days=self.days)
            else:
                end = (begin.astimezone(UTC) + timedelta(minutes=self.minutes)).astimezone(begin.tzinfo)
            yield begin, end

    def text(self) -> list[str]:
        """The lines of its components."""
        found = [
            *self._component(self.start, []),
        ]
        if self.repeats[1] > 1:
            found.insert(1, f"RRULE:FREQ=DAILY;INTERVAL={self.repeats[0]};COUNT={self.repeats[1]}")
        for day in self.without:
            found.insert(1, f"EXDATE{self._at(datetime.combine(day, self.start.time()))}")
        for day in [*self.moved, *self.cancelled]:
            old = datetime.combine(day, self.start.time())
            extra = [f"RECURRENCE-ID{self._at(old)}", *(["STATUS:CANCELLED"] if day in self.cancelled else [])]
            found += self._component(self.moved.get(day, old), extra)
        return found

    def _component(self, start: datetime, extra: list[str]) -> list[str]:
        end = start + (timedelta(days=self.days) if self.days else timedelta(minutes=self.minutes))
        people = [
            f"ATTENDEE;CN=Somebody;PARTSTAT={answer}:mailto:{address}" for address, answer in self.answers.items()
        ]
        if self.organizer:
            people.insert(0, f"ORGANIZER:mailto:{self.organizer}")
        return [
            "BEGIN:VEVENT",
            f"UID:{self.uid}",
            "DTSTAMP:20260101T000000Z",
            f"DTSTART{self._at(start)}",
            f"DTEND{self._at(end)}",
            f"SUMMARY:{self.title}",
            "DESCRIPTION:Where nobody looks",
            *people,
            *self.lines,
            *extra,
            "END:VEVENT",
        ]

    def _at(self, at: datetime) -> str:
        if self.days:
            return f";VALUE=DATE:{at:%Y%m%d}"
        return f":{at:%Y%m%dT%H%M%S}Z" if self.zone == "UTC" else f";TZID={self.zone}:{at:%Y%m%dT%H%M%S}"


def calendar_of(entries: list[Entry], zone: str = "Europe/Berlin") -> bytes:
    """The file that an address serves; long lines are folded."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Velora//EN", f"X-WR-TIMEZONE:{zone}"]
    for entry in entries:
        lines += entry.text()
    folded = [
        line[n : n + 70] if n == 0 else " " + line[n : n + 70]
        for line in [*lines, "END:VCALENDAR"]
        for n in range(0, len(line), 70)
    ]
    return "\r\n".join(folded).encode() + b"\r\n"


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """A local time."""
    return datetime.combine(day, time(hour, minute))
