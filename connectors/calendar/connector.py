"""Calendars by address: meetings with their hours, and absences, of the people whose calendars are listed.

A calendar comes whole with each request, so a pull reads what has passed since the last one, or all of it where the text
has changed. Only what is over counts: a meeting of tomorrow may still be cancelled. What was deleted is found by the
sweep, which compares everything that is kept with everything that the calendars hold. Words of an entry are kept only
with `titles`, and never those of a private one; places, descriptions and addresses outside `own_domains` never.
"""

import csv
import hashlib
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from connectors.base import BadAnswer, Check, Cursor, NotReachable, Page, SourceError
from connectors.calendar.busy import Rules
from connectors.calendar.client import Address, Client
from connectors.calendar.parse import Broken, Calendar
from connectors.calendar.reading import Reader, Reading
from connectors.limits import Limiter
from connectors.sheet import decoded, lacking, reader

log = structlog.get_logger()
ABSENCE = (
    "out of office",
    "ooo",
    "vacation",
    "holiday",
    "holidays",
    "annual leave",
    "parental leave",
    "on leave",
    "day off",
    "time off",
    "pto",
    "sick",
    "sick leave",
    "urlaub",
    "abwesend",
    "krank",
    "elternzeit",
    "feiertag",
    "vacances",
    "congé",
    "congés",
    "absent",
    "vacaciones",
    "festivo",
    "ferie",
    "ferias",
    "férias",
    "vakantie",
    "afwezig",
    "semester",
    "ferien",
    "urlop",
)
_AGAIN = timedelta(days=2)
"""Read again at each pull, for what spans midnight."""
_PAUSE = timedelta(minutes=30)
"""Of a text that has not changed, what has passed since is read no more often."""
_LONGEST = timedelta(days=366)
"""A calendar that is read for one record is read so far back."""
_STAMP = re.compile(r":(\d{8}T\d{6}Z|\d{4}-\d\d-\d\d)$")
_VERSION = "5"
"""Of the way entries are read; another one reads everything again."""


class CalendarConnector:
    """Meetings and absences of the calendars that a file lists."""

    name = "calendar"

    def __init__(
        self,
        *,
        file: str,
        own_domains: Sequence[str],
        titles: bool = False,
        absence: Sequence[str] | None = None,
        timeout: float = 30,
        limiter: Limiter | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.file, self._now = Path(file), now
        words = "|".join(
            re.escape(word) for word in sorted(ABSENCE if absence is None else absence, key=len, reverse=True)
        )
        pattern = re.compile(rf"(?<!\w)(?:{words})(?!\w)" if words else r"(?!)", re.IGNORECASE)
        self._rules = Rules(titles, pattern, frozenset(domain.lower().lstrip("@") for domain in own_domains))
        self._client = Client(timeout=timeout, limiter=limiter or Limiter())

    def check(self, since: datetime) -> list[Check]:
        """See connectors.base.Connector."""
        try:
            listed = self._listed()
        except SourceError as error:
            return [Check("file", False, error.message, error.fix)]
        kept = "kept, except of private entries" if self._rules.titles else "not kept (calendar.titles)"
        rows = [Check("file", True, f"{len(listed)} calendars; titles are {kept}")]
        for one in listed.values():
            try:
                calendar = self._parsed(one, self._client.fetch(one))
                found = list(calendar.events(since, self._today()))
            except SourceError as error:
                rows.append(Check(one.name, False, error.message, error.fix))
                continue
            broken = sum(isinstance(event, Broken) for event in found)
            counts = f"{len(found) - broken} entries in the window, {broken} unreadable"
            rows.append(Check(one.name, True, "; ".join([counts, *calendar.assumed()])))
        return rows

    def streams(self) -> list[str]:
        """One a calendar."""
        return [f"calendar {name}" for name in self._listed()]

    def pull(self, stream: str, cursor: Cursor | None, since: datetime) -> Iterator[Page]:
        """See connectors.base.Connector."""
        one, until, state = self._of(stream), self._today(), cursor or {}
        body = self._client.fetch(one)
        digest = hashlib.sha256(body + f"{_VERSION}{self._rules}{sorted(self._covered())}".encode()).hexdigest()
        known = state.get("digest") == digest and datetime.fromisoformat(state["since"]) <= since
        if known and until - datetime.fromisoformat(state["until"]) < _PAUSE:
            return
        first = max(since, datetime.fromisoformat(state["until"]) - _AGAIN) if known else since
        begun = state["since"] if known else since.isoformat()
        calendar = self._parsed(one, body)
        if not known:
            for said in calendar.assumed():
                log.warning("unknown time zone", calendar=one.name, assumed=said)
        found = self._reading(one, calendar, first, until)
        yield self._page(stream, {"digest": digest, "until": until.isoformat(), "since": begun}, found)

    def earlier(self, stream: str, cursor: Cursor, since: datetime) -> Iterator[Page]:
        """Nothing: a calendar comes whole."""
        return iter(())

    def again(self, stream: str, records: Sequence[str]) -> Iterator[Page]:
        """See connectors.base.Connector. A record is a series; one that is no longer there is not missed."""
        one, until = self._of(stream), self._today()
        found = self._reading(one, self._parsed(one, self._client.fetch(one)), until - _LONGEST, until)
        broken = {failure.external_id for failure in found.failures}
        found.series += [record for record in records if record not in broken]
        yield self._page(stream, None, found)

    def sweep(self, known: Iterable[str]) -> Iterator[Page]:
        """What no calendar holds any more. All are read first: one that cannot be read deletes nothing, and one that holds
        nothing at all takes nothing of its owner's away."""
        kept = list(known)
        stamps = [stamp[1].replace("-", "")[:8] for id_ in kept if (stamp := _STAMP.search(id_))]
        first = datetime.strptime(min(stamps), "%Y%m%d").replace(tzinfo=UTC) - _AGAIN if stamps else self._today()
        there: set[str] = set()
        spared: tuple[str, ...] = ()
        for one in self._listed().values():
            calendar = self._parsed(one, self._client.fetch(one))
            found = self._reading(one, calendar, first, self._today())
            there |= found.ids() if calendar.series else {id_ for id_ in kept if f":{one.name.lower()}" in id_}
            if found.failures:  # nobody can say what the series that cannot be read holds
                spared += (*(failure.external_id for failure in found.failures), "absence:", "closed:")
        held = {id_.partition(":")[0] for id_ in there}
        gone = [id_ for id_ in kept if id_ not in there | held and not id_.startswith(spared)]
        if gone:
            yield Page("sweep", {}, gone=gone)

    def _page(self, stream: str, cursor: Cursor | None, found: Reading) -> Page:
        return Page(
            stream,
            cursor,
            list(found.items.values()),
            found.signals,
            found.accounts,
            found.failures,
            found.series,
            found.spans,
        )

    def _reading(self, one: Address, calendar: Calendar, first: datetime, until: datetime) -> Reading:
        return Reader(one.name, calendar, self._covered(), self._rules, first, until).read()

    def _parsed(self, one: Address, body: bytes) -> Calendar:
        try:
            return Calendar(body)
        except (ValueError, KeyError, IndexError, AttributeError, TypeError) as error:
            raise BadAnswer(self.name, f"{one.name} cannot be read ({type(error).__name__}).") from None

    def _of(self, stream: str) -> Address:
        name = stream.removeprefix("calendar ")
        found = self._listed().get(name)
        if found is None:
            raise NotReachable(self.name, f"{name} is no longer in {self.file}.", "")
        return found

    def _covered(self) -> frozenset[str]:
        return frozenset(name.lower() for name in self._listed() if "@" in name)

    def _listed(self) -> dict[str, Address]:
        """Calendars by name, as the file says now. No message shows an address."""
        fix = "It is a CSV file with the columns calendar and address."
        try:
            rows = reader(decoded(self.file.read_bytes()))
            if fault := lacking(rows, ("calendar", "address")):
                raise NotReachable(self.name, f"{self.file}, line 1: {fault}.", fix)
            found: dict[str, Address] = {}
            for row in rows:
                name, url = (row["calendar"] or "").strip(), (row["address"] or "").strip()
                if not any(row.values()):  # spreadsheets keep rows that were emptied
                    continue
                if not name or not re.match(r"(https?|webcal)://[^\s/]+", url) or name in found:
                    raise NotReachable(
                        self.name,
                        f"{self.file}, line {rows.line_num}: a unique name and an address that starts with https:// or "
                        "webcal:// are needed.",
                        fix,
                    )
                found[name] = Address(name, url)
            return found
        except OSError as error:
            raise NotReachable(self.name, f"{self.file} cannot be read ({error.strerror}).", fix) from None
        except (UnicodeDecodeError, csv.Error):
            raise NotReachable(self.name, f"{self.file} is not a CSV file in UTF-8.", fix) from None

    def _today(self) -> datetime:
        return datetime.fromtimestamp(self._now(), UTC)
