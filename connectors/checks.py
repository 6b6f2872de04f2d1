"""Lines of `leeway check` shared by the sources."""

from collections.abc import Collection, Sequence

from connectors.base import Check, SourceError
from connectors.limits import Rate

_MOST_SKEW_SECONDS = 120.0
_SHOWN = 12


def clock_row(skew: float | None) -> Check:
    """Return a row comparing the server's clock with ours, from the Date of an answer."""
    if skew is None:
        return Check("clock", True, "the server does not report its time")
    ok = abs(skew) <= _MOST_SKEW_SECONDS
    found = (
        "agrees with the server's" if ok else f"the server's is {abs(skew):.0f} s {'ahead' if skew > 0 else 'behind'}"
    )
    return Check("clock", ok, found, "" if ok else "Synchronise this machine's clock (chrony, systemd-timesyncd).")


def listed_rows(kind: str, listed: Sequence[str], reachable: Collection[str], fix: str) -> list[Check]:
    """Yield one line for each configured entry, and one that names what is reachable but not read."""
    rows = []
    for name in listed:
        ok = name in reachable
        rows.append(Check(f"{kind} {name}", ok, "readable" if ok else "not visible", "" if ok else fix))
    others = sorted(set(reachable) - set(listed))
    if others:
        more = f" and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
        rows.append(Check(f"other {kind}s", True, f"not listed, so not read: {', '.join(others[:_SHOWN])}{more}"))
    return rows


def after_pages(what: str, count: int, page: int, rate: Rate, calls_a_page: float = 1.0) -> Check:
    """Return how much the window holds and the minimum duration of its backfill at the current rate limit."""
    requests = max(1, -(-count // page)) * calls_a_page
    return Check(
        "data", True, f"about {count} {what} in the window; the backfill takes at least {span(requests, rate)}"
    )


def span(requests: float, rate: Rate) -> str:
    """Return the time that this many requests take, in words."""
    seconds = requests * rate.seconds / rate.amount
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


CHECK_FAULTS = (SourceError, LookupError, TypeError, AttributeError, ValueError)
"""How a check ends that got no answer, or one that is none of the source's: a pull would say the latter of the stream."""


def why_no_check(source: str, error: Exception) -> tuple[str, str]:
    """Return what such an error means, and the fix."""
    if isinstance(error, SourceError):
        return error.message, error.fix
    said = f"gave an unexpected answer ({type(error).__name__})"
    return said, f"Check the address under [{source}]: a portal or proxy may be answering there."
