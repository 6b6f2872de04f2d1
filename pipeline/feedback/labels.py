"""Labels from a CSV file (item,key_result), to train the match and to evaluate it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from connectors.sheet import lacking
from models import AuditDraw, KeyResult, Label, Question, WorkItem, upsert
from models.vocabulary import AUDIT
from pipeline.files import InputError, readable, rows_of
from pipeline.ingest.names import present_keys
from pipeline.register.document import Register
from pipeline.register.versions import key_now
from pipeline.spreadsheet import unguarded

NONE = "none"
VERSION = "version"
"""The column with the register version that a template was written from: keys may be reused later."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """The label of a work item in one row; None is no key result."""

    work_item: int
    name: str
    key_result: str | None


def read_csv(path: Path, session: Session, register: Register) -> list[Labelled]:
    """Read rows of `item,key_result`: the item as its key (PAY-12) or source:id, the key result's key or `none`.

    Other columns and rows without an answer are ignored. Raises InputError with the line.
    """
    known = register.objective_of()
    found: dict[int, Labelled] = {}
    for where, name, answer, version in _rows(path):
        item = item_named(session, name)
        if item is None:
            raise InputError(
                f"{where}: item: {name!r} is not known. Give its key (PAY-12), or source:id as "
                "`leeway label --template 20` prints them."
            )
        key = None if answer.lower() == NONE else key_meant(session, answer, version, where)
        if key is not None and key not in known:
            raise InputError(
                f"{where}: key_result: {key!r} is not in the register; expected one of {', '.join(known)} or {NONE}."
            )
        if item in found and found[item].key_result != key:
            raise InputError(f"{where}: item: {name!r} is given twice with different answers.")
        found[item] = Labelled(item, name, key)
    if not found:
        raise InputError(f"{path}: no row with an answer in it.")
    return list(found.values())


def keep(sessions: sessionmaker[Session], labels: Sequence[Labelled], origin: str, now: datetime) -> int:
    """Store labels; they take effect in the next cycle. Drawn items that nobody has labelled yet answer the audit."""
    with sessions.begin() as session:
        for one in labels:
            keep_one(session, one.work_item, one.key_result, origin, now)
    return len(labels)


def keep_one(session: Session, work_item: int, key_result: str | None, origin: str, now: datetime) -> None:
    """Store one label, replacing any earlier one. Raises LookupError if the item is gone."""
    item = session.get(WorkItem, work_item)
    if item is None:
        raise LookupError(work_item)
    before = session.get(Label, work_item)
    drawn = session.scalar(select(AuditDraw.week).where(AuditDraw.work_item_id == work_item).limit(1)) is not None
    # Items asked about train the match even if they were drawn; the audit then evaluates the rest, which is all that it corrects.
    asked = session.get(Question, work_item) is not None
    if drawn and not asked and (before is None or before.origin == AUDIT):
        origin = AUDIT
    item.stale = True  # so that the next cycle processes it again
    row = {"work_item_id": work_item, "key_result": key_result, "origin": origin, "at": now}
    upsert(session, Label, [row], ("work_item_id",))


def item_named(session: Session, name: str) -> int | None:
    """Return the row id of an item, by its key, a former key, or its source and id."""
    source, _, rest = name.partition(":")
    name = present_keys(session, [name]).get(name, name)
    by_key = session.scalar(select(WorkItem.id).where(WorkItem.key == name))
    return by_key or session.scalar(select(WorkItem.id).where(WorkItem.source == source, WorkItem.external_id == rest))


def key_meant(session: Session, key: str, version: str, where: str) -> str:
    """Return the current key of the key result that had this key in the template's register version. Raises InputError if it is
    gone."""
    if not version.isdecimal():
        return key
    now = key_now(session, key, int(version))
    if now is None and session.get(KeyResult, (int(version), key)) is not None:
        raise InputError(
            f"{where}: key_result: the {key!r} of version {version} of the register, from which the template was written, is no "
            f"longer in it. Write a current key, and empty the cell in the column {VERSION}."
        )
    return now or key


def _rows(path: Path) -> Iterator[tuple[str, str, str, str]]:
    reader = rows_of(path)
    if fault := lacking(reader, ("item", "key_result")):
        raise InputError(f"{path}, line 1: {fault}. Expected: item,key_result.")
    for row in readable(path, reader):
        name, answer = unguarded((row["item"] or "").strip()), (row["key_result"] or "").strip()
        if name and answer:
            yield f"{path}, line {reader.line_num}", name, answer, (row.get(VERSION) or "").strip()
