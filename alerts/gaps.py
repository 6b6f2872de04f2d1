"""The alert of a gap to the plan; and the view of any finding that has one."""

from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from alerts.chart_frame import drawable, png
from alerts.charts import top_share
from alerts.falls import PICTURE, PICTURE_WEEKS, alert_of, alert_picture
from alerts.figures import Standing, standing
from alerts.parts import Part, PlanGap
from alerts.plan_end import held_against
from alerts.streams import streams, window, window_text
from alerts.view import Action, AlertView, Terms, cost_of, priced
from alerts.weeks import WEEK, points, weekly
from alerts.words import Name, Words, day, isolated, listed, percent, person_days, shortened, sure, whole
from models import OPEN_STATES, Drift
from models.vocabulary import COMPANY
from pipeline.drift.gaps import GAP
from pipeline.register.document import Register
from pipeline.register.gone import told_in

_LEAST_POINTS, _LEAST_STREAM = 5, 3
"""Points over its plan that an objective, or under it that a team, must be to be named; person-days of a stream."""
ACTIONS = (
    Action("assign", "Name who decides"),
    Action("weeks", "See the weeks"),
    Action(
        "intended",
        "This is intended",
        "Everybody here will see that it is intended. This alert ends, and the gap is not reported again until the plan changes. "
        "It can be undone for a day on the page.",
    ),
    Action("labels", "Some of it is work on it"),
    Action("snoozed", "Ask again in two weeks"),
)


def view_of(session: Session, drift: Drift, register: Register, terms: Terms | None = None) -> AlertView:
    """Put a fall, or a gap, into words: those of its plan."""
    register = told_in(session, register, drift)
    return (gap_view if drift.kind == GAP else alert_of)(session, drift, register, terms)


def picture_of(session: Session, drift: Drift, register: Register, size: tuple[int, int] = PICTURE) -> bytes | None:
    """The weeks around it as PNG for a message; None where there are no shares."""
    register = told_in(session, register, drift)
    if drift.kind != GAP:
        return alert_picture(session, drift, register, size)
    weeks = weekly(session, drift.scope)[-PICTURE_WEEKS:]
    if not weeks:
        return None
    title = f"Share of work on {shortened(drawable(_title(register, drift.subject), 'the objective'), 36)}"
    plan = percent(drift.before)
    shown = held_against(points(weeks, frozenset([drift.subject])), register)
    return png(top_share(shown, [], title, *size, plan=plan))


def gap_view(session: Session, drift: Drift, register: Register, terms: Terms | None = None) -> AlertView:
    """Put a gap into words: what goes to the objective and what was planned, what that is, what has the days, what to decide."""
    terms = priced(terms or Terms(), register, drift.scope)
    names = {team.key: team.name for team in register.large_teams(terms.least_people)}
    stands = standing(session, register, drift.scope)
    plan, share = percent(drift.before), percent(drift.after)
    title = Name(shortened(_title(register, drift.subject)))
    low, high = max(0, whole(-100 * drift.high)), whole(-100 * drift.low)
    days = whole(float(drift.explanation.get("person_days", 0)))
    until = date.fromisoformat(drift.explanation["until"]) if "until" in drift.explanation else None
    who = "" if drift.scope == COMPANY else f"{names.get(drift.scope, drift.scope)}: "
    back = drift.ended_on if drift.state == "recovered" else None
    goes, near = ("went", f"; near its plan by {day(back)}") if back else ("go", "")
    story: list[Words] = [
        (f"{_since(drift, register)} {share} of 100 working days {goes} to ", title, f"; {plan} were planned."),
        (_size(days, low, high, drift.start, until, terms),),
    ]
    story += [
        said
        for said in (_instead(session, register, drift, stands, terms), _teams(session, register, drift, names))
        if said
    ]
    seen = f" · {stands.coverage}% of working days seen" if stands else ""
    return AlertView(
        drift.scope,
        drift.start,
        f"{who}{share} of 100 working days {goes} to {title.text}, {plan} were planned{near}",
        tuple(story),
        ("is the plan still right? If it is, what stops to make room for ", title, "?"),
        f"Teams of {terms.least_people} or more, never a person{seen} · reported when it is certain over whole weeks",
        plan,
        share,
        low,
        high,
        actions=ACTIONS,
    )


def gap_line(drift: Drift, register: Register, longest: int = 60) -> str:
    """A gap in a list: the objective by its title, as its plan had it, and how much is worked; the register is `told_in`."""
    title = isolated(shortened(_title(register, drift.subject), longest))
    return f"{title}: {percent(drift.after)}% of {percent(drift.before)}% planned"


def gap_lines(session: Session, register: Register, drifts: Sequence[Drift]) -> dict[int, str]:
    """The same of those among some findings that are gaps, by id."""
    gaps = [one for one in drifts if one.kind == GAP]
    told = told_in(session, register, *gaps)
    return {one.id: gap_line(one, told) for one in gaps}


def open_gaps(session: Session, scope: str) -> Sequence[Drift]:
    """The open gaps of a scope, the largest first."""
    rows = session.scalars(select(Drift).where(Drift.kind == GAP, Drift.scope == scope, Drift.state.in_(OPEN_STATES)))
    return sorted(rows, key=lambda one: (one.after - one.before, one.id))


def gap_text(part: Part) -> str:
    """The gap of a line of the digest: 16 short; 16 short (9 to 23), 48 person-days from 28 September to 25 October."""
    gap, found = part.gap or 0, part.four_weeks
    said = "as planned" if gap == 0 else f"{abs(gap)} {'short' if gap > 0 else 'over'}"
    if found is None:
        return said
    days = f"{person_days(abs(found.person_days))} {'short' if found.points > 0 else 'over'}"
    return f"{said}; {found.share}% and {days} from {day(found.first)} to {day(found.last)}"


def short(found: PlanGap) -> str:
    """A gap as a line of the command line: 24% of 40% planned, 16 points short (9 to 23), 48 person-days, 28 September to …"""
    days = f"{person_days(abs(found.person_days))} {'short' if found.points > 0 else 'over'}"
    interval = f"({found.low} to {found.high})".replace("-", "−")
    points = f"{found.points} point" if abs(found.points) == 1 else f"{found.points} points"
    return (
        f"{found.share}% of {found.plan}% planned, gap {points} {interval}, {days}, "
        f"{day(found.first)} to {day(found.last)}"
    ).replace("gap -", "gap −")


def _title(register: Register, key: str) -> str:
    return next((objective.title for objective in register.objectives if objective.key == key), key)


def _since(drift: Drift, register: Register) -> str:
    began = register.period.start <= drift.start < register.period.start + WEEK
    return f"Since {shortened(register.period.name, 30)} began" if began else f"Since {day(drift.start)}"


def _size(days: int, low: int, high: int, first: date, last: date | None, terms: Terms) -> str:
    span = f" from {day(first)} to {day(last)}" if last else ""
    cost = cost_of(days, terms)
    return f"That is about {person_days(days)}{span}{cost}. {sure(low, high, ' of 100', 'working days are missing')}."


def _instead(session: Session, register: Register, drift: Drift, stands: Standing | None, terms: Terms) -> Words | None:
    """What has the days: objectives above their plan, and the largest work on none; the latter is unplanned, and said to be."""
    over = [
        (Name(shortened(part.title)), f" ({part.four_weeks.share}, {part.four_weeks.plan} planned)")
        for part in (stands.parts if stands else ())
        if part.four_weeks is not None and part.four_weeks.points <= -_LEAST_POINTS
    ][:2]
    worked = [one for one in streams(session, register, drift.scope, terms.least_people) if one.days >= _LEAST_STREAM]
    unplanned: Words = ()
    if worked:
        unplanned = (
            "the largest work on no objective is ",
            Name(shortened(worked[0].name)),
            f", {person_days(worked[0].days)} from {window_text(window(session))}",
        )
    if over:
        return ("More than planned goes to ", *listed(over), *(("; ", *unplanned) if worked else ()), ".")
    return ("T" + str(unplanned[0])[1:], *unplanned[1:], ".") if worked else None


def _teams(session: Session, register: Register, drift: Drift, names: Mapping[str, str]) -> Words | None:
    """Teams that are furthest below their own plan of the same objective, in the last four weeks."""
    if drift.scope != COMPANY:
        return None
    found = []
    for key, name in names.items():
        stands = standing(session, register, key) if any(t.key == key and t.plan for t in register.teams) else None
        part = next((one for one in stands.parts if one.key == drift.subject), None) if stands else None
        if part is not None and part.four_weeks is not None and part.four_weeks.points >= _LEAST_POINTS:
            found.append((part.four_weeks.points, name, part.four_weeks))
    told: list[Words] = [
        (Name(name), f" ({one.share} of {one.plan})")
        for _, name, one in sorted(found, key=lambda row: (-row[0], row[1]))[:2]
    ]
    return ("Furthest below their own plan: ", *listed(told), ".") if told else None
