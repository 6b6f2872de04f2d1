"""What a calendar says of somebody's days: meetings with their hours, and absences."""

import hashlib
import itertools
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from connectors.base import ItemKind, Signal, SignalKind, WorkItem
from connectors.calendar.parse import Event, days_of
from connectors.text import issue_keys

HOURS_A_DAY = 8.0
LONG_HOURS = 16.0
"""What takes longer is on each of its working days from nine to five, as an entry for whole days is."""
_BEGIN, _END = time(9), time(17)
_EARLY, _LATE = time(7), time(20)
_SAME_DAY = time(10, 30)
"""Of a calendar that says no zone: in UTC, a time of that day from Honolulu to Auckland."""
_LONGEST_TITLE = 500
_HALF = re.compile(
    r"½|\b1/2[ -]?(?:an? )?(?:day|tag|jour)|\b0[.,]5 ?(?:days?|d|tage?|t|jours?|j)\b|\bhalf[ -]?(?:a[ -])?day|"
    r"\bhalbe[rn]? (?:urlaubs|arbeits)?tag|\bhalbtag|\bdemi[ -]journée|\bmedi[ao] (?:jornada|día)|\bmezza giornata|"
    r"\bhal(?:ve|v) ?dag|\bmei[oa] (?:dia|jornada)|\bpół dnia",
    re.IGNORECASE,
)
"""Words of a title that say that half of the day is worked: calendars without hours have no other place for it."""


@dataclass(frozen=True, slots=True)
class Rules:
    """`titles` says whether words may be kept; `absence` are words of titles that say somebody is away."""

    titles: bool
    absence: re.Pattern[str]
    own_domains: frozenset[str]


@dataclass(slots=True)
class Person:
    """What one person's days hold: (start, end, item) of what took their time, hours away by day."""

    busy: list[tuple[datetime, datetime, str]] = field(default_factory=list)
    away: dict[date, float] = field(default_factory=lambda: defaultdict(float))


def item_id(uid: str, private_of: str = "") -> str:
    """The id of a series, shortened: UIDs are of any length and hold addresses."""
    return hashlib.sha256(f"{uid}{private_of}".encode("utf-8", "replace")).hexdigest()[:32]


def item_of(event: Event, owner: str | None) -> str:
    """What somebody marked private is an item of theirs alone, which no other calendar gives words."""
    return item_id(event.uid, (owner or "") if event.private else "")


def is_absence(event: Event, owner: str | None, rules: Rules) -> bool:
    """Whether it says that somebody is away: by its status, or by a word of its title where nobody else is asked."""
    if event.away:
        return True
    if event.private or set(event.people) - {owner, event.organizer}:
        return False
    found = rules.absence.search(event.title)
    return bool(found and (is_for_days(event) or found.start() == 0))


def is_for_days(event: Event) -> bool:
    """Whether it is for whole days: many calendars write those from midnight to midnight, or to a minute before."""
    return event.all_day or (event.end - event.start).total_seconds() / 3600 > LONG_HOURS


def who_counts(event: Event, owner: str | None, covered: frozenset[str], rules: Rules) -> Iterator[str]:
    """Whose time an entry of a calendar takes: its owner's, unless they said no, and that of others who said yes."""
    if owner and event.people.get(owner) is not False:
        yield owner
    for address in others_of(event, owner, covered, rules):
        if event.people.get(address) or (address == event.organizer and event.people.get(address) is not False):
            yield address


def others_of(event: Event, owner: str | None, covered: frozenset[str], rules: Rules) -> Iterator[str]:
    """Colleagues whose part in a meeting this calendar decides.

    Everybody's own calendar, where it is listed (`covered`), decides for them. Others are counted by one calendar
    alone: the organizer's own, or a shared one where that is not listed.
    """
    if event.private or (owner and event.organizer != owner) or (not owner and event.organizer in covered):
        return
    for address in {**event.people, event.organizer: None}:
        if address and address.partition("@")[2] in rules.own_domains and address not in covered and address != owner:
            yield address


def work_item(event: Event, owner: str | None, rules: Rules) -> WorkItem:
    """The meeting, with its words only where they may be kept."""
    title = event.title[:_LONGEST_TITLE] or None if rules.titles and not event.private else None
    return WorkItem("calendar", item_of(event, owner), ItemKind.MEETING, "", title, mentions=issue_keys(title))


def take(person: Person, event: Event, item: str, zone: tzinfo) -> None:
    """Put an entry into somebody's days: what is private only within the hours in which people work."""
    if is_for_days(event):
        pieces: Iterable[tuple[datetime, datetime]] = (
            (datetime.combine(day, _BEGIN, zone), datetime.combine(day, _END, zone))
            for day, _ in days_of(event.start, event.end, zone)
            if day.weekday() < 5
        )
    elif event.private:
        day = event.start.astimezone(zone).date()
        early, late = datetime.combine(day, _EARLY, zone), datetime.combine(day, _LATE, zone)
        pieces = [(max(event.start, early), min(event.end, late))] if day.weekday() < 5 else []
    else:
        pieces = [(event.start, event.end)]
    person.busy += [(start, end, item) for start, end in pieces if end > start]


def take_away(person: Person, event: Event, zone: tzinfo) -> None:
    """Put an absence into somebody's days: of half a day, where an entry for whole days says so."""
    half = is_for_days(event) and not event.private and _HALF.search(event.title)
    whole = HOURS_A_DAY / 2 if half else HOURS_A_DAY
    for day, hours in days_of(event.start, event.end, zone):
        person.away[day] = min(HOURS_A_DAY, person.away[day] + (whole if half or event.all_day else hours))


def signals_of(address: str, person: Person, zone: tzinfo, until: datetime, kind: str = "absence") -> Iterator[Signal]:
    """Meetings that are over, and absences of days that have begun. Of a day that somebody was away for, no meeting counts."""
    off = {day for day, hours in person.away.items() if hours >= HOURS_A_DAY}
    held = [one for one in person.busy if one[1] <= until and one[0].astimezone(zone).date() not in off]
    for (start, item), hours in _shared(held).items():
        name = f"{item}:{address}:{start:%Y%m%dT%H%M%SZ}"
        yield Signal("calendar", name, item, SignalKind.MEETING, start, address, hours=round(hours, 4))
    item = absence_item(address, kind)
    for day, hours in sorted(person.away.items()):
        at = datetime.combine(day, _SAME_DAY if zone is UTC else time(12), zone).astimezone(UTC)
        begun = datetime.combine(day, time(), zone) <= until  # who is away today is not to be asked this morning
        if begun and hours > 0:
            name = f"{item}:{day.isoformat()}"
            yield Signal("calendar", name, item, SignalKind.ABSENCE, at, address, hours=round(hours, 4))


def absence_item(address: str, kind: str = "absence") -> str:
    """What the absences of somebody hang on; days on which all are away, which another calendar says, by themselves."""
    return f"{kind}:{address}"


def _shared(busy: Sequence[tuple[datetime, datetime, str]]) -> dict[tuple[datetime, str], float]:
    """Hours by (start, item). Where two overlap each has half of the time: nobody is in two places."""
    rows = sorted({(start.astimezone(UTC), end.astimezone(UTC), item) for start, end, item in busy})
    edges = sorted({edge for start, end, _ in rows for edge in (start, end)})
    found: dict[tuple[datetime, str], float] = {(start, item): 0.0 for start, _, item in rows}
    running: list[tuple[datetime, datetime, str]] = []
    place = 0
    for begin, end in itertools.pairwise(edges):
        while place < len(rows) and rows[place][0] <= begin:
            running.append(rows[place])
            place += 1
        running = [one for one in running if one[1] > begin]
        for start, _, item in running:
            found[start, item] += (end - begin) / timedelta(hours=1) / len(running)
    return found
