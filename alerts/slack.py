"""The alert in Slack: Block Kit, every outside text escaped, one message for each open drift."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session, sessionmaker

from alerts.view import AlertView, view
from models import OPEN_STATES, Drift, Share
from pipeline.drift import COMPANY
from pipeline.register import Register

if TYPE_CHECKING:
    from slack_sdk import WebClient

LONGEST_HEADER, LONGEST_SECTION = 150, 3000
CLAIM = timedelta(minutes=10)
"""A sender that died is taken to be dead after this long, and another one may try."""
METADATA = "leeway_drift"
TOGETHER = timedelta(days=14)


def escape(text: str) -> str:
    """Outside text as mrkdwn that shows as it is: https://docs.slack.dev/messaging/formatting-message-text"""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return " ".join(text.replace("*", "∗").replace("`", "'").replace("~", "∼").replace("_", "_\u2060").split())


def blocks(alert: AlertView) -> list[dict[str, Any]]:
    """The message's blocks, within Slack's limits for any text."""
    found = [
        {"type": "header", "text": {"type": "plain_text", "text": _cut(alert.headline, LONGEST_HEADER)}},
        _section(f"{alert.size} {alert.confidence}"),
    ]
    if alert.themes:
        lines = [
            f"• *{escape(theme.name[:120])}* +{theme.points:.0f} points"
            + (f", {escape(', '.join(theme.teams)[:160])}" if theme.teams else "")
            + (f"\n    for example: {escape(theme.example[:160])}" if theme.example else "")
            for theme in alert.themes
        ]
        if abs(alert.rest) >= 1:
            lines.append(f"• everything else off the top three: {alert.rest:+.0f} points")
        found.append(_section("*What took its place*\n" + "\n".join(lines)))
    elif alert.objectives:
        lines = [f"• *{escape(name[:120])}* +{points:.0f} points" for name, points in alert.objectives]
        found.append(_section("*What took its place*\n" + "\n".join(lines)))
    if alert.teams:
        lines = [
            f"• {escape(t.name[:120])}: {t.before} % → {t.after} %, {abs(t.points):.0f} of the points"
            for t in alert.teams
        ]
        found.append(_section("*Where it fell*\n" + "\n".join(lines)))
    found.append(_section(f"*To decide*\n{escape(alert.decision)}"))
    note = f"{alert.coverage} Figures are of teams, never of a person."
    found.append({"type": "context", "elements": [_mrkdwn(_cut(escape(note), LONGEST_SECTION))]})
    return found


def message(alert: AlertView, drift_id: int) -> dict[str, Any]:
    """Arguments of chat.postMessage, but for the channel. The metadata names the drift, so a lost answer can be healed."""
    metadata = {"event_type": METADATA, "event_payload": {"drift": drift_id}}
    return {"text": escape(alert.headline), "blocks": blocks(alert), "metadata": metadata, "unfurl_links": False,
            "unfurl_media": False}  # fmt: skip


def tell_pending(
    sessions: sessionmaker[Session], register: Register, client: "WebClient", channel: str, least_people: int,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> int:  # fmt: skip
    """Post every raised drift that nobody was told of; returns how many. Safe with many workers at once."""
    with sessions() as session:
        company = session.scalar(select(Drift).where(Drift.scope == COMPANY, Drift.state.in_(OPEN_STATES)).limit(1))
        raised = session.scalars(
            select(Drift)
            .where(Drift.kind == "drift", Drift.state == "raised", Drift.message_ts.is_(None))
            .order_by(Drift.scope != COMPANY, Drift.id)
        )
        pending = [drift.id for drift in raised if not _named_in(company, drift)]
    told = 0
    for id_ in pending:
        if not _claim(sessions, id_, now()):
            continue
        with sessions() as session:
            drift = session.get_one(Drift, id_)
            alert = view(drift, register, _coverage(session, drift.scope), least_people)
        try:
            answer = client.chat_postMessage(channel=channel, **message(alert, id_))
        except Exception:
            with sessions.begin() as session:
                session.get_one(Drift, id_).claimed_at = None
            raise
        with sessions.begin() as session:
            drift = session.get_one(Drift, id_)
            drift.channel, drift.message_ts, drift.sent_at = str(answer["channel"]), str(answer["ts"]), now()
        told += 1
    return told


def _named_in(company: Drift | None, drift: Drift) -> bool:
    """A team's fall that began with the company's is a line in that alert, not an alert of its own."""
    together = company is not None and abs((drift.start - company.start).days) <= TOGETHER.days
    return together and drift.scope != COMPANY


def _claim(sessions: sessionmaker[Session], id_: int, now: datetime) -> bool:
    """Take the drift by a conditional update: exactly one of many senders sees one row changed."""
    free = or_(Drift.claimed_at.is_(None), Drift.claimed_at < now - CLAIM)
    with sessions.begin() as session:
        statement = update(Drift).where(Drift.id == id_, Drift.message_ts.is_(None), free).values(claimed_at=now)
        return bool(getattr(session.execute(statement), "rowcount", 0) == 1)


def _coverage(session: Session, scope: str) -> float:
    last = session.scalar(select(func.max(Share.week)).where(Share.scope == scope))
    if last is None:
        return 0.0
    query = select(func.avg(Share.coverage)).where(
        Share.scope == scope, Share.objective == "top", Share.week > last - timedelta(weeks=4)
    )
    return float(session.scalar(query) or 0.0)


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": _mrkdwn(_cut(text, LONGEST_SECTION))}


def _mrkdwn(text: str) -> dict[str, Any]:
    # verbatim: Slack must not turn @names, #channels or addresses in outside text into links.
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
