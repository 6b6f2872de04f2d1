"""Shifts between objectives and changes of who is there, as findings: a new level, said once, with no life of its own."""

from collections.abc import Sequence

from models import Drift
from pipeline.drift.finding import Analysis, Found, figures_of


def find_shifts(analysis: Analysis, _: Sequence[Drift]) -> list[Found]:
    """Objectives that lost to other objectives."""
    return _said_once(analysis, "objective")


def find_mixes(analysis: Analysis, _: Sequence[Drift]) -> list[Found]:
    """Changes of the share that come from who is there."""
    return _said_once(analysis, "mix")


def _said_once(analysis: Analysis, kind: str) -> list[Found]:
    return [
        Found(event.scope, event.at, figures_of(event), event.subject, once=True)
        for event in analysis.events
        if event.kind == kind
    ]
