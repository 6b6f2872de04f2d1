"""The product's Celery app on an evening of the past, with short leases, and where asked for a quick encoder; else nothing is
changed. The clock goes on from that evening: what a killed sender had claimed is free after a while.
"""

import os
from datetime import UTC, datetime, timedelta
from functools import cache

from alerts import delivery, digest_delivery
from leeway import tasks
from leeway.app import App
from leeway.celery_app import celery
from leeway.settings import load
from pipeline.queue import lease
from tests.words import HashedWords

lease.SECONDS = 3.0
delivery.CLAIM = digest_delivery.CLAIM = timedelta(seconds=20)


class Evening(App):
    """An App whose present is as long after CHAOS_NOW as the real one is after CHAOS_BEGAN."""

    def now(self) -> datetime:
        """That evening, and going on."""
        begin, then = (datetime.fromisoformat(os.environ[name]) for name in ("CHAOS_NOW", "CHAOS_BEGAN"))
        return begin + (datetime.now(UTC) - then)


@cache
def the_app() -> App:
    """As the product's, on the evening of CHAOS_NOW."""
    app = Evening(load(), shared_limits=True)
    if os.environ.get("CHAOS_ENCODER") == "hashed":
        app.__dict__["encoder"] = HashedWords()
    return app


tasks.the_app = the_app
__all__ = ["celery"]
