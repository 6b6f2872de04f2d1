"""The kill session's pack: streams on no objective by cost and weakness of their case; and the outcome of the last stops."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from alerts.packs.content import Line, Pack, Row, Section
from alerts.streams import Stream, streams, window
from alerts.view import Terms, cost_of, priced
from alerts.weeks import WEEK, complete_through, is_complete, last_week
from alerts.words import Name, Words, day, number, percent, person_days, short_day, shortened, whole
from models import Decision, Drift, Match, Theme, ThemeAnswer
from models.vocabulary import COMPANY
from pipeline.feedback.decisions import KINDS
from pipeline.register.document import Register
from pipeline.register.ended import local_day
from pipeline.register.workdays import monday
from pipeline.streams.naming import names_of

MOST, LEAST_DAYS = 12, 3.0
"""Rows of the table; person-days of the four weeks below which a stream is not worth a meeting."""
STOPS = timedelta(weeks=13)
"""How far back stops are looked at again."""
WOUND_UP = timedelta(weeks=2)


@dataclass(frozen=True, slots=True)
class Case:
    """The key result that a stream most likely serves, if any, and how likely its items are to."""

    key: str
    probability: float


def monthly_pack(session: Session, register: Register, terms: Terms) -> Pack | None:
    """Of the last four complete weeks; None where there are none."""
    week, span = last_week(session, COMPANY), window(session)
    if week is None or span is None or not is_complete(week, complete_through(session)):
        return None
    terms = priced(terms, register, COMPANY)
    shown = [one for one in streams(session, register, COMPANY, terms.least_people) if one.days >= LEAST_DAYS]
    cases = {one.name: _case(session, one.items) for one in shown}
    ranked = sorted(shown, key=lambda one: (-one.days * (1 - cases[one.name].probability), one.name))[:MOST]
    rows = [_row(one, cases[one.name], register, span, terms) for one in ranked]
    freed = sum(whole(one.days) for one in ranked)  # of the figures that are shown
    return Pack(
        "monthly",
        "Kill session",
        register.company or "The company",
        span[0],
        span[1],
        (
            Section(
                "What could stop, costliest with the weakest case first",
                head=("Stream", "Since", "Days, four weeks", "Days a stop frees", "Its best case"),
                rows=rows,
                empty="No stream outside the objectives is worth the meeting.",
                note=f"All of these together are {person_days(freed)}{cost_of(freed, terms)}." if rows else "",
            ),
            Section(
                "What became of the last stops",
                _stops(session, register, week),
                empty="Nothing was stopped.",
            ),
            Section("How fast we decide", _velocity(session, week), empty="Nothing was decided in half a year."),
        ),
        f"A decision is recorded for everybody to see, and can be changed. Teams of {terms.least_people} or more, never a "
        "person.",
    )


def _row(one: Stream, case: Case, register: Register, span: tuple[date, date], terms: Terms) -> Row:
    days = whole(one.days)
    title = next((key.title for _, key in register.key_results() if key.key == case.key), "")
    best: Words = ("none",)
    if title and case.probability >= 0.05:
        best = (Name(shortened(title, 50)), f", {percent(case.probability)}% likely")
    a_week = one.days * 7 / ((span[1] - span[0]).days + 1)
    return Row(
        (
            (Name(shortened(one.name)),),
            (f"before {short_day(one.before)}" if one.before else short_day(one.since),),
            (f"{number(days)}{cost_of(days, terms)}",),
            (f"{number(a_week)} a week",),
            best,
        ),
        f"/streams/{one.name}",
        one.name,
        one.said,
    )


def _case(session: Session, items: Sequence[int]) -> Case:
    """The mean probability of the best key result over the stream's items."""
    sums: dict[str, float] = {}
    ids = list(items)[:500]
    for probabilities in session.scalars(select(Match.probabilities).where(Match.work_item_id.in_(ids))):
        for key, p in (probabilities or {}).items():
            sums[key] = sums.get(key, 0.0) + p / max(1, len(ids))
    key = max(sums, key=lambda one: (sums[one], one), default="")
    return Case(key, sums.get(key, 0.0))


def _stops(session: Session, register: Register, week: date) -> list[Line]:
    """What was stopped in the last quarter: the work since its winding up, beside the four weeks before."""
    found = []
    query = select(ThemeAnswer).where(ThemeAnswer.answer == "stop").order_by(ThemeAnswer.at.desc())
    for said in session.scalars(query):
        at = local_day(register, said.at)
        if week - at > STOPS:
            continue
        head: Words = (Name(shortened(said.theme)), f", stopped on {day(at)} by {said.by}: ")
        theme = session.scalar(select(Theme).where(Theme.name.in_(names_of(said.theme))).limit(1))
        if theme is None:
            found.append(Line((*head, "no work on it is seen any more.")))
        else:
            found.append(Line((*head, _left(theme, at, week)), f"/streams/{said.theme}"))
    return found


def _left(theme: Theme, at: date, week: date) -> str:
    by_week: dict[date, float] = {}
    for weeks in theme.weeks.values():
        for name, amount in weeks.items():
            by_week[date.fromisoformat(name)] = by_week.get(date.fromisoformat(name), 0.0) + float(amount)
    said = monday(at)
    since = [said + WOUND_UP + n * WEEK for n in range(max(0, (week - said - WOUND_UP).days // 7 + 1))]
    usual = sum(by_week.get(said - (n + 1) * WEEK, 0.0) for n in range(4)) / 4
    if not since:
        return "too early to say: winding down may take two weeks."
    now = sum(by_week.get(one, 0.0) for one in since) / len(since)
    return f"{person_days(now)} a week since, {number(usual)} before."


def _velocity(session: Session, week: date) -> list[Line]:
    """Median days from a finding to the first decision about it, by kind, over half a year."""
    decided = Decision.kind.in_([kind for kind in KINDS if kind != "commented"])
    earliest = select(Decision.drift_id, func.min(Decision.at).label("at")).where(decided)
    first = earliest.group_by(Decision.drift_id).subquery()
    query = select(Drift.kind, Drift.raised_on, first.c.at).join(first, first.c.drift_id == Drift.id)
    days: dict[str, list[int]] = {}
    for kind, raised, at in session.execute(query.where(Drift.raised_on >= week - 26 * WEEK)):
        days.setdefault(kind, []).append(max(0, (at.date() - raised).days))
    names = {
        "drift": "Falls of the top priorities",
        "gap": "Gaps to the plan",
        "objective": "Shifts between objectives",
    }
    return [
        Line((f"{names[kind]}: {len(some)} decided, the first decision after {_median_days(some)} (median).",))
        for kind, some in sorted(days.items())
        if kind in names
    ]


def _median_days(some: Sequence[int]) -> str:
    middle = median(some)
    return "1 day" if middle == 1 else f"{middle:g} days"
