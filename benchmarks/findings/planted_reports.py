"""Cases planted in numbers and reports of companies with real texts: metrics that attract work, reports that stay green."""

from collections.abc import Sequence
from dataclasses import replace

from benchmarks.findings.cases import all_green
from benchmarks.findings.numbers import with_numbers
from benchmarks.findings.planted_texts import clean, idle, move, results, serving
from benchmarks.findings.texts import Base, Days
from pipeline.findings.found import Inputs, StatusReport


def numbers(base: Base, given: Inputs, paces: dict[str, float]) -> Inputs:
    """With numbers of both ways of measuring, in turn."""
    return with_numbers(given, base.seed, ("tasks", "pool")[base.seed % 2], paces)


def gathering(base: Base, paces: dict[str, float]) -> Inputs:
    """For nine weeks a key result gets about two thirds of the work on its objective."""
    days, rng, of = Days.of(base), base.rng, base.given.register.objective_of()
    wide = [key for key in base.rows.key_results if len(results(base, of[key])) > 1 and len(serving(base, [key])) > 2]
    which = str(rng.choice(wide))
    late = days.week >= len(base.rows.weeks) - 9
    others = serving(base, [key for key in results(base, of[which]) if key != which])
    move(days, days.on(others) & late, 0.75, [which], rng)
    names = {"metric": which, "outcome": of[which]}
    return numbers(base, days.inputs(), {names[name]: pace for name, pace in paces.items()})


def first(base: Base) -> str:
    """An objective of two key results and more."""
    return next(o.key for o in base.given.register.objectives if len(o.key_results) > 1)


def gamed(base: Base) -> Inputs:
    """Such a key result goes at 1.3 of an even pace; the outcome behind it stands still."""
    return gathering(base, {"metric": 1.3, "outcome": 0.0})


def met(base: Base) -> Inputs:
    """All key results of an objective are met early, and the outcome behind it stands still."""
    key = first(base)
    return numbers(base, clean(base), {key: 0.0} | dict.fromkeys(results(base, key), 2.6))


def not_gamed(base: Base) -> Inputs:
    """As in cases.py: work gathers while all moves, or outcomes stand still while work is spread as ever."""
    if base.seed % 2:
        return gathering(base, {"metric": 1.3})
    key = first(base)
    return numbers(base, clean(base), {key: 0.0} | dict.fromkeys(results(base, key), 0.0))


def trap(base: Base) -> Inputs:
    """All is reported green, and one key result has had no work for five weeks."""
    return all_green(idle(base))


def hollow(base: Base, keys: Sequence[str]) -> Inputs:
    """All is reported green and every key result goes its way, and the outcomes of these objectives stand still."""
    return all_green(numbers(base, clean(base), dict.fromkeys(keys, 0.0)))


def honest(base: Base) -> Inputs:
    """All is green and moves; in half of the quarters one outcome stands still and one of its key results is reported amber."""
    key = first(base)
    if base.seed % 2:
        return hollow(base, [])
    given = hollow(base, [key])
    amber = StatusReport("amber", given.register.period.start)
    return replace(given, reports={**(given.reports or {}), results(base, key)[0]: amber})
