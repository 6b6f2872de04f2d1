"""Ask the judge about the streams worth asking about, store its answers, and estimate its accuracy.

This is not part of a cycle: it runs after one, for a limited time, and the next run continues where it stopped. What it changes
is marked for matching and takes effect in the next cycle.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from connectors.base import RateLimited, SourceError
from connectors.judge.client import LONGEST_REPLY, Refused, Reply
from models import JudgeAnswer, Stream, StreamJudged, upsert
from models.session import in_batches
from pipeline.encode.encoder import Encoder
from pipeline.judge.answer import Answer, Void, read_answer
from pipeline.judge.budget import Budget, allows, answered, due, failed, spend, state_of
from pipeline.judge.choosing import items_to_read, worth_asking
from pipeline.judge.learning import learn, withdraw
from pipeline.judge.naming import give_name
from pipeline.judge.question import Question, question_of
from pipeline.judge.redaction import Redaction
from pipeline.queue import lease
from pipeline.register.document import Register
from pipeline.streams.stage import names_of

IN_A_ROW = 3
"""A round ends after this many unanswered questions; fewer must not block the others, as one may be too large for the server."""
REFUSED = 10
"""After this many refused questions and no answer, the server is taken to refuse all."""


class Judge(Protocol):
    """A judge. Its methods raise SourceError."""

    @property
    def name(self) -> str:
        """Identifies its answers."""
        ...

    def ask(self, messages: Sequence[Mapping[str, str]], schema: Mapping[str, Any]) -> Reply:
        """Answer one question with text that should conform to the schema."""
        ...


@dataclass(frozen=True, slots=True)
class Terms:
    """What the judge may cost and read: `texts` in addition to titles, nothing from the containers `not_from` (lower case)."""

    budget: Budget
    texts: bool = False
    not_from: frozenset[str] = frozenset()


@dataclass(slots=True)
class Round:
    """The result of a run: answers stored, invalid ones among them, streams still to ask about."""

    answered: int = 0
    void: int = 0
    waiting: int = 0
    fault: str = ""


def run_judge(
    sessions: sessionmaker[Session],
    register: Register,
    encoder: Encoder,
    judge: Judge,
    terms: Terms,
    last: date,
    now: datetime,
    seconds: float,
) -> Round:
    """Ask for at most this many seconds. `last` is the last complete day. Does nothing if another worker is running."""
    with lease.hold(sessions, "judge") as mine:
        if not mine:
            return Round()
        done = Round()
        if not due(sessions, now):
            with sessions.begin() as session:
                done.waiting, done.fault = state_of(session).waiting, state_of(session).fault
            learn(sessions, register, encoder)
            return done
        with sessions.begin() as session:
            redaction = redaction_of(session, register)
            questions = _questions(session, register, judge.name, terms, last, redaction)
        with sessions() as session:
            known = _answers(session, [one.content for one in questions])
        fresh = {one.content: one for one in questions if one.content not in known}  # identical questions once
        _ask(_Asking(sessions, judge, terms, redaction, now, seconds, done), list(fresh.values()))
        with sessions.begin() as session:
            known = _answers(session, [one.content for one in questions])
            _link(session, [one for one in questions if one.content in known])
            state = state_of(session)
            state.waiting = done.waiting = sum(one.content not in known for one in questions)
            done.fault = state.fault
        learn(sessions, register, encoder)
        return done


def redaction_of(session: Session, register: Register) -> Redaction:
    """Return a redaction of everybody whose account or address is known, or who is in the register."""
    members = [member.email for team in register.teams for member in team.members]
    owners = [owner for goal, result in register.key_results() for owner in (goal.owner, result.owner) if owner]
    return Redaction([*names_of(session), *members, *owners])


def _questions(
    session: Session, register: Register, judge: str, terms: Terms, last: date, redaction: Redaction
) -> list[Question]:
    """Return all questions worth asking, answered or not. Withdraws earlier answers about streams that may no longer be sent."""
    streams = worth_asking(session, register, last)
    items = items_to_read(session, streams, last, terms.not_from)
    asked = [question_of(judge, id_, register, items[id_], redaction, terms.texts) for id_ in streams]
    questions = [one for one in asked if one is not None]
    judged = set(session.scalars(select(StreamJudged.stream_id))) - set(streams)
    rest = items_to_read(session, sorted(judged), last, terms.not_from)
    withdraw(session, [*(set(streams) - {one.stream for one in questions}), *(id_ for id_ in judged if not rest[id_])])
    return questions


def _answers(session: Session, contents: Sequence[str]) -> set[str]:
    query = select(JudgeAnswer.content)
    return {one for some in in_batches(contents) for one in session.scalars(query.where(JudgeAnswer.content.in_(some)))}


def _link(session: Session, questions: Sequence[Question]) -> None:
    rows = [{"stream_id": one.stream, "content": one.content} for one in questions]
    upsert(session, StreamJudged, rows, ("stream_id",), compare=("content",))


def _ask(asking: "_Asking", questions: Sequence[Question]) -> None:
    until, unanswered = time.monotonic() + asking.seconds, 0
    refused: list[Question] = []
    fault: SourceError | None = None
    for question in questions:
        if time.monotonic() >= until or not asking.may(question):
            break
        try:
            reply = asking.judge.ask(question.messages, question.schema)
        except Refused as error:
            refused.append(question)
            fault = error
            if len(refused) >= REFUSED and not asking.done.answered:
                asking.failed(error)
                return
        except SourceError as error:
            unanswered, fault = unanswered + 1, error
            if isinstance(error, RateLimited) or error.permanent or unanswered >= IN_A_ROW:
                asking.failed(error)
                return
        else:
            unanswered = 0
            asking.keep(question, _checked(reply.text, question, asking.redaction), reply)
    if fault is not None and not asking.done.answered:
        asking.failed(fault)
    elif asking.done.answered:  # it answers others, so a refusal is due to the question
        for question in refused:
            asking.keep(question, Void("the server refuses the question"), None)


@dataclass(frozen=True, slots=True)
class _Asking:
    """State of a round of questions."""

    sessions: sessionmaker[Session]
    judge: Judge
    terms: Terms
    redaction: Redaction
    now: datetime
    seconds: float
    done: Round

    def may(self, question: Question) -> bool:
        """Return True if the budget allows the question, and count it before it is sent, so that a crash cannot overspend."""
        with self.sessions.begin() as session:
            state = state_of(session)
            state.spent = not allows(session, self.terms.budget, self.now, _most(question))
            if not state.spent:
                spend(session, self.now, 1, _most(question))
            return not state.spent

    def failed(self, error: SourceError) -> None:
        """Record that the judge did not answer."""
        pause = (error.seconds or None) if isinstance(error, RateLimited) else None
        failed(self.sessions, self.now, f"{error.message} {error.fix}".strip(), pause)

    def keep(self, question: Question, answer: Answer | Void, reply: Reply | None) -> None:
        """Store an answer, and correct the spending to its real cost."""
        with self.sessions.begin() as session:
            if reply is not None:
                spend(session, self.now, reply.calls - 1, (reply.tokens or _most(question)) - _most(question))
                answered(session)
            _keep(session, question, answer, self.now)
        self.done.answered += 1
        self.done.void += isinstance(answer, Void)


def _most(question: Question) -> int:
    return question.most_tokens + LONGEST_REPLY


def _checked(text: str, question: Question, redaction: Redaction) -> Answer | Void:
    try:
        return read_answer(text, question, redaction)
    except Void as void:
        return void


def _keep(session: Session, question: Question, answer: Answer | Void, now: datetime) -> None:
    row: dict[str, Any] = {
        "content": question.content,
        "at": now,
        "probabilities": {},
        "quotes": [],
        "fault": "",
    }
    if isinstance(answer, Void):
        row["fault"] = str(answer)[:200]
    else:
        row |= {"probabilities": dict(answer.probabilities), "quotes": list(answer.quotes)}
    upsert(session, JudgeAnswer, [row], ("content",))
    stream = session.get(Stream, question.stream)
    if stream is None:  # deleted in the meantime
        return
    _link(session, [question])
    if not isinstance(answer, Void):
        give_name(session, stream, answer.name)
