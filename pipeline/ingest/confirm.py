"""Missing is not deleted: what an answer lacks is asked for by itself before it is removed."""

from collections.abc import Sequence
from datetime import date

import structlog
from sqlalchemy.orm import Session, sessionmaker

from connectors.base import Connector, Page, SourceError, Suspect
from pipeline.ingest.cursors import keep_horizon
from pipeline.ingest.store import left_over, store

log = structlog.get_logger()
MOST_ASKED = 100
"""Suspects asked for a page; the others are still there when their stretch is read the next time."""


def store_page(
    connector: Connector,
    sessions: sessionmaker[Session],
    page: Page,
    *,
    retention: bool = True,
    horizon: date | None = None,
) -> tuple[int, int]:
    """Write one page, in one transaction; remove of what it lacks only what the source says is not there.

    With it `horizon` is kept, how far back the first pull goes: between the two an analysis would take fragments from before it
    for history. Returns (signals new or changed, items and signals removed).
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
    if confirm is None:  # such a source is believed
        return {one.external_id for one in suspects}
    found: set[str] = set()
    for suspect in suspects[:MOST_ASKED]:
        try:
            found.update(confirm(stream, [suspect]))
        except SourceError as error:  # cannot be asked now: it stays
            log.warning(
                "not confirmed", source=connector.name, stream=stream, record=suspect.external_id, why=str(error)
            )
            break
        except Exception:  # the border around one record
            log.exception("unexpected", source=connector.name, stream=stream, record=suspect.external_id)
    return found
