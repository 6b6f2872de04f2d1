"""Check that Redis accepts what the queues need: one that is full, or a replica, still answers PING."""

from datetime import UTC, datetime, timedelta
from typing import Any

_LATELY = timedelta(days=1)
_ODD = "what follows the ? in its address"


def tried(settings: Any, seconds: float) -> Any:
    """Return a client of the broker after a successful test write. Raises only redis.RedisError."""
    import redis

    try:
        server = redis.Redis.from_url(settings.spelled("unix"), socket_timeout=seconds, socket_connect_timeout=seconds)
        server.set("leeway:probe", "1", ex=10)
    except (TypeError, ValueError) as error:  # an option that it does not know, or a value that none has
        raise redis.DataError(_ODD) from error
    except OSError as error:
        raise redis.ConnectionError(str(error)) from error
    return server


def uses_workers(app: Any) -> bool:
    """Whether workers are meant to run."""
    with app.sessions() as session:
        return means_workers(app.settings, last_wake(session))


def means_workers(settings: Any, woken: datetime | None) -> bool:
    """The same, of when beat woke some last: a broker is set, or that was lately, at the address that holds where none is."""
    return "broker" in settings.model_fields_set or (woken is not None and datetime.now(UTC) - woken < _LATELY)


def last_wake(session: Any) -> datetime | None:
    """When beat woke the workers last; None where it never did."""
    from leeway.metrics import WOKEN
    from models import Lease

    lease = session.get(Lease, WOKEN)
    return None if lease is None else lease.until


def require(settings: Any) -> None:
    """Raise NotReady if no broker is set and none answers at the default address: workers would wait forever."""
    if "broker" in settings.model_fields_set:
        return
    import redis

    from leeway.app import NotReady

    try:
        tried(settings.broker, 3)
    except redis.RedisError as error:
        found, _ = fault(error)
        raise NotReady(
            f"broker.url is not set, and Redis at {settings.broker.url} {found}. Start Redis and set broker.url; "
            "`leeway run` needs none."
        ) from None


def fault(error: Exception) -> tuple[str, str]:
    """Return what is wrong, and the fix."""
    kind, said = type(error).__name__, str(error)
    if kind == "OutOfMemoryError" or said.startswith("OOM"):
        return (
            "is full and accepts no writes",
            "Raise its maxmemory; for a queue, maxmemory-policy should be noeviction.",
        )
    if kind == "ReadOnlyError" or "read only replica" in said:
        return "is a replica that accepts no writes", "Set broker.url to the primary."
    if kind in ("AuthenticationError", "NoPermissionError") or said.startswith(("NOAUTH", "WRONGPASS", "NOPERM")):
        return (
            "rejects the login",
            "Write it in broker.url: redis://:password@host, or redis://name:password@host.",
        )
    if "MISCONF" in said:
        return "cannot write to its disk, so it accepts no writes", "Free some space there, or see its log."
    if said == _ODD:
        return f"cannot be asked: {said} is not known", "Correct broker.url; see docs/operations.md."
    from connectors.network import why

    found, fix = why(error, "Start Redis there, or correct broker.url (rediss:// for TLS).", http=False)
    return f"does not answer ({found})", fix
