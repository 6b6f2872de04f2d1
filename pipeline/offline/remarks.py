"""Explain why `leeway detect` cannot find anything in some files: what they lack or contain by mistake."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import pairwise

import numpy as np

from pipeline.drift.change_test import LEAST_COMMON
from pipeline.drift.observations import Observations, Priorities
from pipeline.drift.sums import BASE_LEAST, WEEK
from pipeline.drift.tuning import LEAST_HISTORY
from pipeline.files import InputError

_NAMED = 6
_LONG, _OFTEN = 3.5, 0.05
"""Multiple of a usual person's day that no real day reaches, even with weekend work added; and how often it is not a slip."""
_SWAPPED = 0.2
"""Fraction of people who arrive within a week in which as many leave for good: half a year's turnover is less."""
_WEEK, _GAP = timedelta(days=7), timedelta(days=21)
"""Days this far apart are not daily data; and a company closes for two weeks, hardly for three."""


def remarks(seen: Observations, periods: Sequence[Priorities], least_people: int = 5) -> list[str]:
    """Return remarks as sentences. Raises InputError if the periods and the effort spell an objective differently."""
    return [
        *_objectives(seen, periods),
        *_periods(seen, periods),
        *_few(seen, least_people),
        *_strangers(seen),
        *_units(seen),
    ]


def _objectives(seen: Observations, periods: Sequence[Priorities]) -> Iterator[str]:
    plain = {key.casefold(): key for key in seen.objectives}
    unknown: dict[str, int] = {}
    for key, rank in ((key, rank) for one in periods for key, rank in one.rank.items()):
        written = plain.get(key.casefold(), key)
        if written != key:
            raise InputError(f"objective {key!r} is spelt {written!r} in the effort. Use one spelling in both files.")
        if key not in seen.objectives and rank <= 3:
            unknown.setdefault(key, rank)
    known = ", ".join(seen.objectives[:_NAMED]) + (" and others" if len(seen.objectives) > _NAMED else "")
    for key, rank in unknown.items():
        yield f"there is no work on {key!r}, which has rank {rank}; the effort names {known or 'no objective'}."


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
    apart = sorted(after - before for before, after in pairwise(seen.days))
    if apart and apart[len(apart) // 2] >= _WEEK:
        yield (
            f"{len(seen.days)} days, most of them a week or more apart: sums over weeks or months. A fall is reported from its "
            "eighth day on, here two months late or more. Give the effort of each day."
        )
    elif len(seen.days) < LEAST_HISTORY:
        yield f"{len(seen.days)} working days; falls are looked for from {LEAST_HISTORY} on."
    else:
        for before, after in [pair for pair in pairwise(seen.days) if pair[1] - pair[0] > _GAP][:_NAMED]:
            yield f"there is no data between {before} and {after}; a fall that began there cannot be dated more closely."
    if (people := len(set(seen.people))) < least_people:
        yield f"{people} {'person' if people == 1 else 'people'}; nothing is reported for fewer than {least_people}."


def _strangers(seen: Observations) -> Iterator[str]:
    """Detect days on which most people are new: the detector compares people with themselves, so new people are compared with
    nothing."""
    codes = {one: n for n, one in enumerate(dict.fromkeys(seen.people))}
    worked = np.zeros((len(codes), len(seen.days)), bool)
    np.logical_or.at(worked, [codes[one] for one in seen.people], seen.total > 0)
    sums = np.concatenate([np.zeros((len(codes), 1), int), worked.cumsum(1)], 1)
    place = np.arange(BASE_LEAST, len(seen.days) - BASE_LEAST + 1)
    before, after = sums[:, place] - sums[:, place - BASE_LEAST], sums[:, place + BASE_LEAST] - sums[:, place]
    both, all_ = ((after > 0) & (before > 0)).sum(0), (after > 0).sum(0)
    part = np.divide(both, all_, out=np.ones(len(place)), where=all_ > 0)
    at = int(part.argmin()) if len(place) else 0
    if len(place) and part[at] < LEAST_COMMON:
        yield (
            f"from {seen.days[place[at]]} on nearly everybody is new: {both[at]} of {all_[at]} people also worked in the "
            "four weeks before. Nothing is compared across that day. If people were renamed, use one name for each throughout."
        )
        return
    first, last = worked.argmax(1), len(seen.days) - 1 - worked[:, ::-1].argmax(1)
    come, gone = (
        ((first >= place[:, None]) & (first < place[:, None] + WEEK)).sum(1),
        ((last < place[:, None]) & (last >= place[:, None] - WEEK)).sum(1),
    )
    swapped = np.minimum(come, gone)
    at = int(swapped.argmax()) if len(place) else 0
    if len(place) and swapped[at] >= _SWAPPED * all_[at]:
        yield (
            f"around {seen.days[place[at]]} {come[at]} new people appear and {gone[at]} earlier ones are not "
            f"seen again, of {all_[at]}. If people were renamed, use one name for each: new people are compared with nothing."
        )


def _units(seen: Observations) -> Iterator[str]:
    """Detect impossibly long days, which count that much more in the company's share."""
    usual = float(np.median(seen.total[seen.total > 0]))
    long = seen.total > _LONG * usual
    if long.sum() > _OFTEN * (seen.total > 0).sum():
        teams = sorted({seen.teams[row] for row in np.flatnonzero(long.sum(1)).tolist()} - {""})
        said = f" in {', '.join(teams[:_NAMED])}" if teams and len(teams) < len(set(seen.teams)) else ""
        yield (
            f"{int(long.sum())} days of a person{said} are more than {_LONG:g} times as long as the usual {usual:g}: hours among "
            "person-days, or sums of several days? They count that many times in the company's share."
        )
