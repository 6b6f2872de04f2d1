"""Logs for people on a terminal, JSON for machines; never a token or a message's text."""

import logging
import sys
from contextlib import suppress
from types import TracebackType
from typing import Any, TextIO, cast

import stamina.instrumentation
import structlog

from connectors.registry import all_traits


class _StandardError:
    """Standard error, looked up for each line. A line that cannot be written is dropped: a closed terminal, a full disk or a
    broken pipe must not stop a pull."""

    def write(self, text: str) -> int:
        try:
            return sys.stderr.write(text)
        except (OSError, ValueError, AttributeError):
            return 0

    def flush(self) -> None:
        with suppress(OSError, ValueError, AttributeError):
            sys.stderr.flush()


_form = {"json": False}


def as_json() -> bool:
    """Return True if log lines are JSON."""
    return _form["json"]


def set_up(*, json: bool = False, level: int = logging.INFO) -> None:
    """Send structlog and the standard library's warnings to the standard error."""
    _form["json"] = json
    before: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    # A traceback without the values of variables, which may be tokens and people's words.
    plain = structlog.dev.plain_traceback
    last: list[Any] = [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]
    if json:
        last = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        sys.excepthook = _uncaught
    structlog.configure(
        processors=[*before, *last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, _StandardError())),
    )
    logging.captureWarnings(True)
    handler = logging.StreamHandler(_StandardError())
    # What libraries log, Celery's tracebacks of killed processes too, in the same form.
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*before, structlog.stdlib.add_logger_name, _without_arguments],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=json)
    for name in {name for traits in all_traits().values() for name in traits.loggers}:
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what they fail with is raised, and said in our words
    stamina.instrumentation.set_on_retry_hooks([_retried])


def _without_arguments(_logger: Any, _name: str, event: Any) -> Any:
    """The message with its arguments in it; once JSON, they would stand there twice."""
    event.pop("positional_args", None)
    return event


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    structlog.get_logger().critical("ended by an error", exc_info=(kind, error, trace))


def _retried(details: stamina.instrumentation.RetryDetails) -> None:
    structlog.get_logger().debug("again", reason=str(details.caused_by), wait=round(details.wait_for, 1))
