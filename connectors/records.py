"""Isolation of single records: an error in one sets only that record aside."""

from collections.abc import Collection, Mapping

import structlog

from connectors.base import BadAnswer, Cursor, Failure, SourceError, SourceUnavailable

log = structlog.get_logger()
UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, OverflowError)
"""What parsing raises if an answer is not what the source documents."""
_EXPECTED = (*UNREADABLE, LookupError, RecursionError)


def set_aside(source: str, stream: str, record: str, error: Exception) -> Failure:
    """The failure to keep for a record. Raises the error again where it is not the record's fault but the source's.

    What no parser is known to raise is logged with its traceback.
    """
    if isinstance(error, SourceError):
        if error.permanent or not isinstance(error, (BadAnswer, SourceUnavailable)):
            raise error
        return Failure(source, stream, record, error.message[:500])
    if not isinstance(error, _EXPECTED):
        log.error("unexpected", source=source, stream=stream, record=record, exc_info=error)
    return Failure(source, stream, record, f"{type(error).__name__}: {error}"[:500])


def is_outdated(cursor: Cursor, parser: int, mark: Mapping[str, Collection[str]] | None = None) -> bool:
    """Return True if an older version of the parser read what lies behind this cursor, or one that did not know of these fields,
    or of a part of the source that is listed since, so that it is to be read again. `mark` is what the cursor keeps of them."""
    lacks = any(not {*names} <= {*cursor.get(what, ())} for what, names in (mark or {}).items())
    return int(cursor.get("parser", 1)) < parser or lacks
