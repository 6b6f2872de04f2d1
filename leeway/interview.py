"""The alignment interview as configured: when it takes place, whom it asks, what an answer does, and when it closes."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, TextIO
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from alerts import interview as words
from alerts.asking import Question, Round, Way, ask_all
from alerts.packs.content import as_row, as_text
from alerts.packs.interview import interview_pack
from leeway.app import App, NotReady
from leeway.as_json import json_text
from leeway.asking import Reach, asked_in, not_asked, still_to_ask
from leeway.notify import may_notify, terms
from leeway.signing import signing_key
from models import Ask, InterviewAnswer, InterviewRound, upsert
from models.interview import PEOPLE, digest_of_person
from pipeline.interview.answers import LEADERSHIP, LEADS, MOST_LINES, Answer, keep, key_of, lines
from pipeline.interview.closing import close
from pipeline.interview.traceable import LEAST
from pipeline.pulse.away import away
from pipeline.queue import lease
from pipeline.register.document import Register
from pipeline.register.ended import local_day
from pipeline.register.quarters import quarter_of
from pipeline.register.workdays import monday

log = structlog.get_logger()
ROUND = timedelta(minutes=5)
"""How often workers check whether somebody is to be asked, or an interview is over."""


_CORRECT, _THEN = (
    "Correct the address",
    " in okrs.yaml and load it, or make it reachable; `leeway interview --ask` shows it.",
)


class InterviewError(Exception):
    """The answer is not stored; the message says why."""


class InterviewOver(InterviewError):
    """Its time is over: no further answer is possible."""


def groups(app: App, register: Register) -> dict[str, list[str]]:
    """Return whom it asks, by group, each person once, by current address; a group that is too small is not asked, as none of its
    results could be shown."""
    members = [member for team in register.teams for member in team.members]
    now = {old.lower(): member.email.lower() for member in members for old in member.formerly}
    leadership = list(dict.fromkeys(now.get(one.lower(), one.lower()) for one in register.leadership))
    leads = dict.fromkeys(now.get(team.lead.lower(), team.lead.lower()) for team in register.teams if team.lead)
    found = {LEADERSHIP: leadership, LEADS: [one for one in leads if one not in leadership]}
    return {about: people for about, people in found.items() if len(people) >= least(app)}


def least(app: App) -> int:
    """Return the smallest number of answers for which results are shown."""
    return max(LEAST, app.settings.drift.least_people)


def run_interview(app: App, *, ask: bool = False) -> Round:
    """Close what is over; ask where it is time or `ask` says so, nobody twice in a round, and who is away today on a day on which
    they are back. Raises NotReady where `ask` cannot."""
    try:
        _, register = app.register()
    except NotReady:
        if ask:
            raise
        return Round()
    close_due(app, register)
    if not ask and not may_notify(app, register):
        return Round()
    asked = groups(app, register)
    if ask and not asked:
        raise NotReady(
            f"nobody can be asked: a group needs {least(app)} people. List addresses under `leadership:` in okrs.yaml."
        )
    found = _open(app, register, ask=ask) if asked else None
    if found is None:
        return Round()
    with app.sessions() as session:
        gone = _away(app, session, register, asked)
        said = set(session.scalars(select(InterviewAnswer.by).where(InterviewAnswer.round == found.name)))
    secret = signing_key(app.sessions, PEOPLE)
    here = {about: [one for one in people if one not in gone] for about, people in asked.items()}
    pairs = _questions(app, found, local_day(register, found.closes_at), here)
    return ask_all(app.sessions, pairs, app.now, lambda one: digest_of_person(secret, one.recipient) not in said)


def _away(app: App, session: Session, register: Register, asked: Mapping[str, list[str]]) -> set[str]:
    """Return who is away today, by the same rule as the pulse."""
    return away(session, register, [one for some in asked.values() for one in some], local_day(register, app.now()))


def close_due(app: App, register: Register) -> None:
    """Compute the results of rounds that are over, and delete their answers; one worker at a time."""
    query = select(InterviewRound.name).where(InterviewRound.closed_at.is_(None), InterviewRound.closes_at <= app.now())
    with app.sessions() as session:
        due = list(session.scalars(query))
    if not due:
        return
    with lease.hold(app.sessions, "close interview") as mine:
        for name in due if mine else ():
            try:
                with app.sessions.begin() as session:
                    found = session.get_one(InterviewRound, name)
                    if found.closed_at is None:
                        close(session, register, app.encoder, found, app.now(), least(app))
            except SQLAlchemyError:
                raise
            except Exception as error:  # its words may hold somebody's answer
                log.error("an interview could not be closed", round=name, reason=type(error).__name__)


def _open(app: App, register: Register, *, ask: bool) -> InterviewRound | None:
    """Return the open round; a new one if it is due or requested."""
    with app.sessions() as session:
        rounds = list(session.scalars(select(InterviewRound).order_by(InterviewRound.asked_at)))
    for one in rounds:
        if one.closed_at is None:
            return one if app.now() < one.closes_at else None
    today = local_day(register, app.now())
    quarter = quarter_of(today).name
    known = [one for one in rounds if one.name.split(".")[0] == quarter]
    if not ask and (known or not is_due(app, register)):
        return None
    name = f"{quarter}.{len(known) + 1}" if known else quarter
    closes = app.now() + timedelta(days=app.settings.interview.open_days)
    signing_key(app.sessions, key_of(name))
    with app.sessions.begin() as session:
        row = {"name": name, "asked_at": app.now(), "closes_at": closes, "closed_at": None}
        upsert(session, InterviewRound, [row], ("name",), keep=True)
    with app.sessions() as session:
        return session.get_one(InterviewRound, name)


def is_due(app: App, register: Register) -> bool:
    """Return True if the interview is on and its week of the quarter has come in the company's time zone."""
    given, today = app.settings.interview, local_day(register, app.now())
    if not given.on:
        return False
    begins = monday(quarter_of(today).start) + timedelta(weeks=given.week - 1)
    return app.now() >= datetime.combine(begins, time(given.hour), ZoneInfo(register.calendar.time_zone))


def _questions(
    app: App, found: InterviewRound, closes: date, asked: dict[str, list[str]]
) -> list[tuple[Question, Way]]:
    reach = Reach(app, words.KIND)
    pairs = []
    for about, people in asked.items():
        for address in people:
            way, account = reach.way(address), reach.accounts.get(address, "")
            if way is None:
                continue
            question = Question(
                words.KIND,
                found.name,
                address,
                words.SUBJECT,
                words.opening(closes),
                tuple(one[1] for one in words.QUESTIONS),
                words.blocks(found.name, closes) if account else (),
                account,
                "" if account else reach.link(address, found.name),
                about,
                words.PRIVATE,
            )
            pairs.append((question, way))
    return pairs


def may_answer(app: App, by: str, round_: str) -> str:
    """Return the group that somebody answers for. Raises InterviewError if they were not asked, or the round is over."""
    with app.sessions() as session:
        found, asked = session.get(InterviewRound, round_), session.get(Ask, (words.KIND, round_, by))
    if not by or asked is None or found is None:
        raise InterviewError("This interview did not ask you.")
    if found.closed_at is not None or app.now() >= found.closes_at:
        raise InterviewOver("This interview is closed, and its answers are deleted.")
    return asked.about


def read(texts: Mapping[str, str]) -> Answer:
    """Parse an answer from form fields. Raises InterviewError rather than drop what somebody wrote."""
    if any(len(lines(text)) > MOST_LINES for text in texts.values()):
        raise InterviewError(
            f"Up to {MOST_LINES} lines per question: keep those that matter most. Nothing is saved yet."
        )
    return Answer.of(texts)


def answer(app: App, by: str, round_: str, given: Answer) -> None:
    """Store an answer, encrypted; a later one replaces an earlier one. Raises InterviewError."""
    about = may_answer(app, by, round_)
    if not given.priorities:  # figures are of priorities: of five answers without, they would be of fewer people
        raise InterviewError("Write at least one priority, in words.")
    who, key = digest_of_person(signing_key(app.sessions, PEOPLE), by), signing_key(app.sessions, key_of(round_))
    with app.sessions.begin() as session:
        keep(session, round_, who, about, key, given, app.now())


def interview_is_due(app: App) -> bool:
    """Return True once every ROUND, for workers, which are woken more often: one that was asked for must close as well."""
    return lease.once_every(app.sessions, "interview round", ROUND)


def show(app: App, to: TextIO, *, as_json: bool = False) -> None:
    """Print the results. Raises NotReady where no register is loaded."""
    _, register = app.register()
    close_due(app, register)
    with app.sessions() as session:
        found = interview_pack(session, register, terms(app))
    to.write(json_text(as_row(found)) if as_json else as_text(found))


def plan_of(app: App) -> list[str]:
    """Yield what `--ask` would do, a sentence per address; nobody is asked, and who answered is not revealed."""
    _, register = app.register()
    reach, lines = Reach(app, words.KIND), []
    with app.sessions() as session:
        found = _of_now(app, session)
        done = asked_in(session, words.KIND, found.name) if found else set()
        asked = groups(app, register)
        gone = _away(app, session, register, asked)
    for about, people in asked.items():
        for address in people:
            if address in done:
                lines.append(f"{address} ({about}) was already asked.")
                continue
            way = "in Slack" if address in reach.accounts else "by mail" if reach.way(address) else ""
            back = ", once they are back: they are away today" if address in gone else "."
            lines.append(
                f"{address} ({about}) "
                + (f"would be asked {way}{back}" if way else f"cannot be asked. {reach.why_not()}")
            )
    return lines or [f"nobody: a group needs {least(app)} people (`leadership:` in okrs.yaml, or the teams' leads)."]


def interview_status(app: App, session: Session) -> dict[str, Any] | None:
    """Return the open round, how many were asked, and whom it did not reach, but not how many answered; None if none is open."""
    try:
        _, register = app.register()
    except NotReady:
        return None
    if (found := _of_now(app, session)) is None:
        return None
    whom = {
        one.lower(): ("somebody under leadership:", f"{_CORRECT} under `leadership:`{_THEN}")
        for one in register.leadership
    }
    for team in register.teams:
        if team.lead and team.lead.lower() not in whom:
            whom[team.lead.lower()] = (f"the lead of team {team.key}", f"{_CORRECT} of team {team.key}'s lead{_THEN}")
    asked = groups(app, register)
    gone = _away(app, session, register, asked)
    people = [one for some in asked.values() for one in some if one not in gone]
    return {
        "round": found.name,
        "closes": local_day(register, found.closes_at),
        "asked": len(asked_in(session, words.KIND, found.name)),
        "waiting": still_to_ask(app, session, words.KIND, found.name, people),
        "failed": not_asked(session, words.KIND, found.name, whom),
    }


def _of_now(app: App, session: Session) -> InterviewRound | None:
    query = select(InterviewRound).where(InterviewRound.closed_at.is_(None), InterviewRound.closes_at > app.now())
    return session.scalar(query.order_by(InterviewRound.asked_at).limit(1))
