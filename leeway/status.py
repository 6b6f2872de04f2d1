"""`leeway status`: how things stand, from the database alone."""

from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from sqlalchemy import func, select

from leeway.app import App
from models import OPEN_STATES, Cycle, Drift, Failure, Share, Signal, StreamCursor, WorkItem
from pipeline.identity import unresolved


def status_of(app: App) -> dict[str, Any]:
    """Sources with lag and errors, pending work, last weeks, open drifts, failures, accounts nobody knows."""
    now = datetime.now(UTC)
    with app.sessions() as session:
        counts = dict(session.execute(select(Signal.source, func.count()).group_by(Signal.source)).all())
        sources: dict[str, dict[str, Any]] = {}
        for cursor in session.scalars(select(StreamCursor).order_by(StreamCursor.source, StreamCursor.stream)):
            one = sources.setdefault(cursor.source, {"signals": counts.get(cursor.source, 0), "streams": 0,
                                                     "minutes_since_pull": None, "errors": []})  # fmt: skip
            one["streams"] += 1
            if cursor.finished_at:
                minutes = round((now - cursor.finished_at).total_seconds() / 60)
                one["minutes_since_pull"] = max(one["minutes_since_pull"] or 0, minutes)
            if cursor.error and cursor.error not in one["errors"]:
                one["errors"].append(cursor.error)
        weeks = [
            {"week": row.week, "top_share": round(row.share, 3), "low": round(row.low, 3), "high": round(row.high, 3),
             "coverage": round(row.coverage, 3)}
            for row in session.scalars(select(Share).where(Share.scope == "company", Share.objective == "top")
                                       .order_by(Share.week.desc()).limit(6))
        ]  # fmt: skip
        drifts = [
            {"scope": d.scope, "state": d.state, "severity": d.severity, "since": d.start, "before": round(d.before, 3),
             "after": round(d.after, 3), "told": d.sent_at is not None}
            for d in session.scalars(select(Drift).where(Drift.state.in_(OPEN_STATES)))
        ]  # fmt: skip
        cycle = session.scalar(select(Cycle).where(Cycle.finished_at.is_not(None)).order_by(Cycle.id.desc()).limit(1))
        return {
            "sources": sources,
            "pending_items": session.scalar(select(func.count()).select_from(WorkItem).where(WorkItem.stale)),
            "failures": session.scalar(select(func.count()).select_from(Failure)),
            "last_cycle": {"finished_at": cycle.finished_at, "seconds": cycle.seconds} if cycle else None,
            "weeks": weeks[::-1],
            "open_drifts": drifts,
            # Busiest first, but without the volume: no figure about one person, here neither.
            "unresolved_accounts": [{"source": u.source, "account": u.external_id, "name": u.name}
                                    for u in unresolved(session)],
        }  # fmt: skip


def render(found: dict[str, Any], out: Console) -> None:
    """For people."""

    def say(text: str) -> None:
        out.print(text, markup=False)

    if not found["sources"]:
        say("Nothing pulled yet. `leeway run --once` does it.")
        return
    for name, one in found["sources"].items():
        lag = "never finished" if one["minutes_since_pull"] is None else f"{one['minutes_since_pull']} min ago"
        say(f"{name:8} {one['signals']:>8} signals, {one['streams']} streams, pulled {lag}")
        for error in one["errors"]:
            say(f"         {error}")
    last = found["last_cycle"]
    say(f"pending  {found['pending_items']} work items; set aside: {found['failures']}; last cycle: "
        + (f"{last['finished_at']:%Y-%m-%d %H:%M} UTC" if last else "none finished"))  # fmt: skip
    for week in found["weeks"]:
        say(f"week of {week['week']}: top three {100 * week['top_share']:.0f} % ({100 * week['low']:.0f} to "
            f"{100 * week['high']:.0f}), coverage {100 * week['coverage']:.0f} %")  # fmt: skip
    for drift in found["open_drifts"]:
        say(f"drift    {drift['scope']}: {100 * drift['before']:.0f} % -> {100 * drift['after']:.0f} % since "
            f"{drift['since']}, {drift['severity']}, {drift['state']}{'' if drift['told'] else ', not yet told'}")  # fmt: skip
    if not found["open_drifts"]:
        say("no open drift")
    if found["unresolved_accounts"]:
        say("Accounts without a team, the busiest first; list their addresses under a team's members in okrs.yaml:")
        for account in found["unresolved_accounts"]:
            # Their name without a figure: volume only orders the list.
            say(f"         {account['source']} {account['account']} {account['name']}")
