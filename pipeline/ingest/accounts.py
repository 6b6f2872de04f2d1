"""Account rows: what a source once reported about an account is kept when it no longer does."""

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
    """Convert to a row."""
    email = (one.email or "").lower()
    is_address = "@" in email and not email.endswith(".invalid")  # RFC 2606: never a real address
    columns = {name: getattr(one, name) for name in one.__slots__}
    return columns | {"groups": "\n".join(one.groups), "email": email if is_address else None}


def keep_known(session: Session, source: str, rows: Iterable[dict[str, Any]]) -> None:
    """Fill in what was known of an account and is no longer reported: sources report less about people who left, whose work stays
    theirs. A bot remains one even if only its name is reported."""
    less = {row["external_id"]: row for row in rows if not all(row[name] for name in _SAID)}
    for some in in_batches(sorted(less)):
        for was in session.connection().execute(_KNOWN, {"of": source, "ids": some}):
            row = less[was.external_id]
            row |= {name: row[name] or getattr(was, name) for name in (*_SAID, "bot")}
