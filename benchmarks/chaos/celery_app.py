"""The product's Celery app with a fixed present, short leases, and where asked for a quick encoder; else nothing is changed."""

import os
from datetime import datetime
from functools import cache

from leeway import tasks
from leeway.app import App
from leeway.celery_app import celery
from leeway.settings import load
from pipeline import lease
from tests.conftest import HashedWords

lease.SECONDS = 3.0


@cache
def the_app() -> App:
    """As the product's, on the evening of CHAOS_NOW."""
    app = App(load(), now=datetime.fromisoformat(os.environ["CHAOS_NOW"]), shared_limits=True)
    if os.environ.get("CHAOS_ENCODER") == "hashed":
        app.__dict__["encoder"] = HashedWords()
    return app


tasks.the_app = the_app
__all__ = ["celery"]
