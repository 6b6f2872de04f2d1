"""Store and undo people's answers about a whole stream: that it serves one key result, or none, or that it is mixed.

The answer is stored as the label of the stream's root, which applies to everything below it; other items that belong to the
stream by themselves get the same label. Earlier labels of single items are kept.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from connectors.sheet import lacking
from models import Label, Stream, StreamItem, upsert
from models.session import in_batches
from models.stream import CONFIRMED, MIXED
from models.vocabulary import STREAM, WITH_STREAM
from pipeline.feedback.labels import NONE, VERSION, key_meant
from pipeline.files import InputError, readable, rows_of
from pipeline.queue.marks import mark_unmatched
from pipeline.register.document import Register
from pipeline.spreadsheet import unguarded
from pipeline.streams.stage import label_rest

YES = "yes"
"""In a file: the stream serves what the column `serves` says."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer about a stream: MIXED, or CONFIRMED with a key result (None: no key result)."""

    stream: int
    answer: str
    key_result: str | None = None


@dataclass(frozen=True, slots=True)
class Before:
    """The state of a stream before an answer, to restore it."""

    stream: int
    answer: str
    key_result: str | None
    answered_at: datetime | None
    labels: Sequence[dict[str, Any]]


def keep_answer(session: Session, given: Answer, now: datetime) -> Before:
    """Store an answer, replacing any earlier one; it takes effect in the next cycle. Raises LookupError if the stream is gone."""
    row = session.get(Stream, given.stream)
    if row is None:
        raise LookupError(given.stream)
    own = _own(session, row.id)
    labels = {
        one.work_item_id: one
        for some in in_batches(own)
        for one in session.scalars(select(Label).where(Label.work_item_id.in_(some)))
    }
    kept: list[dict[str, Any]] = [
        {"work_item_id": one.work_item_id, "key_result": one.key_result, "origin": one.origin, "at": one.at}
        for one in labels.values()
    ]
    before = Before(row.id, row.answer, row.key_result, row.answered_at, kept)
    _forget(session, [i for i in own if i in labels and labels[i].origin in (STREAM, WITH_STREAM)])
    row.answer, row.key_result, row.answered_at = given.answer, given.key_result, now
    if given.answer == CONFIRMED:
        free = [i for i in own if i not in labels or labels[i].origin in (STREAM, WITH_STREAM)]
        root = own[0] if len(own) == 1 else next(iter(free), None)
        if root is not None:
            _label(session, [{"work_item_id": root, "key_result": given.key_result, "origin": STREAM, "at": now}])
        label_rest(session, row.id, given.key_result, now)
    return before


def take_back(session: Session, before: Before) -> None:
    """Undo an answer."""
    row = session.get(Stream, before.stream)
    if row is None:
        return
    own = _own(session, row.id)
    _forget(session, own)
    row.answer, row.key_result, row.answered_at = before.answer, before.key_result, before.answered_at
    _label(session, [one for one in before.labels if one["work_item_id"] in own])


def read_answers(path: Path, session: Session, register: Register) -> list[Answer]:
    """Read rows of `stream,key_result` as printed by `leeway streams --template`; rows without an answer are ignored.

    `key_result` is a key, `none`, `mixed`, or `yes` for the value of the row's column `serves`. Raises InputError.
    """
    known = {*register.objective_of(), NONE, MIXED}
    names: dict[int, str] = dict(session.execute(select(Stream.id, Stream.name)).all())
    found: dict[int, Answer] = {}
    for where, row in _rows(path):
        given, said = row["stream"], row["key_result"]
        if not said:
            continue
        if not given.isdigit() or int(given) not in names:
            raise InputError(
                f"{where}: stream: {given!r} is not one of the current streams. Print them again with "
                "`leeway streams --template 40`, and copy your answers over."
            )
        if said.lower() == YES:
            said = row.get("serves", "")
            if said not in known:
                raise InputError(
                    f"{where}: key_result: 'yes' needs the column serves as it was printed, not {said!r}. "
                    "Write the key of a key result instead."
                )
        answer, key = _meant(said, known, where)
        one = Answer(int(given), answer, key and key_meant(session, key, row.get(VERSION, ""), where))
        if found.setdefault(one.stream, one) != one:
            raise InputError(
                f"{where}: stream: {given} is given twice with different answers. Delete one of the lines."
            )
    if not found:
        raise InputError(
            f"{path}: no row with an answer in it. Fill in the column key_result: a key, none, mixed or yes."
        )
    return list(found.values())


def _rows(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each row with its location."""
    reader = rows_of(path)
    if fault := lacking(reader, ("stream", "key_result")):
        raise InputError(f"{path}, line 1: {fault}. Keep the first line as `leeway streams --template 40` prints it.")
    for row in readable(path, reader):
        cells = {name: unguarded((cell or "").strip()) for name, cell in row.items() if isinstance(name, str)}
        yield f"{path}, line {reader.line_num}", cells


def _meant(said: str, known: set[str], where: str) -> tuple[str, str | None]:
    plain = said.lower()
    if plain == MIXED:
        return MIXED, None
    if plain == NONE:
        return CONFIRMED, None
    key = next((key for key in sorted(known) if key.lower() == plain), None)
    if key is None:
        keys = ", ".join(sorted(known - {NONE, MIXED}))
        raise InputError(
            f"{where}: key_result: {said!r} is not in the register; expected one of {keys}, {NONE}, {MIXED} or {YES}."
        )
    return CONFIRMED, key


def _own(session: Session, stream: int) -> list[int]:
    query = select(StreamItem.work_item_id).where(StreamItem.stream_id == stream, StreamItem.own)
    return list(session.scalars(query.order_by(StreamItem.work_item_id)))


def _label(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    upsert(session, Label, rows, ("work_item_id",))
    mark_unmatched(session, [row["work_item_id"] for row in rows])


def _forget(session: Session, items: Sequence[int]) -> None:
    for some in in_batches(items):
        session.execute(delete(Label).where(Label.work_item_id.in_(some)))
    mark_unmatched(session, items)
