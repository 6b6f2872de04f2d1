"""Packs: what a meeting needs, as page, mail and print, with the same content everywhere."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from alerts.packs.content import Pack
from alerts.packs.interview import interview_pack
from alerts.packs.monthly import monthly_pack
from alerts.packs.quarterly import quarterly_pack
from alerts.packs.weekly import weekly_pack
from alerts.view import Terms
from alerts.words import full_day, shortened
from pipeline.register.document import Register

__all__ = ["PACKS", "Kind", "Pack", "nothing_yet"]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of pack: how it is made, and what it is for."""

    title: str
    about: str
    make: Callable[[Session, Register, Terms], Pack | None]


PACKS: Mapping[str, Kind] = {
    "weekly": Kind("The week", "One page: what moved, what is blocked, what to de-risk, what to stop.", weekly_pack),
    "monthly": Kind(
        "Kill session", "What could stop, what that frees, and what became of the last stops.", monthly_pack
    ),
    "interview": Kind(
        "Alignment interviews",
        "How far the priorities of leadership and leads agree, without names.",
        interview_pack,
    ),
    "quarterly": Kind(
        "The quarter",
        "When work and plan diverged and why, shares against the plan, what carries over.",
        quarterly_pack,
    ),
}


def nothing_yet(kind: str, register: Register) -> str:
    """Return why a pack does not exist yet: other faces may show weeks of the previous plan."""
    period = register.period
    if kind == "quarterly":
        began = f"{shortened(period.name, 30)} runs from {full_day(period.start)}"
        return f"{began}, and no complete week of it is known. The pack comes with the first."
    return "There is no complete week yet. The pack comes with the first."
