"""Whether Redis takes what the queues need: an answer to PING says little of one that is full, or that is a replica."""

from typing import Any


def tried(settings: Any, seconds: float) -> Any:
    """A client of the broker that has just written to it. Raises redis.RedisError, ValueError or OSError."""
    import redis

    server = redis.Redis.from_url(settings.spelled("unix"), socket_timeout=seconds, socket_connect_timeout=seconds)
    server.set("leeway:probe", "1", ex=10)
    return server


def fault(error: Exception) -> tuple[str, str]:
    """What is wrong with it, and what to do."""
    kind, said = type(error).__name__, str(error)
    if kind == "OutOfMemoryError" or said.startswith("OOM"):
        return (
            "is full and takes nothing more",
            "Raise its maxmemory; maxmemory-policy noeviction is right for a queue.",
        )
    if kind == "ReadOnlyError" or "read only replica" in said:
        return "is a replica that takes no writes", "Name the primary in broker.url."
    if kind in ("AuthenticationError", "NoPermissionError") or said.startswith(("NOAUTH", "WRONGPASS", "NOPERM")):
        return (
            "does not accept the login",
            "Write it in broker.url: redis://:password@host, or redis://name:password@host.",
        )
    if "MISCONF" in said:
        return "cannot write to its disk and so takes nothing", "Free some space there, or see its log."
    return f"does not answer ({kind})", "Start Redis, or correct broker.url."
