"""Cases for companies with real texts: planted and clean ones, by kind."""

from collections.abc import Callable

from benchmarks.findings import cases
from benchmarks.findings.planted_reports import first, gamed, hollow, honest, met, not_gamed, trap
from benchmarks.findings.planted_texts import (
    clean,
    creep,
    decayed,
    duplicated,
    fed,
    followed,
    helping,
    idle,
    inflated,
    not_followed,
    shadow,
    starved,
)
from benchmarks.findings.planted_words import crowded, hollow_tickets, other_word
from benchmarks.findings.texts import Base
from pipeline.findings.found import Inputs

__all__ = ["CLEAN", "PLANTED", "Case", "clean"]

Case = Callable[[Base], Inputs]
"""A company of real texts, with something planted."""
_CASES: dict[str, Case] = {
    "shadow": shadow,
    "creep": creep,
    "support, plan": starved,
    "support, idle": idle,
    "stopping": fed,
    "resource": not_followed,
    "decay": decayed,
    "inflation": inflated,
    "contributions": helping,
    "green": trap,
    "green, outcome": lambda base: hollow(base, [first(base)]),
    "green, total": lambda base: hollow(base, [o.key for o in base.given.register.objectives]),
    "metric": gamed,
    "metric, met": met,
    "duplicate": duplicated,
    "placeholder": hollow_tickets,
    "consensus": crowded,
    "wording": other_word,
}
PLANTED: dict[str, tuple[str, Case, str]] = {
    name: (cases.PLANTED[name][0], case, cases.PLANTED[name][2]) for name, case in _CASES.items()
}
"""As in cases.py: the same kinds, told of the same subjects."""
CLEAN: dict[str, Case] = {"resource": followed, "green": honest, "metric": not_gamed}
