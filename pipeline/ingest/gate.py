"""Checks applied to every row before it is stored."""

import hashlib
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from sqlalchemy import JSON, String, Table, select
from sqlalchemy.orm import Session

from connectors.base import Failure as SetAside
from connectors.base import ItemKind, Page, SignalKind
from connectors.times import is_plausible
from models import Account, Forgotten, Signal
from models.base import Base

_NUMBERS = {bool, int, float}
_OURS = {"text_hash", "source"}
"""Text columns that no source writes."""
_FORGOTTEN = select(Forgotten.digest)
_ITEM_KINDS, _SIGNAL_KINDS = frozenset(ItemKind), frozenset(SignalKind)


class UnknownKindWarning(UserWarning):
    """A source yields a kind that connectors/base.py does not define, so no stage knows how to treat it."""


def warn_of_unknown_kinds(page: Page) -> None:
    """Warn once per page, with counts; in the tests, where warnings are errors, this fails."""
    unknown = Counter(f"item {one.kind!r}" for one in page.items if one.kind not in _ITEM_KINDS)
    unknown.update(f"signal {one.kind!r}" for one in page.signals if one.kind not in _SIGNAL_KINDS)
    if unknown:
        said = ", ".join(f"{count} of kind {kind}" for kind, count in unknown.most_common())
        warnings.warn(f"{page.stream}: {said}: not in connectors/base.py", UnknownKindWarning, stacklevel=2)


class Gate:
    """Checks every row: forgotten people are not ingested again, and each text can be stored by the database."""

    def __init__(self, session: Session, source: str) -> None:
        kept = set(session.connection().scalars(_FORGOTTEN))
        self.forgotten = ForgottenAccounts(source, kept)
        self.refused: list[Any] = []

    def fit(self, table: type[Base], stream: str, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return the rows with characters removed that no database stores, and texts truncated to their columns."""
        texts, lists, longest_id = _shape(table)
        found = []
        for row in rows:
            id_ = row["external_id"]
            if table is Account and id_ in self.forgotten:
                continue
            if len(id_) > longest_id:
                reason = "the id is longer than any id of this source"
                self.refused.append(SetAside(row["source"], stream, id_[:60], reason))
                continue
            if table is Signal and not is_plausible(row["at"]):
                self.refused.append(
                    SetAside(row["source"], stream, id_, f"dated {row['at']:%Y-%m-%d}: correct it there")
                )
                continue
            for name, longest in texts:
                value = row[name]
                if value:
                    if not value.isascii() or "\x00" in value:
                        row[name] = value = _storable(value)
                    if longest and len(value) > longest:
                        row[name] = value[:longest]
            for name in lists:
                if row[name] and not _is_plain(row[name]):
                    row[name] = _storable(row[name])
            found.append(row)
        return found


@cache
def _shape(table: type[Base]) -> tuple[tuple[tuple[str, int | None], ...], tuple[str, ...], int]:
    """Return text columns with their lengths, list and object columns, and the longest id."""
    core: Table = table.__table__  # type: ignore[assignment]
    texts = tuple((c.name, c.type.length) for c in core.columns if isinstance(c.type, String) and c.name not in _OURS)
    lists = tuple(c.name for c in core.columns if isinstance(c.type, JSON))
    return texts, lists, dict(texts)["external_id"] or 0


class ForgottenAccounts:
    """The set of forgotten accounts, of which only digests are kept."""

    def __init__(self, source: str, digests: set[str]) -> None:
        self._source, self._digests = source, digests

    def __bool__(self) -> bool:
        return bool(self._digests)

    def __contains__(self, account: object) -> bool:
        return bool(self._digests) and account is not None and digest_of(self._source, str(account)) in self._digests


def _is_plain(value: Any) -> bool:
    """Return True for a flat list or object without characters that must be removed."""
    if value.__class__ is dict:
        for name in value:
            if name.__class__ is not str or not name.isascii():
                return False
        value = value.values()
    elif value.__class__ is not list:
        return False
    for one in value:
        if isinstance(one, str):
            if not one.isascii() or "\x00" in one:
                return False
        elif one is not None and one.__class__ not in _NUMBERS:
            return False
    return True


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        if value.isascii():
            return value.replace("\x00", "") if "\x00" in value else value
        return value.replace("\x00", "").encode("utf-8", "ignore").decode("utf-8")
    if isinstance(value, (list, tuple)):
        return [_storable(one) for one in value]
    if isinstance(value, Mapping):
        return {str(name): _storable(one) for name, one in value.items()}
    return value


def digest_of(source: str, account: str) -> str:
    """Return the digest kept of a forgotten account, by which it is rejected."""
    return hashlib.sha256(f"{source}\n{account}".encode()).hexdigest()
