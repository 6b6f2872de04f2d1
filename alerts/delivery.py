"""Who is told what, once: claim, send, record, follow up."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from slack_sdk import WebClient
from sqlalchemy import JSON, String, cast, delete, literal, or_, select, update
from sqlalchemy.orm import Session, sessionmaker

from alerts.slack import (
    CLAIM,
    FRESH,
    GROUPED,
    MOVED,
    Faces,
    escape,
    find_posted,
    grouped,
    message,
    plain_message,
    reply,
    upload,
)
from alerts.view import Terms, alert_of, alert_picture, fault_text, shift_text
from alerts.waiting import untold
from alerts.words import day, percent
from models import NOTED, OPEN_STATES, Decision, Drift, upsert
from models.vocabulary import COMPANY
from pipeline.feedback.decisions import wake_snoozed
from pipeline.register.document import Register


def tell_pending(
    sessions: sessionmaker[Session], register: Register, client: "WebClient", channel: str, least_people: int,
    now: Callable[[], datetime] = lambda: datetime.now(UTC), faces: Faces | None = None, ops_channel: str = "",
    terms: Terms | None = None,
) -> int:  # fmt: skip
    """Post what nobody was told of; returns how many messages. Safe with many workers at once.

    Drifts above low severity and shifts between objectives go to `channel`, faults of the data to `ops_channel` (nowhere
    where it is empty: `leeway status` and the page show them). GROUPED teams or more that fall at once are one message.
    """
    with sessions.begin() as session:
        wake_snoozed(session, now().date())
    with sessions() as session:
        drifts = untold(session)
        others = session.scalars(
            select(Drift).where(Drift.kind != "drift", Drift.message_ts.is_(None), Drift.state.in_(("raised", NOTED)))
            .order_by(Drift.id)
        ).all()  # fmt: skip
    teams = [d for d in drifts if d.scope != COMPANY]
    recent = now().date() - FRESH
    told = 0

    def alert(held: Sequence[Drift]) -> dict[str, Any]:
        drift = held[0]
        with sessions() as session:
            shown = alert_of(session, drift, register, terms or Terms(least_people))
            drawn = alert_picture(session, drift)
        return message(shown, drift.id, faces, upload(client, drawn) if drawn else None)

    for drift in drifts if len(teams) < GROUPED else [d for d in drifts if d.scope == COMPANY]:
        told += _tell(sessions, client, channel, [drift], alert, now)
    if len(teams) >= GROUPED:
        told += _tell(sessions, client, channel, teams, lambda held: grouped(held, register, faces), now)
    for drift in others:
        if drift.kind == "objective" and drift.raised_on >= recent:
            told += _tell(
                sessions, client, channel, [drift], lambda held: plain_message(held, shift_text(held[0], register)), now
            )
        elif drift.kind == "data" and ops_channel:
            told += _tell(
                sessions, client, ops_channel, [drift], lambda held: plain_message(held, fault_text(held[0])), now
            )
    return told


def _tell(
    sessions: sessionmaker[Session], client: "WebClient", channel: str, drifts: Sequence[Drift],
    compose: Callable[[Sequence[Drift]], dict[str, Any]], now: Callable[[], datetime],
) -> int:  # fmt: skip
    """Claim the rows, post one message about them and record it; 0 where another sender has them.

    Rows that were claimed by a sender that died may have been told: the message is looked for before it is posted again.
    """
    # Whoever has the first row has the group: two senders that each hold a part of it would wait for each other.
    if not _claim(sessions, drifts[0].id, now()):
        return 0
    held = [drifts[0], *(drift for drift in drifts[1:] if _claim(sessions, drift.id, now()))]
    mine = [drift.id for drift in held]
    try:
        answer = find_posted(client, channel, mine) if any(drift.claimed_at for drift in held) else None
        if answer is None:
            answer = client.chat_postMessage(channel=channel, **compose(held))
    except Exception:
        with sessions.begin() as session:
            session.execute(update(Drift).where(Drift.id.in_(mine)).values(claimed_at=None))
        raise
    with sessions.begin() as session:
        for drift in session.scalars(select(Drift).where(Drift.id.in_(mine))):
            drift.channel, drift.message_ts, drift.sent_at = str(answer["channel"]), str(answer["ts"]), now()
            drift.said = _state(drift)
    return 1


def tell_changes(
    sessions: sessionmaker[Session], register: Register, client: "WebClient",
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> int:  # fmt: skip
    """Say in an alert's thread what changed since it was last said: its end, or a size that moved; returns how many.

    The row is claimed by the conditional update of what was said, so two senders never say it twice; what Slack
    refused is given back, and said the next time.
    """
    with sessions() as session:
        rows = list(session.scalars(select(Drift).where(Drift.message_ts.is_not(None), Drift.state != NOTED)))
    names = {team.key: team.name for team in register.teams} | {COMPANY: "The company"}
    told = 0
    for drift in rows:
        line, state = _news(drift, names), _state(drift)
        if line is None or not _claim_saying(sessions, drift, state):
            continue
        try:
            reply(client, drift, line)
        except Exception:
            with sessions.begin() as session:
                session.get_one(Drift, drift.id).said = drift.said
            raise
        told += 1
    return told + _remind(sessions, client, now())


def _remind(sessions: sessionmaker[Session], client: "WebClient", now: datetime) -> int:
    """On the day that a decision was to be taken by, say so in the thread, once."""
    today = now.date().isoformat()
    with sessions() as session:
        rows = session.execute(
            select(Decision.id, Decision.note, Drift).join(Drift, Drift.id == Decision.drift_id)
            .where(Decision.kind == "assigned", Drift.state.in_(OPEN_STATES), Drift.message_ts.is_not(None))
        ).all()  # fmt: skip
    told = 0
    for id_, note, drift in rows:
        who, _, when = note.partition(" ")
        if not when or when > today:
            continue
        row = {
            "drift_id": drift.id,
            "kind": "reminded",
            "by": "leeway",
            "at": now,
            "note": note,
            "nonce": f"remind-{id_}",
        }
        with sessions.begin() as session:
            if not upsert(session, Decision, [row], ("nonce",), keep=True):
                continue
        text = f"<@{who}>: today a decision is due here. Continue, reshape or stop?"
        try:
            reply(client, drift, text)
        except Exception:
            with sessions.begin() as session:
                session.execute(delete(Decision).where(Decision.nonce == row["nonce"]))
            raise
        told += 1
    return told


def _news(drift: Drift, names: Mapping[str, str]) -> str | None:
    """One sentence for the thread, None where nothing is worth one."""
    said, fall = drift.said or {}, percent(drift.before) - percent(drift.after)
    if drift.kind == "data":
        back = drift.state == "recovered" and said.get("state") != "recovered"
        return f"{escape(drift.subject)}: back. The days since are used again." if back else None
    who = escape(names.get(drift.scope, drift.scope))
    if drift.state == "deepened" and said.get("state") != "deepened":
        return f"{who}: it fell further, to a level of its own. A new alert says how far."
    if drift.state == "replanned" and said.get("state") != "replanned":
        return f"{who}: closed. The priorities changed, so shares are measured against the new plan from here on."
    if drift.state == "recovered" and said.get("state") != "recovered":
        return f"{who}: recovered. The share of the top priorities is back near where it was."
    if drift.state == "superseded" and said.get("state") != "superseded":
        return f"{who}: withdrawn. With what is known now this would not have been raised."
    if drift.state in ("raised", "acknowledged") and abs(fall - int(said.get("fall", fall))) >= MOVED:
        return f"{who}: the fall is now {fall} points (it was {said['fall']}), since {day(drift.start)}."
    return None


def _state(drift: Drift) -> dict[str, Any]:
    return {"state": drift.state, "fall": percent(drift.before) - percent(drift.after)}


def _claim_saying(sessions: sessionmaker[Session], drift: Drift, state: dict[str, Any]) -> bool:
    """Take the saying of this by a conditional update: it succeeds only while what was said last is unchanged."""
    with sessions.begin() as session:
        statement = update(Drift).where(
            Drift.id == drift.id, cast(Drift.said, String) == cast(literal(drift.said, JSON), String)
        )
        return bool(getattr(session.execute(statement.values(said=state)), "rowcount", 0) == 1)


def _claim(sessions: sessionmaker[Session], id_: int, now: datetime) -> bool:
    """Take the drift by a conditional update: exactly one of many senders sees one row changed."""
    free = or_(Drift.claimed_at.is_(None), Drift.claimed_at < now - CLAIM)
    with sessions.begin() as session:
        statement = update(Drift).where(Drift.id == id_, Drift.message_ts.is_(None), free).values(claimed_at=now)
        return bool(getattr(session.execute(statement), "rowcount", 0) == 1)
