"""HubSpot's records to signals: pure functions of the JSON the search answers with."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.base import Account, ItemKind, Signal, SignalKind, Span, WorkItem
from connectors.records import UNREADABLE
from connectors.text import from_html, hours_of, issue_keys
from connectors.times import plausible

ENGAGEMENTS = ("calls", "meetings", "emails", "communications", "notes", "tasks")
PROPERTIES: dict[str, tuple[str, ...]] = {
    "deals": ("dealname", "description", "pipeline", "dealstage", "closedate"),
    "tickets": ("subject", "content", "hs_pipeline", "hs_pipeline_stage"),
    "calls": ("hs_timestamp", "hs_call_title", "hs_call_body", "hs_call_duration", "hs_call_status"),
    "meetings": (
        "hs_timestamp",
        "hs_meeting_title",
        "hs_meeting_body",
        "hs_meeting_start_time",
        "hs_meeting_end_time",
        "hs_attendee_owner_ids",
        "hs_meeting_outcome",
    ),
    "emails": ("hs_timestamp", "hs_email_subject", "hs_email_text", "hs_email_direction", "hs_sequence_id"),
    "communications": ("hs_timestamp", "hs_communication_body"),
    "notes": ("hs_timestamp", "hs_note_body"),
    "tasks": ("hs_timestamp", "hs_task_subject", "hs_task_body", "hs_task_status", "hs_task_completion_date"),
}
OwnerAt = Callable[[datetime], str | None]
ENTERED = "hs_v2_date_entered_"
_TEXT = {
    "calls": ("hs_call_title", "hs_call_body"),
    "meetings": ("hs_meeting_title", "hs_meeting_body"),
    "emails": ("hs_email_subject", "hs_email_text"),
    "communications": (None, "hs_communication_body"),
    "notes": (None, "hs_note_body"),
    "tasks": ("hs_task_subject", "hs_task_body"),
}
_AS = {"communications": SignalKind.EMAIL}
"""What is written to a customer by WhatsApp, SMS or LinkedIn is work of the kind that a mail is."""
_NOT_HELD = {"CANCELED", "CANCELLED", "NO_SHOW", "RESCHEDULED"}
_NOT_MADE = {"CANCELED", "CANCELLED", "FAILED", "QUEUED", "RINGING", "MISSED", "BUSY", "NO_ANSWER"}
_NOT_MADE |= {"CONNECTING", "CALLING_CRM_USER"}  # a dialler that was closed leaves these for good
_PUT_RIGHT = timedelta(days=1)
"""A time that is changed by less was put right."""
LONGEST_TEXT = 20_000
LONGEST_HOURS = 12.0


def parse_record(
    record: Mapping[str, Any],
    stream: str,
    pipelines: Mapping[str, Any],
    listed: Sequence[str],
    owner_at: OwnerAt | None = None,
    entered: Mapping[str, Sequence[datetime]] | None = None,
    broken: list[str] | None = None,
) -> tuple[WorkItem | None, list[Signal]]:
    """Read a deal or ticket; nothing where its pipeline is not listed.

    Each stage entered is a transition by who owned it then (`owner_at`), at the time HubSpot keeps for it, else those of
    `entered`; an unreadable one is named in `broken`. Raises KeyError, TypeError, ValueError for what is not as documented.
    """
    deal, properties = stream == "deals", record["properties"]
    name = properties["pipeline" if deal else "hs_pipeline"]
    if name not in pipelines:
        raise ValueError(f"the pipeline {name!r} is in no list of pipelines")
    pipeline = pipelines[name]
    if pipeline["label"] not in listed and name not in listed:
        return None, []
    id_, owner = f"{stream}:{record['id']}", properties.get("hubspot_owner_id") or None
    title = properties.get("dealname" if deal else "subject")
    text = _words(properties.get("description" if deal else "content"), title, mail=not deal)
    stages = {stage["id"]: stage for stage in pipeline["stages"]}
    stage = stages.get(properties["dealstage" if deal else "hs_pipeline_stage"])
    item = WorkItem(
        "hubspot",
        id_,
        ItemKind(stream.removesuffix("s")),
        pipeline["label"],
        title,
        text,
        status=stage["label"] if stage else None,
        assignee=owner,
        mentions=issue_keys(title, text),
        created_at=created_at(properties),
        updated_at=time_of(properties["hs_lastmodifieddate"]),
    )
    return item, list(_events(properties, stages, id_, owner_at or (lambda _: owner), entered or {}, broken))


def _words(markup: str | None, title: str | None, *, mail: bool) -> str | None:
    return from_html(markup, mail=mail, subject=title)[:LONGEST_TEXT] or None


def _events(
    properties: Mapping[str, Any],
    stages: Mapping[str, Any],
    id_: str,
    owner_at: OwnerAt,
    entered: Mapping[str, Sequence[datetime]],
    broken: list[str] | None,
) -> Iterator[Signal]:
    """That it was created, and one signal for each time that is known of a stage."""
    created = created_at(properties)
    yield Signal("hubspot", f"{id_}:created", id_, SignalKind.CREATED, created, owner_at(created))
    for stage_id, one in stages.items():
        kept = properties.get(f"{ENTERED}{stage_id}")
        metadata = one.get("metadata") or {}
        closed = str(metadata.get("isClosed", "")).lower() == "true" or str(metadata.get("ticketState", "")) == "CLOSED"
        try:
            times: Sequence[datetime] = [time_of(kept)] if kept else entered.get(stage_id, ())
        except UNREADABLE as error:
            if broken is not None:
                broken.append(f"the stage {one.get('label')}: {error}")
            continue
        for at in times:
            yield Signal(
                "hubspot",
                f"{id_}:stage:{stage_id}:{int(at.timestamp())}",
                id_,
                SignalKind.STAGE,
                at,
                owner_at(at),
                detail={"to": one["label"], "closed": closed},
            )


def parse_engagement(
    record: Mapping[str, Any], stream: str, parent: str | None
) -> tuple[WorkItem | None, list[Signal]]:
    """Read a call, meeting, e-mail, message to a customer, note or task.

    On a deal or ticket it is a signal about that; only without one is it a work item of its own. A meeting
    is one signal for each attending owner, since each spent the time. Nothing where nobody worked: a task that is not
    done (its `hs_timestamp` is the due date), a meeting that was not held, a call that was not made.
    """
    if not _happened(record["properties"], stream):
        return None, []
    properties, kind = record["properties"], _AS.get(stream) or SignalKind(stream.removesuffix("s"))
    title_name, body_name = _TEXT[stream]
    title = properties.get(title_name) if title_name else None
    body = _words(properties.get(body_name), title, mail=stream == "emails")
    owners = _owners(properties, stream)
    at = _completed_at(properties) if stream == "tasks" else time_of(_said_at(properties))
    own = f"{stream}:{record['id']}"
    text = "\n".join(part for part in (title, body) if part) or None
    signals = [
        Signal(
            "hubspot",
            own if number == 0 else f"{own}:{owner}",
            parent or own,
            kind,
            at,
            owner,
            hours=_hours(properties, stream),
            text=text,
            mentions=issue_keys(text),
        )
        for number, owner in enumerate(owners)
    ]
    if parent:
        return None, signals
    return WorkItem(
        "hubspot", own, ItemKind(kind), "", title, body, mentions=issue_keys(text), created_at=at, updated_at=at
    ), signals


def _said_at(properties: Mapping[str, Any]) -> str:
    return str(properties.get("hs_timestamp") or properties["hs_createdate"])


def _completed_at(properties: Mapping[str, Any]) -> datetime:
    """When a task was done; where that is not said, when it was due, if it was changed since: that may have been a bulk edit."""
    if said := properties.get("hs_task_completion_date"):
        return time_of(said)
    due, changed = time_of(_said_at(properties)), properties.get("hs_lastmodifieddate")
    return min(due, time_of(changed)) if changed else due


def _owners(properties: Mapping[str, Any], stream: str) -> list[str | None]:
    """Who spent the time: those attending, else the owner; nobody of ours where a customer wrote."""
    if stream == "emails" and (
        properties.get("hs_sequence_id") or properties.get("hs_email_direction") == "INCOMING_EMAIL"
    ):
        return [None]  # a program's, or the customer's work, not ours
    attending = [o for o in (properties.get("hs_attendee_owner_ids") or "").split(";") if o]
    here = [owner for owner in (*attending, properties.get("hubspot_owner_id")) if owner]
    return list(dict.fromkeys(here)) if attending else [properties.get("hubspot_owner_id") or None]


def _happened(properties: Mapping[str, Any], stream: str) -> bool:
    """Return True if somebody has worked for it."""
    if stream == "tasks":
        return str(properties.get("hs_task_status") or "").upper() == "COMPLETED"
    if stream == "meetings":
        return str(properties.get("hs_meeting_outcome") or "").upper() not in _NOT_HELD
    if stream == "calls" and not _millis_of(properties):
        return str(properties.get("hs_call_status") or "").upper() not in _NOT_MADE
    return True


def parse_owner(owner: Mapping[str, Any]) -> Account:
    """Read one owner; archived ones too, since old records carry them."""
    name = f"{owner.get('firstName') or ''} {owner.get('lastName') or ''}".strip()
    teams = tuple(str(team["name"]) for team in owner.get("teams") or () if team.get("name"))
    is_queue = owner.get("type") == "QUEUE"  # of a help desk: it owns tickets and does nothing
    return Account("hubspot", str(owner["id"]), name, owner.get("email"), is_queue, groups=teams)


def _hours(properties: Mapping[str, Any], stream: str) -> float | None:
    if stream == "calls":
        return min(hours_of(_millis_of(properties) / 1000), LONGEST_HOURS) or None
    start, end = properties.get("hs_meeting_start_time"), properties.get("hs_meeting_end_time")
    if stream == "meetings" and start and end:
        return max(0.0, min((time_of(end) - time_of(start)).total_seconds() / 3600, LONGEST_HOURS))
    return None


def _millis_of(properties: Mapping[str, Any]) -> float:
    """How long a call took; 0 where that is not said, which many write as 0 of one that nobody took."""
    return float(properties.get("hs_call_duration") or 0)


def created_at(properties: Mapping[str, Any]) -> datetime:
    """When a record was created."""
    return time_of(properties.get("createdate") or properties["hs_createdate"])


def time_of(text: str) -> datetime:
    """The time that HubSpot writes so. Raises ValueError."""
    if text.isdigit():
        return plausible(datetime.fromtimestamp(int(text) / 1000, UTC))
    at = datetime.fromisoformat(text)
    if at.tzinfo is not UTC:
        at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    return plausible(at)


def complete(stream: str, record: Mapping[str, Any], item: WorkItem | None, signals: Sequence[Signal]) -> list[Span]:
    """What a record itself says completely: when it entered each stage, and who was at a meeting."""
    if stream not in ENGAGEMENTS and item:
        stages = {s.external_id.rpartition(":")[0] + ":": s.at for s in signals if s.kind == SignalKind.STAGE}
        # A deal that moved back entered a stage twice, and HubSpot keeps the last time: an earlier one that was seen stays.
        return [
            Span(item=item.external_id, prefix=prefix, after=at - _PUT_RIGHT, sure=True)
            for prefix, at in stages.items()
        ]
    if stream == "meetings" and signals and "hs_attendee_owner_ids" in record["properties"]:
        return [Span(item=signals[0].item, prefix=f"{stream}:{record['id']}", sure=True)]
    return []
