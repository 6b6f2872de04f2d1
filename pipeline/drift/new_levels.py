"""Shifts between objectives and changes of mix as findings: each is a new level, reported once and not followed."""

from collections.abc import Sequence

from models import Drift
from pipeline.drift.finding import Analysis, Found, figures_of


def find_shifts(analysis: Analysis, _: Sequence[Drift]) -> list[Found]:
    """Return objectives that lost to other objectives."""
    return _said_once(analysis, "objective")


def find_mixes(analysis: Analysis, _: Sequence[Drift]) -> list[Found]:
    """Return changes in the share that come from changes in who is present."""
    return _said_once(analysis, "mix")


def _said_once(analysis: Analysis, kind: str) -> list[Found]:
    return [
        Found(event.scope, event.at, figures_of(event), event.subject, once=True)
        for event in analysis.events
        if event.kind == kind
    ]
