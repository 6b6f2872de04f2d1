"""The judge as configured: what would be sent, a round of questions, and its status."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from alerts.words import amount, percent
from connectors.network import shown
from leeway.app import App, NotReady
from models import JudgeAnswer, JudgeDay, JudgeState, StreamJudged, WorkItem
from models.judge import THE_JUDGE
from pipeline.queue import lease

if TYPE_CHECKING:
    from connectors.judge.client import Client
    from leeway.settings.schema import JudgeSettings

log = structlog.get_logger()
ROUND = timedelta(minutes=10)
"""How often workers look for streams to ask about."""
SECONDS = 120.0
"""How long a round may take; the rest waits for the next."""
_ROUND = "judge round"


def client_of(given: "JudgeSettings") -> "Client":
    """Return the client for the configured address."""
    from connectors.judge.client import Client

    return Client(given.url, given.model, given.token.get_secret_value(), given.seconds)


def judge_streams(app: App, seconds: float = SECONDS) -> int:
    """A round of questions after a cycle, where a judge is set; where none is any more, what it said counts no more.

    Returns how many answers were kept. What goes wrong is in the status and holds nothing up.
    """
    from pipeline.judge.learning import silence

    given = app.settings.judge
    if given is None:
        silence(app.sessions)
        return 0
    from pipeline.judge.budget import Budget
    from pipeline.judge.stage import Terms, run_judge
    from pipeline.register.workdays import last_complete_day

    try:
        _, register = app.register()
    except NotReady:
        return 0
    budget = Budget(given.calls_per_day, given.tokens_per_day)
    terms = Terms(budget, given.sends == "texts", frozenset(name.lower() for name in given.not_from))
    last = last_complete_day(app.now(), register.calendar.time_zone)
    now = datetime.now(UTC)
    done = run_judge(app.sessions, register, app.encoder, client_of(given), terms, last, now, seconds)
    if done.answered or done.fault:
        log.info("judged", answered=done.answered, void=done.void, waiting=done.waiting, fault=done.fault)
    return done.answered


def round_is_due(app: App) -> bool:
    """Return True once every ROUND, for workers, which are woken more often."""
    return lease.once_every(app.sessions, _ROUND, ROUND)


def leaves(given: "JudgeSettings | None") -> str:
    """Return in one sentence what would be sent to the judge, and where."""
    if given is None:
        return "off: nothing is sent to a judge"
    what = "titles" if given.sends == "titles" else "titles and texts"
    kept_back = f", nothing of {', '.join(given.not_from)}" if given.not_from else ""
    return (
        f"{what} of at most {amount(given.calls_per_day, 'stream')} a day and the key results leave this machine for "
        f"{shown(given.url)} ({given.model}), with names of people, addresses and mentions replaced{kept_back}"
    )


def unknown_containers(app: App, given: "JudgeSettings") -> list[str]:
    """Return names in judge.not_from that contain no work item: probably spelt differently in the source."""
    with app.sessions() as session:
        known = {name.strip().lower() for name in session.scalars(select(WorkItem.container).distinct())}
    return [name for name in given.not_from if known and name.lower() not in known]


def judge_status(session: Session, given: "JudgeSettings | None") -> dict[str, Any] | None:
    """Return the judge's status; None if none is set."""
    from pipeline.match.witness import counts

    if given is None:
        return None
    state = session.get(JudgeState, THE_JUDGE)
    day = session.get(JudgeDay, datetime.now(UTC).date())
    judged = (
        select(func.count()).select_from(StreamJudged).join(JudgeAnswer, JudgeAnswer.content == StreamJudged.content)
    )
    weight = state.weight if state else {}
    return {
        "judged": session.scalar(judged.where(JudgeAnswer.fault == "")),
        "void": session.scalar(judged.where(JudgeAnswer.fault != "")),
        "unjudged": state.waiting if state else 0,
        "budget_spent": bool(state and state.spent),
        "failing_since": state.failing_since if state else None,
        "fault": state.fault if state else "",
        "calls_today": day.calls if day else 0,
        "tokens_today": day.tokens if day else 0,
        "confirmed_streams": weight.get("streams", 0),
        "counted": counts(weight.get("knows_goal", 0.0), weight.get("knows_none", 0.0)),
        "counts": {name: round(weight.get(name, 0.0), 2) for name in ("knows_goal", "knows_none", "says")},
    }


def judge_line(found: dict[str, Any]) -> str:
    """Return the same for people."""
    parts = [f"{amount(found['judged'], 'stream')} judged"]
    if found["void"]:
        parts.append(f"{amount(found['void'], 'answer')} void")
    if found["unjudged"]:
        why = "their turn comes"
        if found["failing_since"]:
            why = f"no answer since {found['failing_since']:%Y-%m-%d %H:%M} UTC: {found['fault']}"
        elif found["budget_spent"]:
            why = f"today's budget is used up ({found['calls_today']} calls, {found['tokens_today']} tokens)"
        parts.append(f"{found['unjudged']} unjudged ({why.rstrip('.')})")
    known, counts = found["confirmed_streams"], found["counts"]
    if not found["counted"]:
        parts.append(f"its answers are not used: no better than chance on {known} confirmed streams")
    else:
        parts.append(
            f"beyond guessing it knows {percent(counts['knows_goal'])}% of what serves a key result and "
            f"{percent(counts['knows_none'])}% of what serves none, judged by {known} confirmed streams and the match; "
            f"counted with a weight of {percent(counts['says'])}%"
        )
    return "; ".join(parts)
