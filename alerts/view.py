"""What an alert says, in words that are no channel's own. Slack, mail, Teams and the page each set them in their own way.

Names from outside are `Name`s in the sentences, for the channel to escape. Nothing here is about a person.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from sqlalchemy.orm import Session

from alerts.charts import Fall, png, top_share
from alerts.figures import Part, Standing, levels, plan_of, points, standing, weekly
from alerts.words import Name, Words, apportion, day, listed, percent, plain, shortened, whole
from models import Drift
from models.vocabulary import COMPANY
from pipeline.register.allocation import day_rate
from pipeline.register.document import Register

PICTURE_WEEKS = 16
_LEAST_POINTS = 2
"""Points that an objective must have lost, or a piece of work gained, to be named in the alert's sentences."""
_SEEN = 0.05
_WORTH_NAMING = 0.25
"""A second piece of work is named where it is this part of the first."""


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
    Action("assign", "Decide …"),
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


@dataclass(frozen=True, slots=True)
class _Sides:
    """What went and what came, as it is worth saying."""

    lost: list[Part] = field(default_factory=list)
    took: list[Taken] = field(default_factory=list)


def alert_of(session: Session, drift: Drift, register: Register, terms: Terms | None = None) -> AlertView:
    """Put a fall into words. Teams of fewer than the terms' least people are not named."""
    terms = priced(terms or Terms(), register, drift.scope)
    stands = standing(session, register, drift.scope, drift)
    names = {team.key: team.name for team in register.teams if len(team.members) >= terms.least_people}
    before, after = percent(drift.before), percent(drift.after)
    fall, company = before - after, drift.scope == COMPANY
    taken = took_place(drift, register, names, stands)
    lost = _lost(stands, register)
    sides = _Sides(lost[:2], _worth_naming(taken))
    who = "" if company else f"{names.get(drift.scope, drift.scope)}: "
    low, high = (max(0, whole(-100 * bound)) for bound in (drift.high, drift.low))
    days = whole(fall / 100 * stands.person_days) if stands else 0
    amount = f"That is {costed(days, 'working days a week', terms)}, about" if days >= _LEAST_POINTS else "About"
    story = (
        _what_fell(sides.lost, before, after),
        _where_to(sides.took, fall),
        (f"{amount} 9 in 10 sure to be between {low} and {high} of 100.",),
        *_planned(stands, register, terms),
    )
    return AlertView(
        drift.scope,
        drift.start,
        f"{who}{fall} of 100 working days have left the top priorities since {day(drift.start)}",
        story,
        _decision(sides.took, names),
        _note(stands, terms, company),
        before,
        after,
        low,
        high,
        days,
        tuple(lost),
        taken,
        team_lines(drift, register, names),
        _signs(drift, names),
        _began(drift),
    )


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


def _planned(stands: Standing | None, register: Register, terms: Terms) -> list[Words]:
    """The largest sure gap among the top priorities, inside the alert of their fall: one alert, one story."""
    gaps = [
        (part, part.four_weeks)
        for part in (stands.parts if stands else ())
        if part.key in register.top() and part.four_weeks is not None and part.four_weeks.low > 0
    ]
    if not gaps:
        return []
    part, found = max(gaps, key=lambda pair: pair[1].points)
    days = f"{found.person_days} person-days from {day(found.first)} to {day(found.last)}{cost_of(found.person_days, terms)}"
    said = f" was to get {found.plan} of 100 and gets {found.share}: {days}."
    return [(Name(shortened(part.title)), said)]


def alert_picture(session: Session, drift: Drift) -> bytes | None:
    """The weeks around a fall with both levels drawn, as PNG for a message; None where there are no shares."""
    weeks = weekly(session, drift.scope)[-PICTURE_WEEKS:]
    if not weeks:
        return None
    fall = Fall(drift.start, drift.before, drift.after)
    return png(top_share(points(weeks), [fall], "Share of work on the top priorities", 620))


def took_place(
    drift: Drift, register: Register, names: Mapping[str, str], stands: Standing | None = None
) -> tuple[Taken, ...]:
    """What took the place, the largest first and the rest last, in whole points that add up to the fall as it is shown.

    An objective's points are its change as it `stands`; streams and the rest share out what remains.
    """
    titles = {objective.key: objective.title for objective in register.objectives}
    changes = {part.key: part.change for part in stands.parts if part.change is not None} if stands else {}
    fall = percent(drift.before) - percent(drift.after)
    others = [
        Taken(titles[key], changes.get(key, whole(points)), objective=key)
        for key, points in drift.absorbed_by
        if key in titles and abs(points) >= _SEEN
    ]
    rows = drift.explanation.get("themes", [])
    rest = (
        100 * (drift.before - drift.after)
        - sum(float(row["points"]) for row in rows)
        - sum(one.points for one in others)
    )
    points = apportion([*(float(row["points"]) for row in rows), rest], fall - sum(one.points for one in others))
    streams = [
        Taken(
            str(row["name"]),
            n,
            tuple(names[t] for t in row.get("teams", ()) if t in names),
            str(next(iter(row.get("examples", ())), "")),
        )
        for row, n in zip(rows, points, strict=False)
    ]
    found = sorted([*streams, *others], key=lambda one: -one.points)
    return (*found, Taken("everything else", points[-1], rest=True))


def team_lines(drift: Drift, register: Register, names: Mapping[str, str]) -> tuple[TeamLine, ...]:
    """Teams that may be named, the largest fall first, each with its shares of the top priorities; not those that plan none."""
    rows = drift.explanation.get("teams", [])
    adds_up = (
        apportion([float(row["points"]) for row in rows], percent(drift.after) - percent(drift.before)) if rows else []
    )
    top = register.top()
    found = []
    for row, adds in zip(rows, adds_up, strict=True):
        if row["team"] in names and (adds or plan_of(register, row["team"]) & top):
            known = levels(drift, row["team"])
            pair = (
                [sum(v for k, v in side.items() if k in top) for side in known]
                if known
                else [row["before"], row["after"]]
            )
            found.append(TeamLine(row["team"], names[row["team"]], percent(pair[0]), percent(pair[1]), adds))
    return tuple(found)


def from_to(before: float, after: float, start: date) -> str:
    """From which share to which, since when."""
    return f"from {percent(before)}% to {percent(after)}% since {day(start)}"


def fell(before: float, after: float, start: date) -> str:
    """The same of a fall."""
    return f"fell {from_to(before, after, start)}"


def shift_words(drift: Drift, register: Register) -> tuple[Words, ...]:
    """A shift between objectives in two sentences."""
    titles = {objective.key: objective.title for objective in register.objectives}
    gained = [Name(titles[key]) for key, points in drift.absorbed_by if key in titles and points >= 1][:2]
    took: Words = ("; ", *listed([(one,) for one in gained]), " took its place") if gained else ()
    lost = Name(titles.get(drift.subject, drift.subject))
    return (
        (lost, f" {fell(drift.before, drift.after, drift.start)}", *took, "."),
        ("The share of the top priorities together stands.",),
    )


def shift_text(drift: Drift, register: Register) -> str:
    """The same as plain text."""
    return " ".join(map(plain, shift_words(drift, register)))


def fault_text(drift: Drift) -> str:
    """A fault of the data, for ops: what, since when, what it means, where to look."""
    if drift.subject == "gone":
        ended = f"Nobody of the team {drift.scope} has left a trace since {day(drift.start)}. Its shares end there."
        return f"{ended} If it was dissolved, take it out of okrs.yaml; if not, `leeway check` shows which source lags."
    held = "These days are not used, and no drift is raised on them."
    if drift.subject == "coverage":
        return (
            f"Coverage {fell(drift.before, drift.after, drift.start)}. {held} `leeway status` shows which source lags."
        )
    change = f"{drift.after:.1f} person-days a day instead of {drift.before:.1f}"
    return f"{drift.subject} has been almost silent since {day(drift.start)}: {change}. {held} `leeway check` tries the source."


def mix_text(drift: Drift, register: Register) -> str:
    """A change of who is there: no drift, since the same people work on the same things as before."""
    of_it = abs(round(100 * drift.low))  # the detector keeps the part that comes from who is there as both ends
    what = f"Work on the top priorities went {from_to(drift.before, drift.after, drift.start)}"
    return f"{what}, about {of_it} points of it because other people are at work: some joined, left or are on leave. No drift."


_SENTENCES: Mapping[str, Callable[[Drift, Register], str]] = {
    "objective": shift_text,
    "data": lambda drift, _: fault_text(drift),
    "mix": mix_text,
}


def sentence(drift: Drift, register: Register) -> str | None:
    """What is said of a finding in a sentence or two; None of a drift, which has a view of its own."""
    said = _SENTENCES.get(drift.kind)
    return said(drift, register) if said else None


def _lost(stands: Standing | None, register: Register) -> list[Part]:
    """Top objectives that lost, the largest loss first."""
    parts = [part for part in (stands.parts if stands else ()) if part.key in register.top()]
    return sorted((part for part in parts if (part.change or 0) <= -_LEAST_POINTS), key=lambda part: part.change or 0)


def _what_fell(lost: Sequence[Part], before: int, after: int) -> Words:
    if not lost:
        return (f"The top priorities together fell from {before}% to {after}%, none of them by much.",)
    said: list[Words] = []
    for place, part in enumerate(lost):
        said.append(
            (Name(shortened(part.title)), f"{' fell' if place == 0 else ''} from {part.before}% to {part.now}%")
        )
    return (*listed(said), ".")


def _worth_naming(taken: Sequence[Taken]) -> list[Taken]:
    named = [one for one in taken if not one.rest and one.points >= _LEAST_POINTS][:2]
    return [one for one in named if one.points >= _WORTH_NAMING * named[0].points]


def _where_to(took: Sequence[Taken], fall: int) -> Words:
    if not took:
        return ("No single piece of work took their place.",)
    streams, others = [one for one in took if not one.objective], [one for one in took if one.objective]
    begins = "The days went to " if sum(one.points for one in took) >= fall / 2 else "Some of the days went to "
    said: list[Words] = []
    if streams:
        said.append(
            (
                *listed([(Name(shortened(one.name)), f" (+{one.points})") for one in streams]),
                ", which no objective asks for",
            )
        )
    if others:
        said.append(
            (*listed([(Name(shortened(one.name)), f" (+{one.points})") for one in others]), ", of lower priority")
        )
    return (begins, *said[0], *((", and to ", *said[1]) if len(said) > 1 else ()), ".")


def _decision(took: Sequence[Taken], names: Mapping[str, str]) -> Words:
    if not took:
        return ("are the priorities still right, and do the teams know them?",)
    teams = list(dict.fromkeys(team for one in took for team in one.teams))[:3]
    leads: Words = ()
    if teams:
        leads = (
            " The leads of " if len(teams) > 1 else " The lead of ",
            *listed([(Name(team),) for team in teams]),
            " can say what stopping costs.",
        )
    what = "the two" if len(took) > 1 else "it"
    return (f"continue, reshape or stop {what}?", *leads)


def _note(stands: Standing | None, terms: Terms, company: bool) -> str:
    rate = terms.company_alarms if company else terms.team_alarms
    seen = f" · {stands.coverage}% of working days seen" if stands else ""
    return f"Teams of {terms.least_people} or more, never a person{seen} · false alarms like this: {_how_often(rate)}"


def _how_often(rate: float) -> str:
    if rate >= 0.8:
        return f"about {max(1, whole(rate))} a year"
    years = whole(2 / max(rate, 0.01)) / 2
    return f"about one in {years:g} years"


def _money(days: int, terms: Terms) -> str:
    return f"{whole(days * terms.day_rate / 100) * 100:,} {terms.currency}".strip()


def _began(drift: Drift) -> str:
    if drift.start_low is None or drift.start_high is None or drift.start_low == drift.start_high:
        return ""
    return f"It began between {day(drift.start_low)} and {day(drift.start_high)}."


def _signs(drift: Drift, names: Mapping[str, str]) -> tuple[Words, ...]:
    """The first signs, where there were any that can be named."""
    found: list[Words] = []
    for row in drift.explanation.get("earliest", []):
        since = day(date.fromisoformat(row["since"]))
        if row["kind"] == "theme":
            found.append((Name(row["name"]), f" appeared on {since}"))
        elif row["name"] in names:
            found.append((Name(names[row["name"]]), f" fell from {since} on"))
    return tuple(found)
