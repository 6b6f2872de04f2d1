"""Estimate the judge's accuracy in this company from confirmed streams and audit answers; see match/witness.py."""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session, sessionmaker

from models import Effort, JudgeAnswer, JudgeState, Label, Stream, StreamItem, StreamJudged
from models.judge import THE_JUDGE
from models.session import in_batches
from models.stream import CONFIRMED
from models.vocabulary import AUDIT
from pipeline.encode.encoder import Encoder
from pipeline.judge.budget import state_of
from pipeline.large import LARGE
from pipeline.match import witness
from pipeline.match.judged import KEYS, column_of, row_of
from pipeline.match.matcher import weights_fingerprint
from pipeline.match.stage import matcher_of
from pipeline.queue.marks import mark_unmatched
from pipeline.register.document import Register

Array = NDArray[np.float64]


def learn(sessions: sessionmaker[Session], register: Register, encoder: Encoder) -> bool:
    """Estimate the weight again if the answers, the register or people's answers changed, and mark the judged items for matching.

    Returns True if anything changed.
    """
    with sessions() as session:
        said = _said(session, register)
        fingerprint = _fingerprint(session, register, encoder, said)
        state = session.get(JudgeState, THE_JUDGE)
        if (state.digest if state else "") == fingerprint:
            return False
        true = _true(session, register, list(said))
        items = _items(session, list(said))
        effort = _effort(session, [row for some in items.values() for row in some])
    weight: dict[str, object] = {}
    liked: dict[int, list[int]] = {}
    if said:
        believed = _believed(sessions, register, encoder, items, effort)
        streams = [id_ for id_ in said if id_ in believed]
        if streams:
            answers, found, known = (np.array([source[id_] for id_ in streams]) for source in (said, believed, true))
            weight = asdict(witness.weigh(answers, found, known)) | {KEYS: list(column_of(register))}
            liked = dict(zip(streams, witness.liked(found).tolist(), strict=True))
    with sessions.begin() as session:
        state = state_of(session)
        state.digest, state.weight = fingerprint, weight
        for judged in session.scalars(select(StreamJudged)):
            judged.liked = liked.get(judged.stream_id, [])
        mark_unmatched(session, sorted({row for some in items.values() for row in some}))
    return True


def silence(sessions: sessionmaker[Session]) -> bool:
    """Withdraw all answers of a judge that was switched off, and mark what they changed; return True if there were any."""
    with sessions.begin() as session:
        state = session.get(JudgeState, THE_JUDGE)
        if state is None or not (state.digest or state.fault or state.waiting):
            return False
        withdraw(session, list(session.scalars(select(StreamJudged.stream_id))))
        session.delete(state)
        return True


def withdraw(session: Session, streams: Sequence[int]) -> None:
    """Withdraw the answers about these streams, and mark what they changed for matching."""
    for some in in_batches(sorted(streams)):
        read = select(StreamItem.work_item_id).join(StreamJudged, StreamJudged.stream_id == StreamItem.stream_id)
        mark_unmatched(session, list(session.scalars(read.where(StreamJudged.stream_id.in_(some)))))
        session.execute(delete(StreamJudged).where(StreamJudged.stream_id.in_(some)))


def _said(session: Session, register: Register) -> dict[int, Array]:
    """Return valid answers as rows, by stream."""
    columns = column_of(register)
    query = select(StreamJudged.stream_id, JudgeAnswer.probabilities).join(
        JudgeAnswer, JudgeAnswer.content == StreamJudged.content
    )
    found = {}
    for stream, probabilities in session.execute(query.where(JudgeAnswer.fault == "").order_by(StreamJudged.stream_id)):
        row = row_of(probabilities, columns)
        if row is not None:
            found[stream] = row
    return found


def _fingerprint(session: Session, register: Register, encoder: Encoder, said: Mapping[int, Array]) -> str:
    """Return a hash of the weight's inputs: the match without labels, the answers, confirmed streams and the audit."""
    labels = tuple(session.execute(select(func.count(), func.max(Label.at)).where(Label.origin == AUDIT)).one())
    matched = (encoder.name, weights_fingerprint(), register.model_dump_json())
    answers = [(stream, row.tolist()) for stream, row in said.items()]
    confirmed = session.execute(select(func.count(), func.max(Stream.answered_at)).where(Stream.answer != "")).one()
    rests_on = (labels, matched, answers, tuple(confirmed), witness.VERSION)
    return hashlib.sha256(repr(rests_on).encode()).hexdigest() if said else ""


def _true(session: Session, register: Register, streams: Sequence[int]) -> dict[int, Array]:
    """Return what each stream serves according to people; for an audited one the mean of its answers. Zero if unknown."""
    columns = column_of(register)
    found = {id_: np.zeros(len(columns)) for id_ in streams}
    for some in in_batches(streams):
        audited = (
            select(StreamItem.stream_id, Label.key_result)
            .join(Label, Label.work_item_id == StreamItem.work_item_id)
            .where(Label.origin == AUDIT, StreamItem.stream_id.in_(some))
        )
        for stream, key in session.execute(audited):
            if key in columns:
                found[stream][columns[key]] += 1
        confirmed = select(Stream.id, Stream.key_result).where(Stream.answer == CONFIRMED, Stream.id.in_(some))
        for stream, key in session.execute(confirmed):
            if key in columns:
                found[stream][:] = 0
                found[stream][columns[key]] = 1
    return {id_: row / max(1.0, row.sum()) for id_, row in found.items()}


def _items(session: Session, streams: Sequence[int]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    query = select(StreamItem.stream_id, StreamItem.work_item_id)
    for some in in_batches(streams):
        for stream, item in session.execute(query.where(StreamItem.stream_id.in_(some))):
            found[stream].append(item)
    return found


def _effort(session: Session, items: Sequence[int]) -> dict[int, float]:
    query = select(Effort.work_item_id, func.sum(Effort.person_days)).group_by(Effort.work_item_id)
    found: dict[int, float] = {}
    for some in in_batches(sorted(items)):
        found |= dict(session.execute(query.where(Effort.work_item_id.in_(some))).all())
    return found


def _heaviest(items: Mapping[int, Sequence[int]], effort: Mapping[int, float]) -> list[int]:
    """Return the most representative items, at most as many as are matched as one: each stream's heaviest, then the next."""
    ranked = [
        (place, -effort.get(row, 0.0), row)
        for rows in items.values()
        for place, row in enumerate(sorted(rows, key=lambda row: (-effort.get(row, 0.0), row)))
    ]
    return [row for *_, row in sorted(ranked)[:LARGE]]


def _believed(
    sessions: sessionmaker[Session],
    register: Register,
    encoder: Encoder,
    items: Mapping[int, Sequence[int]],
    effort: Mapping[int, float],
) -> dict[int, Array]:
    """Return the match's belief about each stream without labels and without the judge, weighted by its items' effort."""
    work, matcher, _ = matcher_of(sessions, register, encoder, _heaviest(items, effort))
    found = matcher.probabilities()[0].astype(float)
    place = {one.row: i for i, one in enumerate(work)}
    believed = {}
    for stream, rows in items.items():
        at = [place[row] for row in rows if row in place]
        if at:
            spent = np.array([1e-3 + effort.get(work[i].row, 0.0) for i in at])
            believed[stream] = spent @ found[at] / spent.sum()
    return believed
