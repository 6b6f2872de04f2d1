"""The Celery app: `celery -A leeway.celery_app worker` and `celery -A leeway.celery_app beat`.

Tasks carry no data: each asks the database what is pending, so one that is lost, doubled or late changes nothing. Beat only
wakes, and keeps no schedule of its own: what is due stands in the database, so two beats, or one that starts anew, do no harm.
"""

import ssl
from functools import cache

from celery import Celery
from celery.signals import celeryd_init, setup_logging, worker_shutting_down

from leeway import logs
from leeway.app import App
from leeway.settings import Settings, load
from leeway.stopping import Stop

QUEUES = ("pull", "encode", "analyse", "speak")
LONGEST_SECONDS = 2 * 3600
"""A task that takes longer is stopped; what it did is kept."""
STALE_SECONDS = 3600
"""A wake that nobody heard for so long is dropped: the next one says the same."""
LEAST_SECONDS = 600
"""No wake is dropped sooner: beat says by its machine's clock until when one holds, and the worker's may be ahead."""
MOST_KILOBYTES = 2_000_000
"""A worker's process that grew beyond this is replaced after its task."""
STOP = Stop()
"""Asked for at SIGTERM, which Celery itself takes as a reason to wait until its tasks are done, however long that is."""
_ROUTES = {
    "leeway.tasks.wake": {"queue": "speak"},
    "leeway.tasks.pull": {"queue": "pull"},
    "leeway.tasks.judge": {"queue": "pull"},
    "leeway.tasks.measure": {"queue": "pull"},
    "leeway.tasks.encode": {"queue": "encode"},
    "leeway.tasks.analyse": {"queue": "analyse"},
    "leeway.tasks.speak": {"queue": "speak"},
    "leeway.tasks.digest": {"queue": "speak"},
    "leeway.tasks.ask": {"queue": "speak"},
}


@cache
def _one() -> App:
    return App(load(), shared_limits=True)


def the_app() -> App:
    """One App a process, with the settings as they are now: a token that was renewed needs no restart."""
    app = _one()
    app.refresh()
    return app


def wake_holds(settings: Settings) -> float:
    """For how many seconds a wake holds."""
    return max(settings.schedule.wake_seconds, LEAST_SECONDS)


def make() -> Celery:
    """The Celery app with its schedule, from the settings."""
    settings = load()
    celery = Celery("leeway", broker=settings.broker.spelled("redis+socket"), include=["leeway.tasks"])
    celery.conf.update(
        broker_use_ssl=_certificates(settings.broker.url),
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        task_ignore_result=True,
        task_time_limit=LONGEST_SECONDS,
        task_soft_time_limit=LONGEST_SECONDS - 60,
        worker_soft_shutdown_timeout=20,
        worker_max_memory_per_child=MOST_KILOBYTES,
        worker_hijack_root_logger=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={"visibility_timeout": LONGEST_SECONDS + 600, "socket_keepalive": True},
        timezone="UTC",
        beat_scheduler="leeway.life_signs:WakingScheduler",
        task_routes=_ROUTES,
        beat_schedule={
            "wake": {
                "task": "leeway.tasks.wake",
                "schedule": settings.schedule.wake_seconds,
                "options": {"expires": wake_holds(settings)},
            }
        },
        task_default_queue="speak",
    )
    celery.steps["consumer"].add("leeway.life_signs:WorkerSigns")  # by name: only a worker imports it
    return celery


def _certificates(url: str) -> dict[str, ssl.VerifyMode] | None:
    """Celery would trust any certificate of Redis unless the address says which it wants; `check` does not."""
    wanted = url.startswith("rediss://") and "ssl_cert_reqs" not in url
    return {"ssl_cert_reqs": ssl.CERT_REQUIRED} if wanted else None


@celeryd_init.connect  # type: ignore[untyped-decorator]
@setup_logging.connect  # type: ignore[untyped-decorator]
def _logs(**_: object) -> None:
    # Both: the first comes before Celery warns of what it does not like, such as root.
    logs.set_up(json=True)


worker_shutting_down.connect(STOP.ask)
celery = make()
