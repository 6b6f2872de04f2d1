"""Events that are reported but never raise an alarm: data faults, changes of mix, teams that are gone."""

from collections.abc import Sequence

from models.vocabulary import COMPANY
from pipeline.drift.data_health import Health
from pipeline.drift.history import Event
from pipeline.drift.observations import Observations
from pipeline.drift.turnover import GONE, Gone, Mixed


def reported(
    seen: Observations, health: Health, mixed: Sequence[Mixed], gone: Sequence[Gone], position: int
) -> list[Event]:
    """Return the events of the day at this position."""
    days, day = seen.days, seen.days[position]
    faults = [
        Event(day, "data", COMPANY, "medium", days[one.first], one.before, one.after, 0.0, 0.0, subject=one.what)
        for one in health.faults
        if one.told == position
    ]
    mixes = [
        Event(day, "mix", one.scope, "low", days[one.first], one.before, one.after, one.mix, one.mix, mix=one.mix)
        for one in mixed
        if one.told == position
    ]
    ended = [
        Event(day, "data", one.team, "medium", days[one.first], 0.0, 0.0, 0.0, 0.0, subject=GONE)
        for one in gone
        if one.told == position
    ]
    return [*faults, *mixes, *ended]
