"""The judge's remaining budget for today, and the pause after a failure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session, sessionmaker

from models import JudgeDay, JudgeState
from models.judge import THE_JUDGE
from pipeline.queue import lease

_DUE = "next judge"
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(minutes=5), timedelta(hours=6)
_LONGEST_ASKED_FOR = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Budget:
    """Calls and tokens per day (UTC)."""

    calls: int
    tokens: int


def state_of(session: Session) -> JudgeState:
    """Return the row with the judge's state, creating it if necessary."""
    row = session.get(JudgeState, THE_JUDGE)
    if row is None:
        row = JudgeState(name=THE_JUDGE, weight={}, digest="", failures=0, fault="", waiting=0, spent=False)
        session.add(row)
    return row


def allows(session: Session, budget: Budget, now: datetime, tokens: int) -> bool:
    """Return True if one more question of this many tokens is within the day's budget."""
    day = session.get(JudgeDay, now.date())
    calls, spent = (day.calls, day.tokens) if day else (0, 0)
    return calls < budget.calls and spent + tokens <= budget.tokens


def spend(session: Session, now: datetime, calls: int, tokens: int) -> None:
    """Record what was spent."""
    day = session.get(JudgeDay, now.date())
    if day is None:
        day = JudgeDay(day=now.date(), calls=0, tokens=0)
        session.add(day)
    day.calls += calls
    day.tokens += tokens


def due(sessions: sessionmaker[Session], now: datetime) -> bool:
    """Return True if the pause after the last failure is over."""
    return lease.due(sessions, _DUE, now)


def failed(sessions: sessionmaker[Session], now: datetime, fault: str, seconds: float | None) -> None:
    """Record a failure: ask again after `seconds` if the server asked for that, else after a pause that doubles each time."""
    with sessions.begin() as session:
        state = state_of(session)
        state.failing_since = state.failing_since or now
        state.failures, state.fault = state.failures + 1, fault
        pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** min(state.failures - 1, 10))
    asked_for = None if seconds is None else timedelta(seconds=min(seconds, _LONGEST_ASKED_FOR.total_seconds()))
    lease.not_before(sessions, _DUE, now, asked_for or pause)


def answered(session: Session) -> None:
    """Record that the judge answers again."""
    state = state_of(session)
    state.failing_since, state.failures, state.fault = None, 0, ""
