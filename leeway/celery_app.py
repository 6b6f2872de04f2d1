"""The Celery app: `celery -A leeway.celery_app worker` and `celery -A leeway.celery_app beat`.

Tasks carry no data: each asks the database what is pending, so one that is lost, doubled or late changes nothing.
"""

from functools import cache

from celery import Celery

from leeway.app import App
from leeway.settings import load


@cache
def the_app() -> App:
    """One App a process."""
    return App(load(), shared_limits=True)


def make() -> Celery:
    """The Celery app with its schedule, from the settings."""
    settings = load()
    celery = Celery("leeway", broker=settings.broker.url, include=["leeway.tasks"])
    celery.conf.update(
        task_acks_late=True, task_reject_on_worker_lost=True, worker_prefetch_multiplier=1, task_ignore_result=True,
        broker_connection_retry_on_startup=True, broker_transport_options={"visibility_timeout": 3600}, timezone="UTC",
        task_routes={"leeway.tasks.pull": {"queue": "pull"}, "leeway.tasks.analyse": {"queue": "analyse"},
                     "leeway.tasks.speak": {"queue": "speak"}, "leeway.tasks.digest": {"queue": "speak"}},
        beat_schedule={
            "pull": {"task": "leeway.tasks.pull_all", "schedule": settings.schedule.pull_minutes * 60.0},
            "analyse": {"task": "leeway.tasks.analyse", "schedule": settings.schedule.pull_minutes * 60.0},
            "speak": {"task": "leeway.tasks.speak", "schedule": 300.0},
            "digest": {"task": "leeway.tasks.digest", "schedule": 900.0},
        },
        task_default_queue="pull",
    )  # fmt: skip
    return celery


celery = make()
