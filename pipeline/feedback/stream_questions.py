"""Choose the streams worth confirming, with what people need to see to do so; and how much of the work is confirmed."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from models import Effort, Label, Match, Person, Stream, StreamItem, WorkItem
from models.session import in_batches
from models.stream import CONFIRMED
from pipeline.feedback.asking import RECENT, SPAN, UNSURE, at_stake
from pipeline.items import load_items
from pipeline.register.answered import holds
from pipeline.register.document import Register
from pipeline.share.floor import shown
from pipeline.sources import is_container
from pipeline.streams.naming import named, telling
from pipeline.streams.partition import below_root
from pipeline.streams.stage import people_of

WINDOW = timedelta(weeks=8)
"""The window of the person-days shown."""
HEAVIEST = 1_000
"""How many streams are examined closely: the rest has no effect."""
EXAMPLES, LIKELY = 3, 9


@dataclass(frozen=True, slots=True)
class StreamQuestion:
    """A stream to confirm. `serves` is the most likely key result (None: none), with probability `belief`; `likely` lists key
    results, the most likely first. `person_days` cover WINDOW; None if too few people worked on it to show them."""

    id: int
    name: str
    place: str
    first_day: date
    items: int
    serves: str | None
    belief: float
    likely: Sequence[str]
    person_days: float | None
    examples: Sequence[str]

    @property
    def belief_in_words(self) -> str:
        """Return how sure the match is."""
        for least, words in ((0.9, "almost surely"), (0.7, "probably"), (0.5, "perhaps")):
            if self.belief >= least:
                return words
        return "at a guess"


@dataclass(slots=True)
class _Sums:
    """Sums over a stream's items: effort, uncertainty, probabilities."""

    effort: float = 0.0
    doubt: float = 0.0
    serves: dict[str, float] | None = None


def stream_questions(
    session: Session, register: Register, last: date, least_people: int, count: int
) -> list[StreamQuestion]:
    """Return at most `count` unconfirmed streams, those first whose answer affects the shares or their latest change most."""
    ranked, sums = _ranked(session, register, last, alone=False)
    return _shown(session, register, last, least_people, [id_ for id_, _ in ranked[:count]], sums)


def worth_an_answer(session: Session, register: Register, last: date) -> list[tuple[int, float]]:
    """Return unconfirmed streams with the expected effect of an answer on the shares or their change (fractions of one), largest
    first. Earlier answers of a judge are ignored."""
    return _ranked(session, register, last, alone=True)[0]


def _ranked(
    session: Session, register: Register, last: date, *, alone: bool
) -> tuple[list[tuple[int, float]], Mapping[int, _Sums]]:
    weight, lately = (_effort(session, last - span, last) for span in (SPAN, RECENT))
    if not weight:  # no effort is known yet: all work has equal weight
        query = select(StreamItem.stream_id, func.count()).group_by(StreamItem.stream_id)
        weight = {id_: float(n) for id_, n in session.execute(query)}
        lately = weight
    whole, recent = max(sum(weight.values()), 1e-9), max(sum(lately.values()), 1e-9)
    unanswered = set(session.scalars(select(Stream.id).where(_open(session, register))))
    moved = {id_: (w / whole, lately.get(id_, 0.0) / recent) for id_, w in weight.items() if id_ in unanswered}
    heavy = sorted(moved, key=lambda id_: (-round(at_stake(*moved[id_], 0.25 - UNSURE), 9), id_))[:HEAVIEST]
    sums = _sums(session, register, heavy, last, alone=alone)
    stake = {
        id_: float(at_stake(*moved[id_], 0.0)) / UNSURE**0.5 * sums[id_].doubt / sums[id_].effort
        for id_ in heavy
        if id_ in sums and sums[id_].effort > 0
    }
    best = sorted((id_ for id_ in stake if stake[id_] > 0), key=lambda id_: (-round(stake[id_], 9), id_))
    return [(id_, stake[id_]) for id_ in best], sums


def confirmed_part(session: Session, register: Register, last: date) -> float:
    """Return the fraction of WINDOW's effort that people confirmed: in a confirmed stream, or on an item they labelled."""
    spent = select(func.sum(Effort.person_days)).where(Effort.day > last - WINDOW, Effort.day <= last)
    labelled = select(Label.work_item_id).where(holds(session, register))
    streams = (
        select(StreamItem.work_item_id)
        .join(Stream, Stream.id == StreamItem.stream_id)
        .where(Stream.answer == CONFIRMED, holds(session, register, Stream))
    )
    known = session.scalar(spent.where(or_(Effort.work_item_id.in_(labelled), Effort.work_item_id.in_(streams)))) or 0.0
    whole = session.scalar(spent) or 0.0
    return min(1.0, known / whole) if whole > 0 else 0.0


def _open(session: Session, register: Register) -> ColumnElement[bool]:
    """SQL condition: nobody answered for the stream, or the answer does not apply to the current key results."""
    asked = or_(Stream.answer == "", (Stream.answer == CONFIRMED) & ~holds(session, register, Stream))
    return asked & (Stream.name != "")


def _effort(session: Session, after: date, last: date) -> dict[int, float]:
    query = (
        select(StreamItem.stream_id, func.sum(Effort.person_days))
        .join(Effort, Effort.work_item_id == StreamItem.work_item_id)
        .where(Effort.day > after, Effort.day <= last)
        .group_by(StreamItem.stream_id)
    )
    return {id_: float(days) for id_, days in session.execute(query)}


def _sums(session: Session, register: Register, streams: Sequence[int], last: date, *, alone: bool) -> dict[int, _Sums]:
    """Sum over the streams' items by effort; labelled items have no uncertainty. `alone` ignores a judge's answers."""
    of = register.objective_of()
    top = {key for key, objective in of.items() if objective in register.top()}
    labelled = set(session.scalars(select(Label.work_item_id).where(holds(session, register))))
    found: dict[int, _Sums] = defaultdict(_Sums)
    for some in in_batches(streams):
        days = (
            select(Effort.work_item_id, func.sum(Effort.person_days).label("days"))
            .join(StreamItem, StreamItem.work_item_id == Effort.work_item_id)
            .where(StreamItem.stream_id.in_(some), Effort.day > last - SPAN, Effort.day <= last)
            .group_by(Effort.work_item_id)
            .subquery()
        )
        query = (
            select(StreamItem.stream_id, StreamItem.work_item_id, Match.probabilities, Match.alone, days.c.days)
            .join(Match, Match.work_item_id == StreamItem.work_item_id)
            .outerjoin(days, days.c.work_item_id == StreamItem.work_item_id)
            .where(StreamItem.stream_id.in_(some))
            .order_by(StreamItem.work_item_id)
        )
        for stream, item, whole, without, spent in session.execute(query):
            probabilities = without if alone and without is not None else whole
            _add(found[stream], spent, {k: p for k, p in probabilities.items() if k in of}, top, item in labelled)
    return found


def _add(sums: _Sums, spent: float | None, serves: Mapping[str, float], top: set[str], known: bool) -> None:
    # Items without effort count little, but determine what the stream serves if there is nothing else.
    amount = float(spent or 0.0) + 1e-3
    believed = sum(p for key, p in serves.items() if key in top)
    sums.effort += amount
    sums.doubt += 0.0 if known else amount * float(np.sqrt(max(0.0, believed * (1 - believed)) + UNSURE))
    sums.serves = sums.serves or defaultdict(float)
    for key, p in serves.items():
        sums.serves[key] += amount * p


def _shown(
    session: Session, register: Register, last: date, least: int, streams: Sequence[int], sums: Mapping[int, _Sums]
) -> list[StreamQuestion]:
    rows = {row.id: row for row in session.scalars(select(Stream).where(Stream.id.in_(streams)))}
    sizes: dict[int, int] = dict(
        session.execute(
            select(StreamItem.stream_id, func.count())
            .where(StreamItem.stream_id.in_(streams))
            .group_by(StreamItem.stream_id)
        ).all()
    )
    days = _person_days(session, last, least)
    examples, places = _examples(session, streams, last)
    found = []
    for id_ in streams:
        sums_of, row = sums[id_], rows[id_]
        serves = {key: p / sums_of.effort for key, p in (sums_of.serves or {}).items()}
        likely = sorted(serves, key=lambda key: (-round(serves[key], 6), key))
        none = 1 - sum(serves.values())
        best = likely[0] if likely and serves[likely[0]] > none else None
        likely += [key for key in register.objective_of() if key not in serves]
        found.append(
            StreamQuestion(
                id_,
                row.name,
                places.get(id_, ""),
                row.first_day,
                sizes[id_],
                best,
                serves[best] if best else none,
                likely[:LIKELY],
                days.get(id_),
                examples.get(id_, ()),
            )
        )
    return found


def _person_days(session: Session, last: date, least: int) -> dict[int, float]:
    """Return the person-days of WINDOW by stream, if enough people worked on it, and on the streams that are not shown."""
    query = (
        select(StreamItem.stream_id, Effort.person_id, Person.forgotten, func.sum(Effort.person_days))
        .join(Effort, Effort.work_item_id == StreamItem.work_item_id)
        .join(Person, Person.id == Effort.person_id)
        .where(Effort.day > last - WINDOW, Effort.day <= last)
        .group_by(StreamItem.stream_id, Effort.person_id, Person.forgotten)
    )
    days: dict[int, float] = defaultdict(float)
    workers: dict[int, set[int]] = defaultdict(set)
    for stream, person, forgotten, spent in session.execute(query):
        days[stream] += float(spent)
        if spent > 0 and not forgotten:
            workers[stream].add(person)
    _, allowed = shown(set().union(*workers.values()), workers, least)
    return {stream: days[stream] for stream in allowed}


def _examples(session: Session, streams: Sequence[int], last: date) -> tuple[dict[int, list[str]], dict[int, str]]:
    """Return the words of the items with the most recent work in each stream, and where its root is."""
    spent = func.sum(Effort.person_days)
    people = people_of(session)
    chosen: dict[int, list[int]] = defaultdict(list)
    names: dict[int, str] = dict(session.execute(select(Stream.id, Stream.name).where(Stream.id.in_(streams))).all())
    for id_ in streams:
        query = (
            select(StreamItem.work_item_id)
            .outerjoin(Effort, (Effort.work_item_id == StreamItem.work_item_id) & (Effort.day > last - SPAN))
            .where(StreamItem.stream_id == id_)
            .group_by(StreamItem.work_item_id)
            .order_by(func.coalesce(func.round(spent * 1_000_000), 0).desc(), StreamItem.work_item_id)
        )
        chosen[id_] = list(session.scalars(query.limit(4 * EXAMPLES)))
    loaded = {one.row: one.item for one in load_items(session, [i for some in chosen.values() for i in some])}
    examples = {
        id_: telling(
            words for i in some if (words := named(loaded[i].title, loaded[i].words, people)) and words != names[id_]
        )[:EXAMPLES]
        for id_, some in chosen.items()
    }
    where = select(Stream.id, WorkItem.kind, WorkItem.container).join(
        WorkItem, Stream.anchor == WorkItem.source + ":" + WorkItem.external_id
    )
    rows = session.execute(where.where(Stream.id.in_(streams)))
    return examples, {id_: f"{kind} in {container}" if container else kind for id_, kind, container in rows}


def items_of(session: Session, stream: int, count: int = 8) -> list[int]:
    """Return row ids of the unlabelled items of a mixed stream that most work depends on: its stories or components."""
    rows = list(session.scalars(select(StreamItem.work_item_id).where(StreamItem.stream_id == stream)))
    work = load_items(session, sorted(rows))
    spent: dict[int, float] = {}
    for some in in_batches(rows):
        query = select(Effort.work_item_id, func.sum(Effort.person_days)).where(Effort.work_item_id.in_(some))
        spent |= dict(session.execute(query.group_by(Effort.work_item_id)).all())
    labelled = set(session.scalars(select(Label.work_item_id).where(Label.work_item_id.in_(rows))))
    top = below_root([one.item for one in work])
    days: dict[int, float] = defaultdict(float)
    for i, one in zip(top, work, strict=True):
        days[work[i].row] += 1e-3 + spent.get(one.row, 0.0)
    asked = [
        one.row
        for one in work
        if one.row in days
        and one.row not in labelled
        and one.item.words
        and not is_container(one.item.source, one.item.kind)
    ]
    return sorted(asked, key=lambda row: (-round(days[row], 6), row))[:count]
