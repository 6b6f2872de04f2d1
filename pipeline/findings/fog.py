"""Dependency fog: one team's work refers to another team's, and for longer than a cycle nobody owns that or answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from connectors.base import SignalKind, State
from models.vocabulary import COMPANY
from pipeline.findings.found import Found, Inputs, Outcome, Unjudged, Value
from pipeline.findings.lives import PROGRAM, Life, asked, part, within
from pipeline.share.floor import enough

WINDOW = 84
"""Days over which requests are counted."""
ASKS, WAITING = 10, 5
"""Fewest requests for a ratio, and fewest open ones."""
WORSE = 1.5
"""Factor on the company's threshold for teams, of which there are many."""


@dataclass(frozen=True, slots=True)
class _Ask:
    waiting: Life
    awaited: Life
    at: datetime
    person: int
    team: str
    open: bool


def dependency_fog(given: Inputs) -> Outcome:
    """The fraction of requests to other teams that have been open and unanswered for more than `cycle` days, for the company and
    for requests to each team. Found if it exceeds `fog`, and its lower bound half of that."""
    if given.lives is None:
        return Unjudged("nothing is known of what happened on items")
    asks = _asks(given, given.lives)
    if not asks:
        return Unjudged(
            f"no item names an item of another team in the last {WINDOW // 7} weeks, by a key in its words or by a link"
        )
    found = []
    for scope in [COMPANY, *given.large_teams]:
        mine = [one for one in asks if scope in (COMPANY, one.awaited.team)]
        one = _fog(given, scope, mine, given.thresholds.fog * (1 if scope == COMPANY else WORSE))
        found += [one] if one else []
    return found


def _asks(given: Inputs, lives: Sequence[Life]) -> list[_Ask]:
    """Return requests between two teams that are older than a cycle, for items whose state is known."""
    cycle, found = given.thresholds.cycle, []
    for waiting, awaited, at, person, team in asked(lives):
        across = team and awaited.team and team != awaited.team and awaited.stated
        if not across or person < 0 or awaited.automated or not within(at, given.last, WINDOW, cycle):
            continue
        until = at + timedelta(days=cycle)
        done = awaited.done_at()
        if done is not None and done < at:  # a reference to something already done
            continue
        answers = [*awaited.events, *waiting.events]
        answered = any(one.at > at and one.team == awaited.team for one in answers)
        seen = not any(one.to == State.LEFT for one in answers)  # otherwise it is unknown
        open_ = seen and waiting.state != State.DONE and not _closed(awaited) and not answered
        found.append(_Ask(waiting, awaited, at, person, team, open_ and until.date() <= given.last))
    return found


def _closed(life: Life) -> bool:
    """Return True if a person closed it: nothing was answered if a stale bot did."""
    ends = [one for one in life.events if one.kind == SignalKind.TRANSITION and one.to == State.DONE]
    return life.state == State.DONE and not (ends and ends[-1].person == PROGRAM)


def _fog(given: Inputs, scope: str, asks: Sequence[_Ask], most: float) -> Found | None:
    waiting = [one for one in asks if one.open]
    askers = {one.person for one in waiting}
    size = part(len(waiting), len(asks))
    few = len(asks) < ASKS or len(waiting) < WAITING or not enough(len(askers), given.least_people)
    if few or size.value <= most or size.low <= most / 2:
        return None
    unowned = [one for one in waiting if not one.awaited.owned]
    days = [(given.last - one.at.date()).days for one in waiting]
    large = given.large_teams
    by_team = {key: sum(one.awaited.team == key for one in waiting) for key in large}
    worst = sorted((key for key in large if by_team[key] >= 2), key=lambda key: (-by_team[key], key))[:2]
    values: dict[str, Value] = {
        "count": len(waiting),
        "asks": len(asks),
        "unowned": len(unowned),
        "wait": float(median(days)),
        "cycle": given.thresholds.cycle,
        "teams": [f"team:{key}" for key in worst] if scope == COMPANY else [],
    }
    # List what waits and what nobody owns. Owned but unanswered items are not listed: that would point at their owners.
    items = dict.fromkeys(one.waiting.item for one in waiting) | dict.fromkeys(one.awaited.item for one in unowned)
    since = min(one.at.date() for one in waiting)
    return Found(scope, "", size.value, since, size.low, size.high, values, (), tuple(items)[:12])
