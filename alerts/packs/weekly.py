"""The weekly pack, one page: what moved, what is blocked and who owns it, what to de-risk, what to stop. Only what changed."""

from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from alerts.diagnoses import DiagnosisView, diagnoses, large_teams, varied
from alerts.figures import scope_name
from alerts.gaps import view_of
from alerts.packs.content import Line, Pack, Section
from alerts.parts import part_of
from alerts.plan_turn import first_week, plan_turn
from alerts.streams import Stream, streams
from alerts.view import Terms
from alerts.weeks import TOP, WEEK, complete_through, is_complete, last_week, weekly
from alerts.words import Name, Words, day, number, person_days, plain, shortened, state
from models import OPEN_STATES, Drift
from models.vocabulary import COMPANY
from pipeline.drift.gaps import GAP
from pipeline.register.document import Register
from pipeline.register.gone import told_in, with_gone

TO_STOP = ("shadow", "stopping")
"""Kinds whose question is what stops; what is neither blocked nor to be stopped is to be de-risked."""
MOST = 5
"""Lines of a section: all of it is one page."""
GREW = 1.5
"""A stream on no objective is named where it got this many times the days of the week before, and `LEAST` more."""
LEAST = 3.0


NEW_PLAN = "This is the first week of the plan: there is no earlier week to compare with."


def weekly_pack(session: Session, register: Register, terms: Terms) -> Pack | None:
    """Of the last complete week; None where there are no shares. Teams below the terms' least people are not in it."""
    week = last_week(session, COMPANY)
    if week is None or not is_complete(week, complete_through(session)):
        return None
    last = week + timedelta(days=6)
    shown = {COMPANY, *large_teams(register, terms.least_people)}
    known = diagnoses(session, register, terms.least_people, ended_since=week)
    new = [one for one in known if one.ended_on is None and one.found_on >= week]
    first = week == first_week(session, register)  # what ended then was of another plan, and was not mended
    ended = [one for one in known if one.ended_on is not None and not first]
    standing = sum(one.ended_on is None and one.found_on < week for one in known)
    worked = streams(session, register, COMPANY, terms.least_people)
    blocked, stop = [one for one in new if one.subject.startswith("kr:")], [one for one in new if one.kind in TO_STOP]
    risks = [one for one in new if one not in blocked and one not in stop]
    return Pack(
        "weekly",
        "The week",
        register.company or "The company",
        week,
        last,
        (
            _what_moved(session, register, week, shown, terms),
            Section("What is blocked, and who owns it", _lines(blocked), empty="Nothing new is waiting for anybody."),
            Section(
                "What to de-risk",
                [*_lines(risks), *_over(ended)][:MOST],
                empty="Nothing new.",
                note=_unchanged(standing),
            ),
            Section(
                "What to stop",
                [*_lines(stop), *_grown(worked, week)][:MOST],
                empty="Nothing new is growing outside the plan.",
            ),
        ),
        f"Only what changed in the week. Teams of {terms.least_people} or more, never a person.",
    )


def _what_moved(session: Session, register: Register, week: date, shown: set[str], terms: Terms) -> Section:
    first = week == first_week(session, register)
    return Section(
        "What moved",
        _moved(session, register, week, shown, terms),
        empty=NEW_PLAN if first else "Nothing outside its usual range.",
        note=_still_open(session, register, week, shown, terms),
    )


def _unchanged(standing: int) -> str:
    if standing == 1:
        return "1 older diagnosis is open and unchanged; it is on the page."
    return f"{standing} older diagnoses are open and unchanged; they are on the page." if standing else ""


def _lines(some: Sequence[DiagnosisView]) -> list[Line]:
    return [Line((f"{one.title}: ", *one.brief, ". ", one.asks), one.place) for one in varied(some, MOST)]


def _over(ended: Sequence[DiagnosisView]) -> list[Line]:
    return [Line((f"No longer: {one.title.lower()}: ", *one.brief, "."), f"/diagnoses/{one.id}") for one in ended][:2]


def _findings(session: Session, shown: set[str]) -> list[Drift]:
    """Falls and gaps of scopes that may be shown, the company's first."""
    query = select(Drift).where(Drift.kind.in_(("drift", GAP)), Drift.scope.in_(sorted(shown)), Drift.severity != "low")
    return list(session.scalars(query.order_by(Drift.scope != COMPANY, Drift.id)))


def _still_open(session: Session, register: Register, week: date, shown: set[str], terms: Terms) -> str:
    """What was raised before the week and is not over: a quiet week is not taken for an end of it."""
    older = [one for one in _findings(session, shown) if one.raised_on < week and one.state in OPEN_STATES]
    if not older:
        return ""
    title = plain((Name(shortened(view_of(session, older[0], register, terms).title, 120)),))
    return f"Still open: {title}" + (f"; {len(older) - 1} more on the page." if older[1:] else ".")


def _moved(session: Session, register: Register, week: date, shown: set[str], terms: Terms) -> list[Line]:
    """Findings that were raised or ended in the week, and objectives that left their interval of the week before."""
    turn = plan_turn(session, register, COMPANY, week)
    found = [Line(turn.words())] if turn else []
    for drift in _findings(session, shown):
        if week <= drift.raised_on < week + WEEK and drift.state in OPEN_STATES:
            title = view_of(session, drift, register, terms).title
            found.append(Line((Name(shortened(title, 120)), "."), f"/drifts/{drift.id}"))
        elif drift.ended_on is not None and week <= drift.ended_on < week + WEEK and drift.state != "superseded":
            every = told_in(session, register, drift).objectives
            title = next((one.title for one in every if one.key == drift.subject), drift.subject)
            about: Words = (Name(shortened(title)),) if title else ("the top priorities",)
            said = f" since {day(drift.start)} is over ({state(drift.state)})."
            where = (Name(scope_name(register, drift.scope)), ": the finding about ")
            found.append(Line((*where, *about, said), f"/drifts/{drift.id}"))
    near = {one.week: one for one in weekly(session, COMPANY, week - WEEK, week)}
    if week in near and week - WEEK in near and week - WEEK >= first_week(session, register):
        told = with_gone(session, register, [key for one in near.values() for key in one.shares])
        for part in part_of(told, COMPANY, near[week], near[week - WEEK]):
            if part.before is not None and not part.low <= part.before <= part.high:
                what: Words = ("The top priorities",) if part.key == TOP else (Name(shortened(part.title)),)
                if not part.key:
                    what = ("Work on no objective",)
                found.append(Line((*what, f" went from {part.before}% to {part.now}% of the week."), f"/weeks/{week}"))
    return found[:MOST]


def _grown(worked: Sequence[Stream], week: date) -> list[Line]:
    """Streams on no objective that are new, or got much more than the week before."""
    found = []
    for one in worked:
        now, before = one.weeks.get(week, 0.0), one.weeks.get(week - WEEK, 0.0)
        grew = now - before >= LEAST and now >= GREW * before
        if grew:
            said = f" got {person_days(now)} of work on no objective, {number(before)} the week before."
            found.append((now - before, Line((Name(shortened(one.name)), said), f"/streams/{one.name}")))
    return [line for _, line in sorted(found, key=lambda pair: -pair[0])][:2]
