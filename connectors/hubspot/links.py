"""Which pipelines there are, which records are in a listed one, and what calls, mails and the like hang on."""

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from connectors.base import NotFound, NotReachable, ScopeError
from connectors.hubspot.client import BATCH, SOURCE, HubSpotClient, not_found
from connectors.hubspot.parse import ENGAGEMENTS
from connectors.onward import Onward

_ID = re.compile(r"[\w-]{1,64}")


class Pipelines:
    """The account's pipelines. `listed` are the names, or ids, of those that are read."""

    def __init__(self, client: HubSpotClient, listed: Sequence[str]) -> None:
        self._client, self.listed = client, listed
        self._known: dict[str, dict[str, Any]] = {}

    def expire(self) -> None:
        """Look them up again."""
        self._known.clear()

    def of(self, type_: str) -> dict[str, Any]:
        """Pipelines of deals or of tickets by id; of engagements, those of the deals they hang on."""
        kind = "tickets" if type_ == "tickets" else "deals"
        if kind not in self._known:
            answer = self._client.pipelines(kind)
            self._known[kind] = {str(pipeline["id"]): pipeline for pipeline in answer["results"]}
        return self._known[kind]

    def readable(self, stream: str) -> list[str]:
        """Which of the listed ones the stream is read from, or what hangs on their records: kind and id."""
        found: list[str] = []
        for kind in ("deals", "tickets") if stream in ENGAGEMENTS else (stream,):
            with suppress(ScopeError):  # said by the stream of its own
                found += [f"{kind}:{id_}" for id_, one in self.of(kind).items() if self.is_listed(one)]
        return sorted(found)

    def is_listed(self, pipeline: Mapping[str, Any]) -> bool:
        """Return True if it is read."""
        return pipeline.get("label") in self.listed or str(pipeline.get("id")) in self.listed

    def missing(self) -> list[str]:
        """What is listed and is no pipeline's name or id: one may have been renamed. Nothing where that cannot be told."""
        try:
            every = [one for kind in ("deals", "tickets") for one in self.of(kind).values()]
        except ScopeError:
            return []
        there = {str(one.get(name)) for one in every for name in ("label", "id")}
        return [name for name in self.listed if name not in there]

    def refusal(self, names: Sequence[str], so: str) -> NotReachable:
        """The error that names pipelines which are not there."""
        known = sorted({str(one["label"]) for kind in ("deals", "tickets") for one in self.of(kind).values()})
        return NotReachable(
            SOURCE,
            f"there is no pipeline {', '.join(names)}, {so}",
            f"If it was renamed, write its current name, or its id, in hubspot.pipelines; existing ones: {', '.join(known)}.",
        )

    def with_that_of(self, type_: str, record: Mapping[str, Any]) -> dict[str, Any]:
        """The same, with the pipeline of this record: where the list lacks it, it is asked for by itself."""
        known = self.of(type_)
        id_ = _pipeline_of(type_, record)
        if id_ is not None and id_ not in known:
            try:
                known[id_] = self._client.pipeline(type_, id_)
            except NotFound:  # deleted: its records are in no listed one
                known[id_] = {"id": id_, "label": "", "stages": []}
        return known

    def reads(self, type_: str, record: Mapping[str, Any]) -> bool | None:
        """Whether the pipeline that a deal or ticket is in is listed; None where the record does not say."""
        id_ = _pipeline_of(type_, record)
        return None if id_ is None else self.is_listed(self.with_that_of(type_, record)[id_])

    def is_unlisted(self, type_: str, record: Mapping[str, Any]) -> bool:
        """Return True if the record is in a pipeline that is known and not listed."""
        return type_ not in ENGAGEMENTS and self.reads(type_, record) is False


def _pipeline_of(type_: str, record: Mapping[str, Any]) -> str | None:
    """The id of the pipeline; None where there is none, or what nobody can ask for by that name."""
    id_ = str((record.get("properties") or {}).get("pipeline" if type_ == "deals" else "hs_pipeline") or "")
    return id_ if _ID.fullmatch(id_) else None


def _from(row: Any) -> str:
    """What a row of associations is of; nothing where it does not say."""
    of = row.get("from") if isinstance(row, Mapping) else None
    return str(of.get("id")) if isinstance(of, Mapping) else ""


def _id_of(one: Any) -> str:
    """What an association leads to; nothing where that is no id of a record, which would spoil the batch it is asked in."""
    id_ = str(one.get("toObjectId")) if isinstance(one, Mapping) else ""
    return id_ if id_.isascii() and id_.isdigit() and len(id_) < 20 else ""


class Links:
    """What engagements hang on."""

    def __init__(self, client: HubSpotClient, pipelines: Pipelines) -> None:
        self._client, self._pipelines = client, pipelines
        self._listed: dict[str, bool] = {}
        self._elsewhere: set[str] = set()

    def expire(self) -> None:
        """Look up again which records are in a listed pipeline."""
        self._listed.clear()
        self._elsewhere.clear()

    def note(self, type_: str, id_: str, is_read: bool) -> None:
        """A deal or ticket was read, so it need not be asked for again."""
        self._listed[f"{type_}:{id_}"] = is_read
        self._elsewhere |= set() if is_read else {f"{type_}:{id_}"}

    def of(self, stream: str, records: list[dict[str, Any]]) -> tuple[dict[str, str], dict[str, bool]]:
        """External id of the deal, else the ticket, of a listed pipeline that each engagement hangs on; and those that hang
        on none, as far as HubSpot says so for each of them, with whether they hang on one of another pipeline."""
        found: dict[str, str] = {}
        left = [str(record["id"]) for record in records]
        loose, elsewhere = set(left), set[str]()
        for target in ("deals", "tickets"):  # where a call has both, the deal is the work
            linked, without = self._linked(stream, target, left) if left else ({}, set())
            self._learn(target, {id_ for ids in linked.values() for id_ in ids if id_})
            for id_, targets in linked.items():
                first = next((one for one in targets if self._listed.get(f"{target}:{one}")), None)
                if first:
                    found[id_] = f"{target}:{first}"
            none_listed = {
                id_ for id_, ids in linked.items() if all(self._listed.get(f"{target}:{one}") is False for one in ids)
            }
            loose &= without | none_listed
            elsewhere |= {
                id_ for id_ in none_listed if any(f"{target}:{one}" in self._elsewhere for one in linked[id_])
            }
            left = [id_ for id_ in left if id_ not in found]
        return found, {id_: id_ in elsewhere for id_ in loose}

    def _linked(self, stream: str, target: str, ids: Sequence[str]) -> tuple[dict[str, list[str]], set[str]]:
        """Ids linked to each, and those of which HubSpot says that they have no link.

        A record with more links than one answer holds is asked for again from there on.
        """
        found: dict[str, list[str]] = {}
        without: set[str] = set()
        asked = set(ids)
        inputs = [{"id": id_} for id_ in ids]
        onward = Onward(SOURCE, f"the list of {target} of {stream}")
        while inputs:
            some, inputs = inputs[:BATCH], inputs[BATCH:]
            answer = self._client.associations(stream, target, some)
            without |= not_found(answer)
            for row in answer.get("results") or []:
                id_ = _from(row)
                if id_ not in asked:
                    continue
                found.setdefault(id_, []).extend(_id_of(one) for one in row.get("to") or [])
                after = ((row.get("paging") or {}).get("next") or {}).get("after")
                if after:
                    onward.to(id_, after)
                    inputs.append({"id": id_, "after": str(after)})
        return found, without

    def _learn(self, type_: str, ids: Iterable[str]) -> None:
        """Note which deals or tickets are in a listed pipeline; of what is not answered nothing is known."""
        unknown = sorted(id_ for id_ in ids if f"{type_}:{id_}" not in self._listed)
        if len(self._listed) > 200_000:
            self.expire()
        for first in range(0, len(unknown), BATCH):
            there, gone = self._client.by_id(type_, unknown[first : first + BATCH], ["pipeline", "hs_pipeline"])
            found = dict.fromkeys((f"{type_}:{id_}" for id_ in gone), False)
            for record in there:
                is_read = self._pipelines.reads(type_, record)
                if is_read is not None:
                    found[f"{type_}:{record['id']}"] = is_read
                    self._elsewhere |= set() if is_read else {f"{type_}:{record['id']}"}
            self._listed |= found  # only now: other streams read it meanwhile
