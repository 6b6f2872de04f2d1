"""The cases of companies of real texts: what is planted, and what is clean, by kind."""

from collections.abc import Callable

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
PLANTED: dict[str, tuple[str, Case, str]] = {
    "shadow": ("shadow", shadow, ""),
    "creep": ("creep", creep, ""),
    "support, plan": ("support", starved, "objective:"),
    "support, idle": ("support", idle, "kr:"),
    "stopping": ("stopping", fed, "stream:"),
    "resource": ("resource", not_followed, ""),
    "decay": ("decay", decayed, ""),
    "inflation": ("inflation", inflated, ""),
    "contributions": ("contributions", helping, "team:"),
    "green": ("green", trap, "kr:"),
    "green, outcome": ("green", lambda base: hollow(base, [first(base)]), "objective:"),
    "green, total": ("green", lambda base: hollow(base, [o.key for o in base.given.register.objectives]), ""),
    "metric": ("metric", gamed, "kr:"),
    "metric, met": ("metric", met, "objective:"),
    "duplicate": ("duplicate", duplicated, "stream:"),
    "placeholder": ("placeholder", hollow_tickets, ""),
    "consensus": ("consensus", crowded, ""),
    "wording": ("wording", other_word, "term:"),
}
CLEAN: dict[str, Case] = {"resource": followed, "green": honest, "metric": not_gamed}
