"""Apply the judge's answers about streams to the match: after everything else, each stream separately.

An answer changes the items of its own stream and nothing else. It is no evidence for similar items, and whatever is matched
against these items sees them without the answer, so text that somebody plants in one stream cannot affect another.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import JudgeAnswer, JudgeState, Stream, StreamItem, StreamJudged
from models.judge import JUDGE, THE_JUDGE
from models.session import in_batches
from models.stream import CONFIRMED
from pipeline.items import LoadedItem
from pipeline.match.matcher import Belief
from pipeline.match.witness import Weight, ratios_of, told
from pipeline.register.document import Register

Array = NDArray[np.float64]
Matrix = NDArray[np.float32]
KEYS = "keys"
"""Stored next to the fields of a Weight: the key results in the order of its tuples, none last."""


@dataclass(frozen=True, slots=True)
class Heard:
    """Beliefs with the judge's answers, positions of the items that they changed, and the judge's words by position."""

    found: Matrix
    changed: frozenset[int]
    said: Mapping[int, str]


def column_of(register: Register) -> dict[str | None, int]:
    """Return the column of each answer: key results in the register's order, none last."""
    keys = [key_result.key for _, key_result in register.key_results()]
    return {**{key: n for n, key in enumerate(keys)}, None: len(keys)}


def row_of(probabilities: Mapping[str, float], columns: Mapping[str | None, int]) -> Array | None:
    """Return an answer as a row; None if it names a key result that no longer exists."""
    if any(key not in columns for key in probabilities):
        return None
    row = np.zeros(len(columns))
    for key, p in probabilities.items():
        row[columns[key]] = p
    row[columns[None]] = max(0.0, 1 - row.sum())
    found: Array = row / row.sum()
    return found


def hear(session: Session, here: Sequence[LoadedItem], register: Register, belief: Belief) -> Heard:
    """Apply the answers about the items' streams; people's answers and the register's scopes take precedence."""
    if session.scalar(select(StreamJudged.stream_id).limit(1)) is None:
        return Heard(belief.found, frozenset(), {})
    answers, streams = _answers(session, [one.row for one in here], register)
    if not answers:
        return Heard(belief.found, frozenset(), {})
    weight = _weight(session, register)
    at = [i for i, one in enumerate(here) if one.row in streams]
    of = [streams[here[i].row] for i in at]
    counts = weight is not None and not weight.silent
    said = {i: answers[id_].words + ("" if counts else " (not counted)") for i, id_ in zip(at, of, strict=True)}
    free = [
        n for n, i in enumerate(at) if not belief.stands[i] and not answers[of[n]].confirmed and answers[of[n]].liked
    ]
    if weight is None or weight.silent or not free:
        return Heard(belief.found, frozenset(), said)
    rows = [at[n] for n in free]
    heard = [answers[of[n]] for n in free]
    ratio = ratios_of(weight, np.array([one.row for one in heard]), np.array([one.liked for one in heard]))
    found = belief.found.copy()
    found[rows] = told(belief.found[rows].astype(float), ratio, weight)
    return Heard(found, frozenset(rows), said)


@dataclass(frozen=True, slots=True)
class _Answer:
    row: Array
    words: str
    confirmed: bool
    liked: Sequence[int]


def _answers(session: Session, items: Sequence[int], register: Register) -> tuple[dict[int, _Answer], dict[int, int]]:
    """Return valid answers by stream, and the stream of each item that has one."""
    columns = column_of(register)
    query = (
        select(
            StreamItem.work_item_id,
            StreamItem.stream_id,
            Stream.answer,
            StreamJudged.liked,
            JudgeAnswer.probabilities,
            JudgeAnswer.quotes,
        )
        .join(StreamJudged, StreamJudged.stream_id == StreamItem.stream_id)
        .join(JudgeAnswer, JudgeAnswer.content == StreamJudged.content)
        .join(Stream, Stream.id == StreamItem.stream_id)
        .where(JudgeAnswer.fault == "")
    )
    answers: dict[int, _Answer] = {}
    streams: dict[int, int] = {}
    for some in in_batches(sorted(items)):
        for item, stream, answer, liked, probabilities, quotes in session.execute(
            query.where(StreamItem.work_item_id.in_(some))
        ):
            if stream not in answers:
                row = row_of(probabilities, columns)
                if row is None:
                    continue
                answers[stream] = _Answer(row, _words(row, list(columns), quotes), answer == CONFIRMED, liked)
            streams[item] = stream
    return answers, streams


def _words(row: Array, keys: Sequence[str | None], quotes: Sequence[str]) -> str:
    best = int(row.argmax())
    quoted = f" from '{quotes[0]}'" if quotes else ""
    return f"{JUDGE}{keys[best] or 'no key result'} with {100 * row[best]:.0f}%{quoted}"


def _weight(session: Session, register: Register) -> Weight | None:
    """Return the stored weight; None if there is none, or if it belongs to a register with other key results."""
    state = session.get(JudgeState, THE_JUDGE)
    kept: dict[str, Any] = dict(state.weight) if state else {}
    if kept.pop(KEYS, None) != list(column_of(register)) or set(kept) != {one.name for one in fields(Weight)}:
        return None
    kept["usual"], kept["prior"] = tuple(kept["usual"]), tuple(kept["prior"])
    return Weight(**kept)
