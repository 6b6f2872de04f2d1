"""The quarterly pack: when work and plan diverged, week by week; shares against the plan; what was decided; what carries over."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from alerts.diagnoses import DiagnosisView, diagnoses
from alerts.figures import standing
from alerts.gaps import view_of
from alerts.packs.content import Line, Pack, Row, Section
from alerts.packs.interview import newest_section
from alerts.parts import PlanGap
from alerts.streams import streams
from alerts.view import Terms
from alerts.weeks import NONE, TOP, WEEK, Weekly, complete_through, last_week, weekly
from alerts.words import Name, Words, day, number, percent, person_days, short_day, shortened, signed
from models import Decision, Drift, ThemeAnswer
from models.vocabulary import COMPANY
from pipeline.drift.gaps import GAP
from pipeline.register.document import Register
from pipeline.register.ended import local_day
from pipeline.register.versions import history, plans
from pipeline.register.workdays import monday
from pipeline.share.gap import follow, gap

CARRY, DROP = 0.5, 0.15
"""Part of an objective's plan from which it is well under way, and below which it was hardly begun."""
LARGE = 5.0
"""Person-days in four weeks of a stream that is worth a word about the next register."""


def quarterly_pack(session: Session, register: Register, terms: Terms) -> Pack | None:
    """Of the register's period as far as its whole weeks are known; None before the first."""
    period, through = register.period, complete_through(session)
    last = last_week(session, COMPANY)
    weeks = [one for one in weekly(session, COMPANY, monday(period.start), period.end) if one.complete]
    if last is None or through is None or not weeks:
        return None
    return Pack(
        "quarterly",
        f"The quarter: {period.name}",
        register.company or "The company",
        weeks[0].week,
        weeks[-1].week + timedelta(days=6),
        (
            Section(
                "When work and plan diverged, week by week",
                head=("Week of", "Top priorities", "On no objective", "What happened"),
                rows=_weeks(session, register, weeks, terms),
            ),
            Section(
                "Shares against the plan",
                head=("Objective", "Plan", "Share", "Gap", "Person-days"),
                rows=_shares(session, register, through),
                empty="No objective has a plan in okrs.yaml, so there is nothing to compare the shares with.",
            ),
            Section(
                "What was decided and learned", _learned(session, register, weeks, terms), empty="Nothing was decided."
            ),
            *newest_section(session, register, terms),
            _next_register(session, register, terms),
        ),
        f"Shares are of whole weeks. Teams of {terms.least_people} or more, never a person.",
    )


def _weeks(session: Session, register: Register, weeks: Sequence[Weekly], terms: Terms) -> list[Row]:
    events = _events(session, register, terms)
    rows = []
    for one in weeks:
        said: list[str | Name] = []
        for at, words in events:
            if one.week <= at < one.week + WEEK:
                said += [*((" · ",) if said else ()), *words]
        top, none = (percent(one.shares[key].share) if key in one.shares else 0 for key in (TOP, NONE))
        rows.append(Row(((short_day(one.week),), (f"{top}%",), (f"{none}%",), tuple(said)), f"/weeks/{one.week}"))
    return rows


def _events(session: Session, register: Register, terms: Terms) -> list[tuple[date, Words]]:
    """What explains a week: a fall or a gap that began, a diagnosis, a register that was loaded."""
    found: list[tuple[date, Words]] = []
    query = select(Drift).where(Drift.kind.in_(("drift", GAP)), Drift.scope == COMPANY, Drift.severity != "low")
    for drift in session.scalars(query.where(Drift.state != "superseded").order_by(Drift.id)):
        title = view_of(session, drift, register, terms).title
        found.append((drift.start, (Name(shortened(title, 110)),)))
    found += _begun(diagnoses(session, register, terms.least_people, [COMPANY]))
    for load in history(session):
        why: Words = (": ", Name(shortened(load.why, 80))) if load.why else ()
        found.append((local_day(register, load.at), ("the register was loaded", *why)))
    return sorted(found, key=lambda pair: pair[0])


def _begun(open_: Sequence[DiagnosisView]) -> Iterator[tuple[date, Words]]:
    """What each is about; of many of one kind in a week only the first, and how many more there are."""
    groups: dict[tuple[date, str], list[DiagnosisView]] = defaultdict(list)
    for one in open_:
        if one.since is not None:
            groups[monday(one.since), one.title].append(one)
    for (_, title), some in groups.items():
        more = f", and {len(some) - 1} more" if len(some) > 1 else ""
        yield some[0].since or some[0].found_on, (f"{title} begins: ", *some[0].brief, more)


def _shares(session: Session, register: Register, through: date) -> list[Row]:
    rows = []
    titles = {one.key: one.title for one in register.objectives}
    for one in follow(session, register, plans(session), COMPANY, through):
        found = gap(one.scope, one.objective, one.plan, one.rows)
        if found is None:
            continue
        shown = PlanGap.of(found)
        rows.append(
            Row(
                (
                    (Name(shortened(titles.get(one.objective, one.objective))),),
                    (f"{shown.plan}%",),
                    (f"{shown.share}%",),
                    (f"{signed(-shown.points)} ({signed(-shown.high)} to {signed(-shown.low)})",),
                    (f"{number(abs(shown.person_days))} {'short' if shown.points > 0 else 'over'}",),
                ),
                f"/objectives/{one.objective}",
            )
        )
    return rows


def _learned(session: Session, register: Register, weeks: Sequence[Weekly], terms: Terms) -> list[Line]:
    """Decisions about findings and streams in these weeks, and diagnoses that are over."""
    first, found = weeks[0].week, []
    query = select(Decision, Drift).join(Drift, Drift.id == Decision.drift_id).where(Drift.kind.in_(("drift", GAP)))
    for decision, drift in session.execute(query.order_by(Decision.at, Decision.id)):
        if (
            decision.kind in ("intended", "assigned")
            and drift.scope == COMPANY
            and local_day(register, decision.at) >= first
        ):
            what = "was called intended" if decision.kind == "intended" else "was given to somebody to decide"
            title = view_of(session, drift, register, terms).title
            found.append(
                Line(
                    (f"{day(local_day(register, decision.at))}: ", Name(shortened(title, 90)), f" {what}."),
                    f"/drifts/{drift.id}",
                )
            )
    for said in session.scalars(select(ThemeAnswer).order_by(ThemeAnswer.at)):
        if (at := local_day(register, said.at)) >= first:
            found.append(Line((f"{day(at)}: ", Name(shortened(said.theme)), f": {said.answer} ({said.by}).")))
    for one in diagnoses(session, register, terms.least_people, [COMPANY], ended_since=first):
        if one.ended_on is not None:
            found.append(Line((f"{day(one.ended_on)}: no longer: ", *one.brief, "."), f"/diagnoses/{one.id}"))
    return found[:20]


def _next_register(session: Session, register: Register, terms: Terms) -> Section:
    return Section(
        "The next register",
        head=("Objective, or stream", "Now", "Carry over?"),
        rows=_next(session, register, terms),
        note="A starting point for discussion, not a decision. Write the next okrs.yaml and compare: `leeway okrs diff FILE`.",
    )


def _next(session: Session, register: Register, terms: Terms) -> list[Row]:
    """Objectives and large streams."""
    stands = standing(session, register, COMPANY)
    rows, asked = [], {one.key for one in register.objectives}
    for part in stands.parts if stands else ():
        if not part.key:
            continue
        share = part.now if part.four_weeks is None else part.four_weeks.share
        said = f"{share}% of the work" + (f", {part.plan}% planned" if part.plan is not None else "")
        rows.append(
            Row(
                ((Name(shortened(part.title)),), (said,), (_advice(share, part.plan),)),
                f"/objectives/{part.key}" if part.key in asked else "",
            )
        )
    for one in streams(session, register, COMPANY, terms.least_people):
        if one.days >= LARGE and len(rows) < 24:
            days = f"{person_days(one.days)} in four weeks, on no objective"
            rows.append(
                Row(((Name(shortened(one.name)),), (days,), ("into the register, or stop",)), f"/streams/{one.name}")
            )
    return rows


def _advice(share: int, plan: int | None) -> str:
    if plan is None or plan == 0:
        return "carry over, with a plan" if share >= 2 else "hardly begun: is it still wanted?"
    if share >= CARRY * plan:
        return "carry over what is open"
    return "hardly begun: staff it or drop it" if share < DROP * plan else "carry over, with a plan that holds"
