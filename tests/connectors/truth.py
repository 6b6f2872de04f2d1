"""What the database must hold after a pull: read off the simulated world, by nothing that the connectors use."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from models import Signal, WorkItem
from simulator.api.slack import SlackApi
from simulator.company import PIPELINES, PROJECTS
from simulator.crm import STAGES, stage_id
from simulator.server import Simulator
from simulator.world import Record

Row = tuple[str, str, str, datetime, float | None]


def signals_of(company: Simulator, channels: list[str] | None = None) -> set[Row]:
    """(source, id, item, time, hours) of every signal that there is in the world."""
    return {*_jira(company), *_slack(company, channels), *_hubspot(company)}


def items_of(company: Simulator, channels: list[str] | None = None) -> set[tuple[str, str, str | None]]:
    """(source, id, title or the message's words) of every work item."""
    listed = set(PROJECTS.values())
    rows: set[tuple[str, str, str | None]] = {
        ("jira", str(i.id), i.title) for i in company.world.issues if i.project in listed
    }
    ids = _channel_ids(company.slack, channels)
    rows |= {
        ("slack", f"{ids[m.channel]}:{m.ts}", None if m.tombstone else " ".join(m.text.split()))
        for m in company.world.messages
        if not m.thread and m.channel in ids
    }
    for record in company.world.records:
        if record.type in ("deals", "tickets") and not record.archived:
            rows.add(
                (
                    "hubspot",
                    f"{record.type}:{record.id}",
                    record.properties.get("dealname") or record.properties.get("subject"),
                )
            )
    return rows


def kept_signals(sessions: sessionmaker[Session]) -> set[Row]:
    """The same of the database."""
    with sessions() as session:
        query = select(Signal.source, Signal.external_id, Signal.item, Signal.at, Signal.hours)
        return {(s, e, i, at, None if h is None else round(h, 4)) for s, e, i, at, h in session.execute(query)}


def kept_items(sessions: sessionmaker[Session]) -> set[tuple[str, str, str | None]]:
    """The same of the database."""
    with sessions() as session:
        query = select(WorkItem.source, WorkItem.external_id, WorkItem.title, WorkItem.text)
        return {
            (source, id_, " ".join(text.split()) if source == "slack" and text else title)
            for source, id_, title, text in session.execute(query)
        }


def _jira(company: Simulator) -> list[Row]:
    rows: list[Row] = []
    for issue in company.world.issues:
        if issue.project not in PROJECTS.values():
            continue
        id_ = str(issue.id)
        rows.append(("jira", f"issue:{id_}:created", id_, issue.created, None))
        rows += [("jira", f"change:{id_}{n:04d}:0", id_, row[0], None) for n, row in enumerate(issue.changes)]
        rows += [("jira", f"comment:{id_}{n:04d}", id_, row[0], None) for n, row in enumerate(issue.comments) if row]
        rows += [
            ("jira", f"worklog:{id_}{n:04d}", id_, row[0], round(int(row[2] * 3600) / 3600, 4))
            for n, row in enumerate(issue.worklogs)
            if row
        ]
    return rows


def _channel_ids(slack: SlackApi, channels: list[str] | None) -> dict[str, str]:
    listed = {name: id_ for id_, name in slack.channels.items() if name != "leadership"}
    return {name: id_ for name, id_ in listed.items() if channels is None or name in channels}


def _slack(company: Simulator, channels: list[str] | None) -> list[Row]:
    ids = _channel_ids(company.slack, channels)
    return [
        (
            "slack",
            f"{ids[m.channel]}:{m.ts}",
            f"{ids[m.channel]}:{m.thread or m.ts}",
            datetime.fromtimestamp(float(m.ts), UTC),
            None,
        )
        for m in company.world.messages
        if m.channel in ids and not m.tombstone
    ]


def _hubspot(company: Simulator) -> list[Row]:
    records = {(r.type, r.id): r for r in company.world.records if not r.archived}
    rows: list[Row] = []
    for (type_, id_), record in records.items():
        name, p = f"{type_}:{id_}", record.properties
        if type_ in ("deals", "tickets"):
            if not _listed(record):
                continue
            rows.append(("hubspot", f"{name}:created", name, _time(p["createdate"]), None))
            stages = (stage_id(pipeline, n) for pipeline in STAGES for n in range(len(STAGES[pipeline])))
            for stage in stages:
                if entered := p.get(f"hs_v2_date_entered_{stage}"):
                    at = _time(entered)
                    rows.append(("hubspot", f"{name}:stage:{stage}:{int(at.timestamp())}", name, at, None))
            continue
        on = [
            link
            for kind in ("deals", "tickets")
            for link in record.links
            if link[0] == kind and link in records and _listed(records[link])
        ]
        if on:
            rows.append(("hubspot", name, f"{on[0][0]}:{on[0][1]}", _time(p["hs_timestamp"]), _hours(type_, p)))
    return rows


def _listed(record: Record) -> bool:
    known = {f"{list(STAGES).index(name) + 90}" for name in PIPELINES.values()}
    return record.properties.get("pipeline" if record.type == "deals" else "hs_pipeline") in known


def _hours(type_: str, p: dict[str, Any]) -> float | None:
    if type_ == "calls":
        return round(int(p["hs_call_duration"]) / 3_600_000, 4)
    if type_ == "meetings":
        span = _time(p["hs_meeting_end_time"]) - _time(p["hs_meeting_start_time"])
        return round(span.total_seconds() / 3600, 4)
    return None


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
