"""How many rows a statement changed: claims and leases rest on it."""

from sqlalchemy import CursorResult, Delete, Update
from sqlalchemy.orm import Session


def rows_changed(session: Session, statement: Update | Delete) -> int:
    """Run an update or a delete, and return the number of rows that it changed."""
    result = session.execute(statement)
    return result.rowcount if isinstance(result, CursorResult) else 0
