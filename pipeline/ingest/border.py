"""The border around what a source does."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from connectors.errors import SourceError, Unexpected

log = structlog.get_logger()


@contextmanager
def expected(source: str, stream: str) -> Iterator[None]:
    """The border around one stream: what no source is known to raise becomes an error of this stream alone."""
    try:
        yield
    except SourceError:
        raise
    except Exception as error:
        log.exception("unexpected", source=source, stream=stream)
        raise Unexpected(source, stream, error) from error
