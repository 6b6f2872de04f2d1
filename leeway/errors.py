"""Which errors are expected, and the sentence for each."""

import errno
import sys
from typing import Any

_NAMES = {
    "SettingsError",
    "NotReady",
    "RegisterError",
    "InputError",
    "SourceError",
    "ModelError",
    "DemoError",
    "ForgetError",
    "DecisionError",
    "Held",
    "CarryError",
    "TransferError",
    "UpgradeError",
    "DatabaseUnfit",
}


def expected(error: Exception) -> str | None:
    """Return the sentence for an error that a user can fix, None for a bug.

    By name, so that nothing needs to be imported for a command that did not fail in it.
    """
    if any(kind.__name__ in _NAMES for kind in type(error).__mro__):
        return str(error)
    if isinstance(error, OSError) and error.filename:  # a file or folder; a connection has no name
        return f"{error.filename}: {error.strerror}. Choose another path, or grant access."
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "no space is left where this writes (its output, or a file). Free some space, then run it again."
    if isinstance(error, OSError) and error.errno == errno.EFBIG:
        return "the file size limit is reached (ulimit -f). Raise it, then run it again."
    if isinstance(error, UnicodeEncodeError) and error.reason == "surrogates not allowed":
        shown = error.object[:40].encode("utf-8", "backslashreplace").decode()
        return f"{shown!r} is not in UTF-8. Type it again, or save the script that holds it as UTF-8."
    sqlalchemy: Any = sys.modules.get("sqlalchemy.exc")
    if fault := database_fault(error):
        return f"the database: {' '.join(fault)}"
    if sqlalchemy and isinstance(error, sqlalchemy.ArgumentError | sqlalchemy.NoSuchModuleError):
        return "database.url is not a database address such as sqlite:///leeway.db or postgresql+psycopg://user@host/leeway."
    return None


def database_fault(error: Exception) -> tuple[str, str] | None:
    """Return a database's error and the fix; None for any other error."""
    sqlalchemy, sqlite = (sys.modules.get(name) for name in ("sqlalchemy.exc", "sqlite3"))
    if sqlalchemy and isinstance(error, sqlalchemy.DBAPIError):
        said = _first_line(error.orig)
    elif sqlite and isinstance(error, sqlite.OperationalError):  # of a demo, which makes its file itself
        said = _first_line(error)
    else:
        return None
    return said, _advice(said)


READ_ONLY = (
    "It is a standby, or set to default_transaction_read_only: set database.url to the primary server, or list all of "
    "them with target_session_attrs=read-write."
)
ORDER_MOVED = (
    "Stop all processes, and as the database's owner REINDEX DATABASE and ALTER DATABASE ... REFRESH COLLATION VERSION; see "
    '"Another image or system below PostgreSQL" in docs/operations.md.'
)
FILE_READ_ONLY = "Give the user that runs Leeway write access to the file, its folder, and its -wal and -shm files."
UNKNOWN = "Check database.url."
"""The advice for unknown errors, whose text may quote the data being stored."""
_DATABASE_ADVICE = (
    (("NUL (0x00)",), "Remove that character from what is to be stored."),
    (("disk is full", "No space left"), "Free some space where the database is, then continue; stored data is kept."),
    (
        ("disk I/O error",),
        "Its disk or network share fails, or the file size limit is reached (ulimit -f); see the system's log. Stored data is "
        "kept.",
    ),
    (("read-only transaction",), READ_ONLY),
    (
        ("UNIQUE constraint failed", "duplicate key value"),
        "Another process did the same at the same moment. Run it again; nothing is lost.",
    ),
    (
        ("prepared statement",),
        "A pooler (PgBouncer) in front of the database gives each transaction another connection: add ?prepare_threshold=none to "
        "database.url.",
    ),
    (("readonly database", "read-only"), FILE_READ_ONLY),
    (
        ("unable to open database file",),
        "Its folder must exist and be writable for the user that runs Leeway; see database.url.",
    ),
    (
        ("file is not a database", "malformed"),
        "Stop all processes, delete the files next to it that end in -wal and -shm, and restore a backup; or set database.url to "
        "another file.",
    ),
    (
        ("database is locked",),
        "Another process is using it; SQLite supports one at a time. Wait for it, or use PostgreSQL.",
    ),
    (
        (
            "starting up",
            "shutting down",
            "recovery mode",
            "not yet accepting",
            "terminating connection",
            "unexpectedly",
        ),
        "It is starting or stopping: wait, then run it again; nothing is lost.",
    ),
    (("too many clients", "connection slots", "too many connections"), "Raise max_connections, or run fewer workers."),
    (
        ("no encryption",),
        "It accepts only TLS: add ?sslmode=verify-full&sslrootcert=FILE to database.url, where FILE is its authority's "
        "certificate.",
    ),
    (("does not support SSL",), "It does not support TLS: remove sslmode from database.url, or enable TLS there."),
    (("does not match host name",), "As the host in database.url, use a name from its certificate."),
    (
        ("certificate verify failed", "root certificate file"),
        "Name its authority's certificate in database.url: sslrootcert=FILE; for a public authority sslrootcert=system, and "
        "SSL_CERT_FILE in the environment.",
    ),
    (
        ("invalid connection option", "invalid sslmode value", "invalid URI query parameter"),
        "Correct what follows the ? in database.url, as in ?sslmode=verify-full&sslrootcert=FILE.",
    ),
    (
        ("authentication failed", "no password supplied", "pg_hba.conf"),
        "Correct the name and the password in database.url, or grant that user access (pg_hba.conf).",
    ),
    (
        ('FATAL:  database "', 'FATAL:  role "'),
        "Create it, or correct database.url; see By hand in docs/operations.md.",
    ),
    (("permission denied for",), "Make the user in database.url the owner of the database."),
    (("resolve host", "translate host name"), "Correct the host in database.url."),
    (
        ("Connection refused", "No such file or directory", "timeout", "timed out", "No route", "unreachable"),
        "Start PostgreSQL there, or correct the host and port in database.url.",
    ),
)


def _advice(said: str) -> str:
    for words, advice in _DATABASE_ADVICE:
        if any(word in said for word in words):
            return advice
    return UNKNOWN


def _first_line(error: object) -> str:
    lines = str(error).strip().splitlines()
    text = lines[0].rstrip(".") if lines else type(error).__name__
    return f"{text}."
