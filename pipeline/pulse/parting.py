"""Describe in one sentence where a key result's confidence, pace and share of work disagree."""

from collections.abc import Sequence
from datetime import date

from pipeline.pulse.answers import FRESH, SURE, UNSURE, Said

HALF, EVEN = 0.5, 1.0
"""Fractions of the even pace: below the first a number lags, from the second on it keeps up."""
HARDLY = 0.5
"""Below this fraction of an equal share among the key results, hardly any work goes there; as on the progress page."""
_FELL = 3
"""A fall in confidence by this many points within three weeks is mentioned."""


def parting(
    said: Sequence[Said], today: date, pace: float | None, expected: float, share: float | None, count: int
) -> str:
    """Describe how confidence contradicts the number and the work, or that it fell; empty if they agree or no answer is fresh.

    `pace` is the fraction of the distance that is done, `expected` the fraction of the time that had passed when it was measured,
    `share` the fraction of the company's work in the last weeks (None if unknown), and `count` the number of key results.
    """
    if not said or today - said[-1].week > FRESH:
        return ""
    value = said[-1].value
    rate = pace / expected if pace is not None and expected > 0 else None
    starved = share is not None and share < HARDLY / count
    if value >= SURE:
        lags = rate is not None and rate < HALF
        against = [_number(rate)] if lags and rate is not None else []
        against += [_work(share)] if starved and share is not None and not (rate is not None and rate >= EVEN) else []
        if against:
            return f"Confidence {value}, yet {' and '.join(against)}."
    if value <= UNSURE and rate is not None and rate >= EVEN:
        also = f" and {_work(share)}" if share is not None else ""
        return f"Confidence {value}, yet the number is on pace{also}: what does its owner see that it does not show?"
    before = [one.value for one in said[-4:-1]]
    if before and max(before) - value >= _FELL:
        return f"Confidence fell from {max(before)} to {value}: what would bring it back?"
    return ""


def _number(rate: float) -> str:
    if rate <= 0:
        return "the number has not moved towards its target"
    if rate < 0.25:
        return f"the number has made {max(1, round(100 * rate))} % of the progress expected by now"
    return f"the number moves at {'a third' if rate < 0.42 else 'half'} of the expected pace"


def _work(share: float) -> str:
    percent = 100 * share
    return f"{'less than 1' if percent < 1 else round(percent)} % of the work is on it"
