"""Which errors are expected, and the sentence that each one is said with."""

import sys
from typing import Any

_NAMES = {
    "SettingsError", "NotReady", "RegisterError", "InputError", "SourceError", "ModelError", "DemoError",
    "ForgetError", "DecisionError", "TransferError",
}  # fmt: skip


def expected(error: Exception) -> str | None:
    """The sentence for an error that a user can mend, None for a fault of ours.

    By name, so that nothing needs to be imported for a command that did not fail in it.
    """
    if any(kind.__name__ in _NAMES for kind in type(error).__mro__):
        return str(error)
    if isinstance(error, OSError) and error.filename:  # a file or folder; a connection has no name
        return f"{error.filename}: {error.strerror}. Name another place, or allow it."
    sqlalchemy: Any = sys.modules.get("sqlalchemy.exc")
    if sqlalchemy and isinstance(error, sqlalchemy.DBAPIError):
        return f"the database: {_first_line(error.orig)} Check database.url; `leeway check` tries it."
    if sqlalchemy and isinstance(error, sqlalchemy.ArgumentError | sqlalchemy.NoSuchModuleError):
        return "database.url is no address of a database, like sqlite:///leeway.db or postgresql+psycopg://user@host/leeway."
    return None


def _first_line(error: object) -> str:
    lines = str(error).strip().splitlines()
    text = lines[0].rstrip(".") if lines else type(error).__name__
    return f"{text}."
