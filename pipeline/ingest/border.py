"""Error isolation for streams."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from connectors.errors import SourceError, Unexpected

log = structlog.get_logger()


@contextmanager
def expected(source: str, stream: str) -> Iterator[None]:
    """Turn any exception that connectors are not expected to raise into an error of this stream only."""
    try:
        yield
    except SourceError:
        raise
    except Exception as error:
        log.exception("unexpected", source=source, stream=stream)
        raise Unexpected(source, stream, error) from error
