"""Missing is not deleted: before a record missing from an answer is removed, the source is asked for it individually."""

from collections.abc import Sequence
from datetime import date

import structlog
from sqlalchemy.orm import Session, sessionmaker

from connectors.base import Connector, Page, SourceError, Suspect
from pipeline.ingest.cursors import keep_horizon
from pipeline.ingest.store import left_over, store

log = structlog.get_logger()
MOST_ASKED = 100
"""Suspects checked per page; the others remain until their span is read again."""


def store_page(
    connector: Connector,
    sessions: sessionmaker[Session],
    page: Page,
    *,
    retention: bool = True,
    horizon: date | None = None,
) -> tuple[int, int]:
    """Store one page in one transaction; of the records it lacks, remove only those that the source confirms are gone.

    `horizon`, how far back the first pull goes, is stored in the same transaction: otherwise an analysis in between would take
    fragments from before it for history. Returns (signals new or changed, items and signals removed).
    """
    missing = None
    if page.spans:
        with sessions() as session:
            missing = left_over(session, connector.name, page)
        missing = missing.only(_confirmed(connector, page.stream, missing.suspects()))
    with sessions.begin() as session:
        stored = store(session, connector.name, page, retention=retention, missing=missing)
        if horizon is not None:
            keep_horizon(session, connector.name, page.stream, horizon)
        return stored


def _confirmed(connector: Connector, stream: str, suspects: Sequence[Suspect]) -> set[str]:
    if not suspects:
        return set()
    confirm = getattr(connector, "confirm", None)
    if confirm is None:  # the source cannot confirm: trust its answer
        return {one.external_id for one in suspects}
    found: set[str] = set()
    for suspect in suspects[:MOST_ASKED]:
        try:
            found.update(confirm(stream, [suspect]))
        except SourceError as error:  # cannot be checked now: keep it
            log.warning(
                "not confirmed", source=connector.name, stream=stream, record=suspect.external_id, why=str(error)
            )
            break
        except Exception:  # isolate the error to one record
            log.exception("unexpected", source=connector.name, stream=stream, record=suspect.external_id)
    return found
