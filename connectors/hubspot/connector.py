"""HubSpot CRM, through `hubspot-api-client`: deals, tickets, calls, meetings, emails, communications, notes and tasks.

The search answers at most 10,000 results a query, so each walk goes by object id above a lower bound of the
modification time: every page is a new query, no cap is ever near, many changes in one millisecond do no harm
and what changes during the walk is neither lost nor doubled. The next walk starts where this one's newest
change stood at its beginning, less an overlap, because the search lags behind writes. The past is read in slices
of time, the newest first. An engagement counts only where it hangs on a deal or ticket of a listed pipeline.
"""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

from connectors.base import (
    Check,
    Cursor,
    Failure,
    Page,
    ScopeError,
    Signal,
    SourceError,
    Span,
    Suspect,
    WorkItem,
)
from connectors.hubspot.bodies import with_bodies
from connectors.hubspot.checks import TYPES, check
from connectors.hubspot.client import BATCH, HubSpotClient
from connectors.hubspot.fields import Fields
from connectors.hubspot.links import Links, Pipelines
from connectors.hubspot.metric import measured
from connectors.hubspot.owners import pull_owners
from connectors.hubspot.ownership import owners_of
from connectors.hubspot.parse import ENGAGEMENTS, OwnerAt, complete, parse_engagement, parse_record
from connectors.hubspot.search import Search
from connectors.hubspot.stages import Entered, entered
from connectors.limits import Limiter, Rate
from connectors.records import is_outdated, set_aside
from connectors.times import millis

OVERLAP = timedelta(minutes=5)
RECENT = timedelta(days=14)
"""What a first pull reads before it turns to the past."""
SLICE_MILLIS = 28 * 86_400_000
PARSER = 6
"""Version of the parsers; what an older one read is read again. 2: open tasks and meetings not held are no work. 3: owners
of old; what a sequence sends is nobody's work. 4: stages of accounts that keep no time for each. 5: calls of no length.
6: mails of markup alone, and what they forward."""
_PIPELINE = "pipeline "


class HubSpotConnector:
    """Deals and tickets of the listed pipelines, and the engagements on them."""

    name = "hubspot"

    def __init__(
        self,
        *,
        token: str,
        pipelines: list[str],
        fields: Sequence[str] = (),
        api_url: str = "https://api.hubapi.com",
        searches_per_second: float = 4,
        requests_per_second: float = 9,
        limiter: Limiter | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.api_url, self.pipelines = api_url.rstrip("/"), pipelines
        self._now, self._search_rate = now, Rate.per_second(searches_per_second)
        self.client = HubSpotClient(
            self.api_url, token, self._search_rate, Rate.per_second(requests_per_second), limiter or Limiter()
        )
        self.tenant = self.client.tenant
        self._pipelines = Pipelines(self.client, pipelines)
        self._links, self._fields = Links(self.client, self._pipelines), Fields(self.client, fields)
        self._search = Search(self.client, self._pipelines, now)

    def check(self, since: datetime) -> list[Check]:
        """See connectors.base.Connector."""
        return check(self.client, self._pipelines, self._search_rate, since)

    def names(self) -> list[str]:
        """See connectors.base.Choosable: the pipelines of deals and tickets."""
        return sorted({str(one["label"]) for kind in ("deals", "tickets") for one in self._pipelines.of(kind).values()})

    def people(self) -> Iterator[Page]:
        """See connectors.base.Choosable."""
        return pull_owners(self.client)

    def streams(self) -> list[str]:
        """Owners first, then deals and tickets, then what hangs on them."""
        self._pipelines.expire()  # pipelines, and where deals are, may have changed since the last pull
        self._links.expire()
        return ["owners", *TYPES, *(f"{_PIPELINE}{name}" for name in self._pipelines.missing())]

    def pull(self, stream: str, cursor: Cursor | None, since: datetime) -> Iterator[Page]:
        """See connectors.base.Connector."""
        if stream == "owners":
            yield from pull_owners(self.client)
            return
        if stream.startswith(_PIPELINE):
            raise self._pipelines.refusal([stream.removeprefix(_PIPELINE)], "so it is not read; the others are.")
        recent = max(millis(since), int((self._now() - RECENT.total_seconds()) * 1000))
        mark = self._mark(stream)
        state = dict(cursor or {"modified": recent, "back": recent, "parser": PARSER} | mark)
        back = {"back": 0} | {key: state[key] for key in ("back", "slice", "parser", "fields") if key in state}
        # What changes in a pipeline while it is not listed is behind the cursor once it is.
        back["pipelines"] = sorted({*state.get("pipelines", ())} & {*mark["pipelines"]})
        overlap = int(OVERLAP.total_seconds() * 1000) if cursor and "id" not in state else 0
        start = int(state["modified"]) - overlap
        newest = int(state["newest"]) if "newest" in state else max(start, self._search.newest_change(stream))
        bound = {"propertyName": "hs_lastmodifieddate", "operator": "GTE", "value": str(start)}
        for records, last, more in self._search.walk(stream, [bound], str(state.get("id", "0"))):
            after = {"modified": start, "id": last, "newest": newest} if more else {"modified": newest}
            yield self._page(stream, records, back | after)

    def earlier(self, stream: str, cursor: Cursor, since: datetime) -> Iterator[Page]:
        """The past in slices, newest first; all of it again where an older parser read it, or a pipeline is listed since.

        What changes meanwhile leaves its slice and is met by `pull`.
        """
        if stream == "owners":
            return
        kept = {key: value for key, value in cursor.items() if key not in ("back", "slice")}
        back, running, oldest = int(cursor.get("back", 0)), cursor.get("slice"), millis(since)
        mark = self._mark(stream)
        if is_outdated(cursor, PARSER, mark):
            kept |= {"parser": PARSER, **mark}
            back, running = int(cursor["modified"]) + 1, None
        held = False
        while back > oldest:
            if running is None:  # over the months in which nothing changed, unless the slice after this held something
                high = back if held else min(back, self._search.newest_change(stream, back) + 1)
                running = {"low": max(oldest, high - SLICE_MILLIS), "high": high, "id": "0"}
            filters = [
                {"propertyName": "hs_lastmodifieddate", "operator": "GTE", "value": str(running["low"])},
                {"propertyName": "hs_lastmodifieddate", "operator": "LT", "value": str(running["high"])},
            ]
            held, walk = False, self._search.walk(stream, filters, running["id"])
            for records, last, more in walk if running["high"] > oldest else ():
                held = held or bool(records)
                after = {"back": back, "slice": {**running, "id": last}} if more else {"back": running["low"]}
                reached = datetime.fromtimestamp(running["high" if more else "low"] / 1000, UTC)
                yield self._page(stream, records, kept | after, reached)
            back, running = min(back, max(oldest, running["low"])), None
            if back <= oldest:
                yield Page(stream, kept | {"back": oldest})

    def _mark(self, stream: str) -> dict[str, list[str]]:
        """What a cursor keeps of the fields and pipelines whose past lies behind it."""
        return self._fields.mark | {"pipelines": self._pipelines.readable(stream)}

    def measure(self, metric: Mapping[str, Any]) -> float:
        """See connectors.metrics.Measuring."""
        self._pipelines.expire()
        return measured(self.client, self._pipelines, metric)

    def again(self, stream: str, records: Sequence[str]) -> Iterator[Page]:
        """See connectors.base.Connector."""
        if stream == "owners":
            yield from (replace(page, cursor=None) for page in pull_owners(self.client))
            return
        for first in range(0, len(records), BATCH):
            some = list(records[first : first + BATCH])
            found, archived = self.client.by_id(stream, some, self._search.properties(stream))
            left = set(some) - {str(record.get("id")) for record in found}
            gone = sorted(archived | {id_ for id_ in left - archived if self.client.is_gone(stream, id_)})
            page = self._page(stream, found, None)
            yield replace(page, read=[*page.read, *gone], gone=[*page.gone, *(f"{stream}:{id_}" for id_ in gone)])

    def sweep(self, known: Iterable[str]) -> Iterator[Page]:
        """Ask for every known record by its id: archived ones (HubSpot's recycle bin) and deleted ones are gone.

        Then read the engagements of late again: a link that was made or cut since changes none of their times.
        """
        if missing := self._pipelines.missing():
            raise self._pipelines.refusal(missing, "so nothing is taken for deleted.")
        of_record: dict[str, list[str]] = {}
        for type_, ids in groupby(known, key=lambda id_: id_.partition(":")[0]):
            if type_ not in TYPES:
                continue
            for id_ in ids:
                of_record.setdefault(id_.split(":")[1], []).append(id_)
                if len(of_record) > BATCH:
                    last = of_record.popitem()  # its ids may not be complete yet
                    yield from self._swept(type_, of_record)
                    of_record = dict([last])
            yield from self._swept(type_, of_record)
            of_record = {}
        late = str(int((self._now() - RECENT.total_seconds()) * 1000))
        bound = {"propertyName": "hs_lastmodifieddate", "operator": "GTE", "value": late}
        for type_ in ENGAGEMENTS:
            with suppress(ScopeError):  # said by its own stream
                for records, _, _ in self._search.walk(type_, [bound], "0"):
                    yield replace(self._page(type_, records, {}), stream="sweep", failures=(), read=())

    def _swept(self, type_: str, of_record: Mapping[str, list[str]]) -> Iterator[Page]:
        wanted = ["pipeline", "hs_pipeline"] if type_ in ("deals", "tickets") else []
        found, gone = self.client.by_id(type_, list(of_record), wanted)
        there = {str(record["id"]) for record in found}
        left = [f"{type_}:{record['id']}" for record in found if self._pipelines.is_unlisted(type_, record)]
        gone |= {id_ for id_ in of_record if id_ not in there | gone and self.client.is_gone(type_, id_)}
        names = [id_ for record, ids in of_record.items() if record in gone for id_ in (f"{type_}:{record}", *ids)]
        if names or left:
            yield Page("sweep", {}, gone=names, left=left)

    def confirm(self, stream: str, suspects: Sequence[Suspect]) -> list[str]:
        """Ask for each record by its id. See connectors.base.Connector."""
        return [one.external_id for one in suspects if self.client.is_gone(*one.external_id.split(":")[:2])]

    def _page(
        self, stream: str, records: list[dict[str, Any]], cursor: Cursor | None, reached: datetime | None = None
    ) -> Page:
        records = with_bodies(self.client, stream, records)
        readable = [r for r in records if isinstance(r, dict) and not r.get("gone") and "unreadable" not in r]
        links, loose = self._links.of(stream, readable) if stream in ENGAGEMENTS else ({}, {})
        filled, owners = self._fields.of(stream, readable), owners_of(self.client, stream, readable)
        times = entered(self.client, stream, readable, lambda record: self._is_read(stream, record))
        renamed = bool(self._pipelines.missing())  # what is in a pipeline that is not listed may be in that one
        items: list[WorkItem] = []
        signals: list[Signal] = []
        failures: list[Failure] = []
        read, gone, left = list[str](), list[str](), list[str]()
        spans: list[Span] = []
        for record in records:
            id_, broken = str(record.get("id", "?")) if isinstance(record, dict) else "?", list[str]()
            try:
                if record.get("gone"):
                    continue
                if "unreadable" in record:
                    raise ValueError(record["unreadable"])
                if stream not in ENGAGEMENTS:
                    item, its_signals = self._parse(stream, record, owners[id_].at, times.get(id_), broken)
                else:
                    item, its_signals = self._parse_engagement(stream, record, links, loose)
            except Exception as error:  # the border around one record
                failures.append(set_aside(self.name, stream, id_, error))
                continue
            read.append(id_)
            failures += [Failure(self.name, stream, id_, "; ".join(broken)[:500])] if broken else []
            items += [item] if item else []
            signals += [*its_signals, *(filled.get(id_, ()) if item else ())]
            is_out = not its_signals and (stream not in ENGAGEMENTS or id_ in loose)
            if is_out and (stream not in ENGAGEMENTS or loose[id_]):  # moved to what is not listed
                left += [] if renamed else [f"{stream}:{id_}"]
            elif not (its_signals or (is_out and renamed)):  # not held, not done; hangs on nothing
                gone.append(f"{stream}:{id_}")
            spans += complete(stream, record, item, its_signals)
        return Page(stream, cursor, items, signals, (), failures, read, spans, gone, reached, left)

    def _is_read(self, stream: str, record: Mapping[str, Any]) -> bool:
        with suppress(SourceError):  # said of the record itself
            return self._pipelines.reads(stream, record) is True
        return False

    def _parse(
        self, stream: str, record: Mapping[str, Any], owner_at: OwnerAt, times: Entered | None, broken: list[str]
    ) -> tuple[WorkItem | None, list[Signal]]:
        pipelines = self._pipelines.with_that_of(stream, record)
        item, signals = parse_record(record, stream, pipelines, self.pipelines, owner_at, times, broken)
        self._links.note(stream, str(record["id"]), item is not None)
        return item, signals

    def _parse_engagement(
        self, stream: str, record: Mapping[str, Any], links: Mapping[str, str], loose: Collection[str]
    ) -> tuple[WorkItem | None, list[Signal]]:
        id_ = str(record["id"])
        if id_ in links:
            return parse_engagement(record, stream, links[id_])
        if id_ not in loose:
            raise ValueError("the answer does not say what it belongs to")
        return None, []
