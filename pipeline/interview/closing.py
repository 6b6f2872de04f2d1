"""Close a round: compute the results once, and delete the answers in the same transaction."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models import Account, Effort, InterviewResult, InterviewRound, Stream, StreamItem
from pipeline.encode.encoder import Encoder
from pipeline.interview.agreement import Floats, Line, clusters, furthest, of_all, with_register
from pipeline.interview.answers import LEADERSHIP, LEADS, Answer, destroy, opened
from pipeline.interview.traceable import EARLIER, SEVERAL, counted
from pipeline.judge.redaction import Redaction
from pipeline.register.document import Register

GROUPS = (LEADERSHIP, LEADS)
WORDS = 14
"""Longest wording shown, in words: longer ones reveal more about the writer than about the matter."""
_STREAMS, _LATELY = 300, timedelta(weeks=8)
"""How many streams, those with the most recent work, are candidates for what a line means."""
_MEANT = 0.5
"""Cosine from which a line refers to a stream."""


def close(
    session: Session, register: Register, encoder: Encoder, round_: InterviewRound, now: datetime, least: int
) -> None:
    """Compute the results of a round and delete its answers. Nothing of an answer is logged, whatever goes wrong."""
    for about in GROUPS:
        said = {who: one for who, one in opened(session, round_.name, about).items() if one.priorities}
        query = select(InterviewResult).where(InterviewResult.about == about).order_by(InterviewResult.at.desc())
        before = [frozenset(map(str, one.counted)) for one in session.scalars(query.limit(EARLIER)) if one.counted]
        mine = counted(frozenset(said), before, lambda who: _shuffled(round_.name, who), least)
        found = _found(session, register, encoder, [said[who] for who in sorted(mine)], now) if mine else {}
        session.add(InterviewResult(round=round_.name, about=about, at=now, found=found, counted=sorted(mine)))
    destroy(session, round_.name)
    round_.closed_at = now


def _shuffled(round_: str, who: str) -> str:
    """Return a sort key that nobody can predict without the installation's secret: `who` is a keyed hash."""
    return hashlib.sha256(f"{round_} {who}".encode()).hexdigest()


def _found(
    session: Session, register: Register, encoder: Encoder, said: Sequence[Answer], now: datetime
) -> dict[str, Any]:
    """Return the figures and wordings to keep. Figures are rounded to 0.05: more digits would claim more than is known."""
    priorities = [_lines(encoder, n, one.priorities) for n, one in enumerate(said)]
    lists = [_vectors(one) for one in priorities]
    top = [one for one in register.objectives if one.key in register.top()]
    objectives = [
        encoder.encode(
            [one.title, *(k.title for k in one.key_results), *(a for k in one.key_results for a in k.aliases)]
        )
        for one in top
    ]
    redaction = Redaction(_names(session, register))
    waits = [line for n, one in enumerate(said) for line in _lines(encoder, n, one.dependencies)]
    stops = [line for n, one in enumerate(said) for line in _lines(encoder, n, one.stops)]
    apart = furthest(priorities)
    return {
        "among": _rounded(of_all(lists)),
        "register": _rounded(with_register(lists, [np.asarray(one) for one in objectives])) if top else None,
        "furthest": [shown(redaction, one.text) for one in apart] if apart else [],
        "shared": [shown(redaction, one.text) for one in clusters([x for p in priorities for x in p], SEVERAL)],
        "dependencies": [shown(redaction, one.text) for one in clusters(waits, SEVERAL)],
        "stops": _streams(session, encoder, stops, now),
    }


def _lines(encoder: Encoder, person: int, texts: Sequence[str]) -> list[Line]:
    vectors = encoder.encode(list(texts)) if texts else ()
    return [Line(person, text, np.asarray(vector, np.float32)) for text, vector in zip(texts, vectors, strict=True)]


def _vectors(lines: Sequence[Line]) -> Floats:
    return np.stack([one.vector for one in lines]) if lines else np.zeros((0, 0), np.float32)


def _rounded(value: float) -> float:
    return round(round(value * 20) / 20, 2)


def shown(redaction: Redaction, text: str) -> str:
    """Return a wording fit for display: short, without names, addresses and mentions."""
    words = redaction.without(text).split()
    return " ".join(words[:WORDS]) + ("…" if len(words) > WORDS else "")


def _names(session: Session, register: Register) -> set[str]:
    """Return the names and addresses of everybody known, including those in the register."""
    found = {member.email for team in register.teams for member in team.members} | set(register.leadership)
    found |= {team.lead for team in register.teams if team.lead}
    for name, email in session.execute(select(Account.name, Account.email)):
        found |= {value for value in (name, email) if value}
    return found


def _streams(session: Session, encoder: Encoder, lines: Sequence[Line], now: datetime) -> list[int]:
    """Return the ids of streams that several people want to stop. Their names are looked up when shown."""
    query = (
        select(Stream.id, Stream.name)
        .join(StreamItem, StreamItem.stream_id == Stream.id)
        .join(Effort, Effort.work_item_id == StreamItem.work_item_id)
        .where(Effort.day >= (now - _LATELY).date(), Stream.name != "")
        .group_by(Stream.id, Stream.name)
        .order_by(func.sum(Effort.person_days).desc(), Stream.id)
    )
    rows = session.execute(query.limit(_STREAMS)).all() if lines else []
    if not rows:
        return []
    names = np.asarray(encoder.encode([name for _, name in rows]), np.float32)
    by: dict[int, set[int]] = {}
    for line in lines:
        cosine = names @ line.vector
        best = int(cosine.argmax())
        if cosine[best] >= _MEANT:
            by.setdefault(rows[best].id, set()).add(line.person)
    return [row.id for row in rows if len(by.get(row.id, ())) >= SEVERAL]
