"""Accounts as they are kept: what a source said of one once stays, where it no longer says it."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from connectors.base import Account as Seen
from models import Account
from models.session import in_batches

_SAID = ("name", "email", "time_zone")
_KNOWN = select(Account.external_id, Account.bot, *(getattr(Account, name) for name in _SAID)).where(
    Account.source == bindparam("of"), Account.external_id.in_(bindparam("ids", expanding=True))
)


def account_row(one: Seen) -> dict[str, Any]:
    """As a row."""
    email = (one.email or "").lower()
    is_address = "@" in email and not email.endswith(".invalid")  # RFC 2606: nobody's
    columns = {name: getattr(one, name) for name in one.__slots__}
    return columns | {"groups": "\n".join(one.groups), "email": email if is_address else None}


def keep_known(session: Session, source: str, rows: Iterable[dict[str, Any]]) -> None:
    """Add to the rows what was known of an account and is no longer said: of who left, sources say less and less, and what they
    did stays theirs. A program stays one where only its name is said."""
    less = {row["external_id"]: row for row in rows if not all(row[name] for name in _SAID)}
    for some in in_batches(sorted(less)):
        for was in session.connection().execute(_KNOWN, {"of": source, "ids": some}):
            row = less[was.external_id]
            row |= {name: row[name] or getattr(was, name) for name in (*_SAID, "bot")}
