"""The Celery app: `celery -A leeway.celery_app worker` and `celery -A leeway.celery_app beat`.

Tasks carry no data: each asks the database what is pending, so a lost, duplicated or late task changes nothing. Beat only
wakes workers and keeps no schedule: what is due is in the database, so a second or restarted beat does no harm.
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
"""A wake-up that nobody consumed for this long is dropped: the next one says the same."""
LEAST_SECONDS = 600
"""No wake-up is dropped sooner: it expires by the clock of beat's machine, and the worker's clock may be ahead."""
MOST_KILOBYTES = 2_000_000
"""A worker process that grew beyond this is replaced after its task."""
STOP = Stop()
"""Set at SIGTERM; Celery itself would wait until its tasks are done, however long that takes."""
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
    """Return the process's one App, with current settings: a renewed token needs no restart."""
    app = _one()
    app.refresh()
    return app


def wake_holds(settings: Settings) -> float:
    """Return for how many seconds a wake-up is valid."""
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
    """Make Celery verify Redis's certificate as `check` does; by default it trusts any unless the address says otherwise."""
    wanted = url.startswith("rediss://") and "ssl_cert_reqs" not in url
    return {"ssl_cert_reqs": ssl.CERT_REQUIRED} if wanted else None


@celeryd_init.connect  # type: ignore[untyped-decorator]
@setup_logging.connect  # type: ignore[untyped-decorator]
def _logs(**_: object) -> None:
    # Both: the first comes before Celery warns of what it does not like, such as root.
    logs.set_up(json=True)


worker_shutting_down.connect(STOP.ask)
celery = make()
