"""What can be found: who hears of it and whether it has a life. Its sentence is in alerts/view.py, by the same kind."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Audience = Literal["company", "ops"]


@dataclass(frozen=True, slots=True)
class Finding:
    """`audience` is notified, nobody where it is None: then the digest and the page say it.

    `lasts`: it is open until it ends. What does not last is a new level: it is said once.
    """

    audience: Audience | None
    lasts: bool


KINDS: Mapping[str, Finding] = {
    "drift": Finding("company", lasts=True),
    "gap": Finding("company", lasts=True),
    "objective": Finding("company", lasts=False),
    "data": Finding("ops", lasts=True),
    "mix": Finding(None, lasts=False),
}
"""By kind: a fall of the top share, a share below its plan, a shift between objectives, a fault of the data or a team that is
gone, a change of mix."""
AUDIENCES: Mapping[str, Audience] = {kind: one.audience for kind, one in KINDS.items() if one.audience}
"""Who is notified of a finding, by kind."""
