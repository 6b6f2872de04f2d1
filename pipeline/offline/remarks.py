"""Why `leeway detect` finds nothing where it cannot: what its files lack, or say differently."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from pipeline.drift.observations import Observations, Priorities
from pipeline.drift.tuning import LEAST_HISTORY
from pipeline.files import InputError

_NAMED = 6


def remarks(seen: Observations, periods: Sequence[Priorities], least_people: int = 5) -> list[str]:
    """In sentences. Raises InputError where an objective is written otherwise in the periods than in the effort."""
    return [*_objectives(seen, periods), *_periods(seen, periods), *_few(seen, least_people)]


def _objectives(seen: Observations, periods: Sequence[Priorities]) -> Iterator[str]:
    plain = {key.casefold(): key for key in seen.objectives}
    unknown: dict[str, int] = {}
    for key, rank in ((key, rank) for one in periods for key, rank in one.rank.items()):
        written = plain.get(key.casefold(), key)
        if written != key:
            raise InputError(f"objective {key!r} is written {written!r} in the effort. Write it alike in both files.")
        if key not in seen.objectives and rank <= 3:
            unknown.setdefault(key, rank)
    known = ", ".join(seen.objectives[:_NAMED]) + (" and others" if len(seen.objectives) > _NAMED else "")
    for key, rank in unknown.items():
        yield f"nobody's work is on {key!r}, which has rank {rank}; the effort knows {known or 'no objective'}."


def _periods(seen: Observations, periods: Sequence[Priorities]) -> Iterator[str]:
    for one, after in pairwise(periods):
        if one.end is None or one.end > after.start:
            yield (
                f"the period from {one.start} ends with the next one's start, {after.start}: there is one plan at a time."
            )
    if not any(one.top for one in periods):
        yield "no objective has rank 1, 2 or 3, so there is no share to watch."
    ends = [*(one.start for one in periods[1:]), None]
    held = [
        (one.start, min((day for day in (one.end, end) if day), default=None))
        for one, end in zip(periods, ends, strict=True)
    ]
    if not any(first <= day and (end is None or day < end) for day in seen.days for first, end in held):
        yield f"no day of the effort ({seen.days[0]} to {seen.days[-1]}) lies in a period, so nothing is measured."


def _few(seen: Observations, least_people: int) -> Iterator[str]:
    if len(seen.days) < LEAST_HISTORY:
        yield f"{len(seen.days)} working days; a fall is looked for from {LEAST_HISTORY} on."
    if (people := len(set(seen.people))) < least_people:
        yield f"{people} {'person' if people == 1 else 'people'}; nothing is told of fewer than {least_people}."
