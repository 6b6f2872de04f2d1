"""An alert's content in channel-neutral words. Slack, mail, Teams and the page each format it in their own way.

Names from outside are `Name`s in the sentences, for the channel to escape. Nothing here is about a person.
"""

from dataclasses import dataclass, replace
from datetime import date

from alerts.parts import Part
from alerts.words import Words, day, plain, whole
from models import Drift
from pipeline.register.allocation import day_rate
from pipeline.register.document import Register


@dataclass(frozen=True, slots=True)
class TeamLine:
    """A team's own share of the top priorities before and after, in percent, and what it adds to the change, in points."""

    key: str
    name: str
    before: int
    after: int
    points: int


@dataclass(frozen=True, slots=True)
class Taken:
    """What took the place: a stream of work that serves no objective, another objective (`objective` is its key), or the rest."""

    name: str
    points: int
    teams: tuple[str, ...] = ()
    example: str = ""
    objective: str = ""
    rest: bool = False


@dataclass(frozen=True, slots=True)
class Terms:
    """What an alert says of itself: the least people of a team that is shown, the false alarms a year that are allowed for the
    company and for all teams together, and what a working day costs ("600 EUR"), where that is set."""

    least_people: int = 5
    company_alarms: float = 0.4
    team_alarms: float = 0.25
    day_rate: float = 0.0
    currency: str = ""


@dataclass(frozen=True, slots=True)
class AlertView:
    """An alert. `points` is the fall, `before` less `after`; the points of `taken` add up to it, and the teams' to it negated."""

    scope: str
    start: date
    title: str
    story: tuple[Words, ...]
    decision: Words
    note: str
    before: int = 0
    after: int = 0
    low: int = 0
    high: int = 0
    days_a_week: int = 0
    lost: tuple[Part, ...] = ()
    taken: tuple[Taken, ...] = ()
    teams: tuple[TeamLine, ...] = ()
    signs: tuple[Words, ...] = ()
    began: str = ""
    actions: tuple["Action", ...] = ()
    """What a reader can do about it; empty for the usual ACTIONS."""

    @property
    def points(self) -> int:
        """Points, or working days of 100, that moved away."""
        return self.before - self.after

    @property
    def picture(self) -> str:
        """What the picture shows, for those who do not see it."""
        return f"{self.title}: {self.before}% before, {self.after}% since"

    @property
    def text(self) -> str:
        """All of it as plain text: a channel's fallback, an e-mail, a terminal."""
        return "\n".join([self.title, *map(plain, self.story), f"To decide: {plain(self.decision)}", self.note])


@dataclass(frozen=True, slots=True)
class Action:
    """What a reader can do about an alert: the same words on every channel. `sure` is asked once before it is done."""

    kind: str
    text: str
    sure: str = ""


ACTIONS = (
    Action("assign", "Name who decides"),
    Action("weeks", "See the weeks"),
    Action(
        "intended",
        "This was planned",
        "Everybody here will see that it was planned. The shares since then become the new normal, and this alert ends. "
        "It can be undone for a day on the page.",
    ),
    Action("labels", "Some of it is priority work"),
    Action("snoozed", "Ask again in two weeks"),
)


TAKEN = {
    "intended": "Noted as planned. The shares since then are the new normal; this alert ends here.",
    "intended gap": "Noted as intended. The gap is not reported again until the plan changes; this alert ends here.",
    "snoozed": "It is asked again on {until}, if it still holds then.",
}
"""What is said once a decision is taken, in Slack and on the page: the word is that of its button."""


def taken_as(kind: str, drift: Drift) -> str:
    """The same of a decision about this finding; empty for a kind of which nothing is said."""
    said = TAKEN.get(f"{kind} {drift.kind}", TAKEN.get(kind, ""))
    return said.format(until=day(drift.snoozed_until) if drift.snoozed_until else "a later day")


def priced(terms: Terms, register: Register, scope: str) -> Terms:
    """With what a working day costs in the scope, where the register says so."""
    rate = day_rate(register, scope)
    return replace(terms, day_rate=rate, currency=register.currency) if rate else terms


def costed(days: int, what: str, terms: Terms) -> str:
    """48 person-days, about 31,000 EUR: the cost where a rate is known."""
    return f"{days} {what}{cost_of(days, terms)}"


def cost_of(days: int, terms: Terms) -> str:
    """ ", about 31,000 EUR" behind a number of person-days; empty where no rate is known."""
    return f", about {_money(days, terms)}" if terms.day_rate and days else ""


def _money(days: int, terms: Terms) -> str:
    return f"{whole(days * terms.day_rate / 100) * 100:,} {terms.currency}".strip()
