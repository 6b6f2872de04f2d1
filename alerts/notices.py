"""Findings as messages, composed the same way for every channel."""

from collections.abc import Sequence
from functools import cache, partial
from threading import Lock

import structlog
from sqlalchemy.orm import Session, sessionmaker

from alerts.channel import GroupLine, GroupView, Notice
from alerts.chart_frame import PHONE
from alerts.falls import PICTURE
from alerts.gaps import picture_of, view_of
from alerts.naming import installation, name_of
from alerts.sentences import sentence
from alerts.view import Terms
from alerts.words import day, percent
from models import Drift
from models.vocabulary import COMPANY
from pipeline.register.document import Register

GROUPED = 3
"""From this many teams that fall at once, they share one message."""
_DRAWING = Lock()
log = structlog.get_logger()


def together(drifts: Sequence[Drift]) -> list[list[Drift]]:
    """The drifts of each message: one by one, but many teams that fall at once in one."""
    teams = [drift for drift in drifts if drift.kind == "drift" and drift.scope != COMPANY]
    if len(teams) < GROUPED:
        return [[drift] for drift in drifts]
    return [*([drift] for drift in drifts if drift not in teams), teams]


class Composer:
    """Builds the messages of one round; each chart is drawn once, however many channels show it."""

    def __init__(self, sessions: sessionmaker[Session], register: Register, terms: Terms) -> None:
        self._sessions, self._register, self._terms = sessions, register, terms
        self._draw = cache(self._drawn)

    def notice(self, drifts: Sequence[Drift]) -> Notice:
        """The message about these drifts."""
        ids = tuple(drift.id for drift in drifts)
        with self._sessions() as session:
            of = installation(session)
        names, drift = tuple(name_of(one, of) for one in drifts), drifts[0]
        key = "; ".join(sorted(names))
        if len(drifts) > 1:
            return Notice(key, ids, group(drifts, self._register), names=names)
        said = sentence(drift, self._register)
        if said is not None:
            return Notice(key, ids, said, names=names)
        with self._sessions() as session:
            shown = view_of(session, drift, self._register, self._terms)
        narrow = partial(self._draw, drift.id, PHONE)
        return Notice(key, ids, shown, partial(self._draw, drift.id), narrow=narrow, names=names)

    def _drawn(self, drift_id: int, size: tuple[int, int] = PICTURE) -> bytes | None:
        try:
            with _DRAWING, self._sessions() as session:
                return picture_of(session, session.get_one(Drift, drift_id), self._register, size)
        except Exception as error:  # an alert without its picture is better than none
            log.warning("the chart could not be drawn", drift=drift_id, reason=type(error).__name__)
            return None


def group(teams: Sequence[Drift], register: Register) -> GroupView:
    """One message for many teams that fell at once, the largest fall first."""
    names = {team.key: team.name for team in register.teams}
    lines = tuple(
        GroupLine(
            drift.id,
            names.get(drift.scope, drift.scope),
            f"{percent(drift.before)}% → {percent(drift.after)}% since {day(drift.start)}",
        )
        for drift in sorted(teams, key=lambda drift: (drift.after - drift.before, drift.id))
    )
    return GroupView(
        f"In {len(teams)} teams work on the top priorities fell",
        lines,
        "is there one cause? The leads of these teams can say what got in the way.",
    )
