"""Logs for people on a terminal, JSON for machines; never a token or a message's text."""

import logging
import sys

import stamina.instrumentation
import structlog

from connectors.registry import all_traits


def set_up(*, json: bool = False, level: int = logging.INFO) -> None:
    """Send structlog and the standard library's warnings to the standard error."""
    renderer = (
        structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars, structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True), renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )  # fmt: skip
    logging.captureWarnings(True)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    for name in {name for traits in all_traits().values() for name in traits.loggers}:
        logging.getLogger(name).setLevel(logging.ERROR)
    stamina.instrumentation.set_on_retry_hooks([_retried])


def _retried(details: stamina.instrumentation.RetryDetails) -> None:
    structlog.get_logger().debug("again", reason=str(details.caused_by), wait=round(details.wait_for, 1))
