"""The results of alignment interviews: a section of the quarterly pack, and a separate pack. Built from stored results only."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from alerts.packs.content import Line, Pack, Row, Section
from alerts.streams import window, window_text
from alerts.view import Terms, cost_of, priced
from alerts.words import Name, Words, full_day, percent, shortened, whole
from models import Effort, InterviewResult, InterviewRound, Person, Stream, StreamItem
from models.session import in_batches
from models.vocabulary import COMPANY
from pipeline.interview.answers import LEADERSHIP, LEADS
from pipeline.interview.closing import GROUPS
from pipeline.interview.traceable import EARLIER
from pipeline.register.document import Register
from pipeline.register.ended import local_day
from pipeline.share.floor import enough

NAMES = {LEADERSHIP: "The leadership", LEADS: "The teams' leads"}
NOTHING = (
    "nothing is shown: there are fewer than five answers, or nearly the same people answered an earlier interview, so the "
    "difference could identify one of them."
)
NOTE = (
    "0% means nothing in common, 100% identical: the average similarity in meaning between what two people named, "
    "over all pairs. No wording comes from one person alone. Who answered, and how many, is never shown."
)


def interview_pack(session: Session, register: Register, terms: Terms) -> Pack:
    """The results of the last four interviews, the newest first, and whether one is open."""
    rounds = list(session.scalars(select(InterviewRound).order_by(InterviewRound.asked_at.desc()).limit(EARLIER + 1)))
    closed = [one for one in rounds if one.closed_at is not None][:EARLIER]
    sections = [replace(section(session, register, terms, one), note="") for one in closed]  # the pack ends with it
    waiting = [one for one in rounds if one.closed_at is None]
    if waiting or not sections:
        said = [
            Line(
                (
                    f"{one.name} is open until {full_day(local_day(register, one.closes_at))}. Nothing is shown before then.",
                )
            )
            for one in waiting
        ]
        empty = "No interview has been held yet: `leeway interview --ask`, or `on = true` under [interview]."
        sections.insert(0, Section("Open" if waiting else "None yet", said, empty=empty))
    first = min((local_day(register, one.asked_at) for one in rounds), default=register.period.start)
    last = max((local_day(register, one.closed_at or one.closes_at) for one in rounds), default=register.period.end)
    return Pack("interview", "Alignment interviews", register.company or "The company", first, last, sections, NOTE)


def newest_section(session: Session, register: Register, terms: Terms) -> list[Section]:
    """The newest closed interview of this period, for the quarterly pack; empty where there is none."""
    query = select(InterviewRound).where(InterviewRound.closed_at.is_not(None))
    newest = session.scalars(query.order_by(InterviewRound.closed_at.desc()).limit(1)).first()
    if newest is None or local_day(register, newest.asked_at) < register.period.start - timedelta(weeks=4):
        return []
    return [section(session, register, terms, newest)]


def section(session: Session, register: Register, terms: Terms, round_: InterviewRound) -> Section:
    """One interview: each group's agreement and what several named, and what they would stop with what it costs."""
    lines, rows = [], []
    for about in GROUPS:
        result = session.get(InterviewResult, (round_.name, about))
        if result is None:
            continue
        lines += [Line(words) for words in _said(NAMES[about], result.found)]
        rows += list(_stops(session, register, terms, NAMES[about], result.found.get("stops", [])))
    head = ("To stop or wait", "Named by", f"Person-days, {window_text(window(session))}") if rows else ()
    return Section(f"Alignment interview {round_.name}", lines, head, rows, note=NOTE)


def _said(group: str, found: dict[str, Any]) -> Iterator[Words]:
    if not found:
        yield (f"{group}: {NOTHING}",)
        return
    also = f", and to {percent(found['register'])}% with the register's" if found["register"] is not None else ""
    yield (f"{group}: the top priorities that were named agree to {percent(found['among'])}% with each other{also}.",)
    if found["shared"]:
        yield (f"{group}, named by three or more: ", *_names(found["shared"]), ".")
    else:
        yield (f"{group}: no priority was named by three or more.",)
    if found["furthest"]:
        yield (f"{group}, the two furthest wordings: ", *_names(found["furthest"]), ".")
    if found["dependencies"]:
        yield (f"{group}, dependencies that three or more fear: ", *_names(found["dependencies"]), ".")


def _names(texts: list[str]) -> list[str | Name]:
    found: list[str | Name] = []
    for text in texts:
        found += [*((" · ",) if found else ()), Name(text)]
    return found


def _stops(session: Session, register: Register, terms: Terms, group: str, ids: list[int]) -> Iterator[Row]:
    """Streams by the name that they have now; their days only where enough people worked on them."""
    span, priced_terms = window(session), priced(terms, register, COMPANY)
    for id_ in ids:
        stream = session.get(Stream, id_)
        if stream is None or not stream.name:
            continue
        items = list(session.scalars(select(StreamItem.work_item_id).where(StreamItem.stream_id == id_)))
        days = "too few people for a figure"
        if span is not None and _worked_by_enough(session, items, span, terms.least_people):
            query = select(func.sum(Effort.person_days)).join(
                StreamItem, StreamItem.work_item_id == Effort.work_item_id
            )
            total = session.scalar(query.where(StreamItem.stream_id == id_, Effort.day.between(*span))) or 0.0
            days = f"{whole(total)}{cost_of(whole(total), priced_terms)}"
        yield Row(((Name(shortened(stream.name)),), (f"{group}, three or more",), (days,)))


def _worked_by_enough(session: Session, items: Sequence[int], span: tuple[date, date], least_people: int) -> bool:
    """Return True if at least so many people worked on these items in the span; those who are forgotten are nobody."""
    found: set[int] = set()
    for some in in_batches(list(items)):
        query = select(Effort.person_id).join(Person, Person.id == Effort.person_id).where(Person.forgotten.is_(False))
        query = query.where(Effort.work_item_id.in_(some), Effort.day.between(*span), Effort.person_days > 0)
        found |= set(session.scalars(query.distinct()))
        if enough(len(found), least_people):
            return True
    return False
