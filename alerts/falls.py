"""The alert of a fall: what fell, where the days went, what there is to decide."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy.orm import Session

from alerts.chart_frame import png
from alerts.charts import Fall, top_share
from alerts.figures import Standing, levels, standing
from alerts.parts import Part, plan_of
from alerts.plan_end import held_against
from alerts.view import AlertView, Taken, TeamLine, Terms, cost_of, costed, priced
from alerts.weeks import points, weekly
from alerts.words import Name, Words, apportion, day, first_day, listed, percent, person_days, shortened, sure, whole
from models import Drift
from models.vocabulary import COMPANY
from pipeline.register.document import Register
from pipeline.register.gone import told_in

PICTURE_WEEKS, PICTURE = 16, (460, 260)
"""Weeks of a message's picture; width and height of its drawing."""
"""Weeks, and pixels at which the words in it can be read on a phone as well."""
_LEAST_POINTS = 2
"""Points that an objective must have lost, or a piece of work gained, to be named in the alert's sentences."""
_MOST_LOST = 3
"""Objectives that the sentence of what fell names: there are mostly three top priorities, and their losses add up to the fall."""
_MOST_LEADS = 4
"""Teams whose leads are named; of more the first, and how many others."""
_WORTH_NAMING = 0.25
"""A second piece of work is named where it is this part of the first."""


_NEARLY_ALL = 0.8
"""Where what is named took this part of the days, they went there; where it took less, a reader would look for the rest."""


@dataclass(frozen=True, slots=True)
class _Sides:
    """What lost and what gained work, as far as it is worth naming."""

    lost: list[Part] = field(default_factory=list)
    took: list[Taken] = field(default_factory=list)


def alert_of(session: Session, drift: Drift, register: Register, terms: Terms | None = None) -> AlertView:
    """Put a fall into words. Teams smaller than the terms' minimum are not named."""
    terms = priced(terms or Terms(), register, drift.scope)
    register = told_in(session, register, drift)
    stands = standing(session, register, drift.scope, drift)
    names = {team.key: team.name for team in register.large_teams(terms.least_people)}
    before, after = percent(drift.before), percent(drift.after)
    fall, company = before - after, drift.scope == COMPANY
    taken = took_place(drift, register, names, stands)
    lost = _lost(stands, register)
    sides = _Sides(lost[:_MOST_LOST], worth_naming(taken))
    who = "" if company else f"{names.get(drift.scope, drift.scope)}: "
    low, high = (max(0, whole(-100 * bound)) for bound in (drift.high, drift.low))
    days = whole(fall / 100 * stands.person_days) if stands else 0
    amount = _amount(drift, days, terms)
    story = (
        _what_fell(sides.lost, before, after),
        _where_to(sides.took, fall, terms),
        (f"{amount}{sure(low, high, ' of 100', 'working days left')}.",),
        *(() if drift.ended_on else _planned(stands, register, terms)),
    )
    return AlertView(
        drift.scope,
        drift.start,
        who + _title(drift, fall),
        story,
        _decision(sides.took),
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


def _amount(drift: Drift, days: int, terms: Terms) -> str:
    if days < _LEAST_POINTS:
        return ""
    return f"That {'was' if drift.ended_on else 'is'} {costed(days, 'working days a week', terms)}. "


def _title(drift: Drift, fall: int) -> str:
    """What left since when; of a fall that recovered that it is back, as nobody would know from the same words."""
    since = f"left the top priorities since {day(drift.start)}"
    if drift.state == "recovered" and drift.ended_on:
        return f"{fall} of 100 working days had {since}; by {day(drift.ended_on)} their share was nearly back"
    return f"{fall} of 100 working days have {since}"


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
    days = f"{person_days(found.person_days)} from {day(found.first)} to {day(found.last)}{cost_of(found.person_days, terms)}"
    said = f" was to get {found.plan} of 100 and gets {found.share}: {days}."
    return [(Name(shortened(part.title)), said)]


def alert_picture(session: Session, drift: Drift, register: Register, size: tuple[int, int] = PICTURE) -> bytes | None:
    """The weeks around a fall with both levels drawn, as PNG for a message; None where there are no shares."""
    weeks = weekly(session, drift.scope)[-PICTURE_WEEKS:]
    if not weeks:
        return None
    fall = Fall(drift.start, drift.before, drift.after)
    shown = held_against(points(weeks), register)
    return png(top_share(shown, [fall], "Share of work on the top priorities", *size))


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
        if key in titles and changes.get(key, whole(points))
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


def worth_naming(taken: Sequence[Taken]) -> list[Taken]:
    """What took the most, which the sentences name and ask about: one piece of work, or two."""
    named = [one for one in taken if not one.rest and one.points >= _LEAST_POINTS][:2]
    return [one for one in named if one.points >= _WORTH_NAMING * named[0].points]


def _where_to(took: Sequence[Taken], fall: int, terms: Terms) -> Words:
    if not took:  # of fewer people there may be one, and it is not told of
        return (f"No single piece of work of {terms.least_people} or more people took their place.",)
    streams, others = [one for one in took if not one.objective], [one for one in took if one.objective]
    explained = sum(one.points for one in took)
    how_many = "The" if explained >= _NEARLY_ALL * fall else "Most of the" if explained > fall / 2 else "Some of the"
    begins = f"{how_many} days went to "
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


def _decision(took: Sequence[Taken]) -> Words:
    if not took:
        return ("are the priorities still right, and do the teams know them?",)
    teams = list(dict.fromkeys(team for one in took for team in one.teams))
    leads: Words = ()
    if teams:
        named: list[Words] = [(Name(team),) for team in teams]
        if len(named) > _MOST_LEADS:  # a lead who is left out without a word would think that it is not theirs
            named[_MOST_LEADS - 1 :] = [(f"{len(named) - _MOST_LEADS + 1} more teams",)]
        leads = (
            " The leads of " if len(teams) > 1 else " The lead of ",
            *listed(named),
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


def _began(drift: Drift) -> str:
    if drift.start_low is None or drift.start_high is None or drift.start_low == drift.start_high:
        return ""
    return f"It began between {first_day(drift.start_low, drift.start_high)} and {day(drift.start_high)}."


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
