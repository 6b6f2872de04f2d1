"""Companies with real texts: half a year of a labelled company through all stages of the product, loaded as the findings load it.

The rows come from the wind tunnel (benchmarks/worlds): texts are those of the labelled companies, traces follow the habits of a
style, and streams, effort and beliefs are the product's own, with weights fitted without that company and without answers. `Days`
plants cases by moving person-days between items; an item's true label stays the same.
"""

import copy
import pickle
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from benchmarks.worlds import leftout
from benchmarks.worlds.built import END, build
from benchmarks.worlds.labelled import Labelled, read_labelled
from benchmarks.worlds.product import CachedEncoder, Opened
from benchmarks.worlds.rows import World
from models import WorkItem
from pipeline.findings.found import Inputs, StreamFacts
from pipeline.findings.load import Rows, load_inputs
from pipeline.findings.load_words import vectors_of
from pipeline.findings.thresholds import thresholds
from pipeline.findings.work import Floats, Ints, Mask
from pipeline.register.document import Register
from pipeline.register.planned import Plan as Planned
from pipeline.share.gap import WeekShare

PERIOD_AT = 6
"""The week of twenty with which the period begins."""
STYLES = ("office", "threads", "worklogs", "nologs", "deep", "parttime", "shared-tidy", "shared-plain", "shared-logged")
ONE = 0.8
"""Part of a stream's items that truly serve one thing, from which people confirm it."""
SHIFT = 1_000_000
"""Makes places of streams: an item in none yet is one by the negative of its number."""
HALF = timedelta(weeks=26, days=-1)


@dataclass(frozen=True)
class Base:
    """A company at the end of its half year: what the findings read, the rows under it, and by item what it truly serves (None:
    nothing), its theme, its vector and the day that it came to be."""

    company: str
    style: str
    rows: Rows
    given: Inputs
    label: Sequence[str | None]
    theme: Sequence[str]
    words: Mapping[int, Floats]
    made: Sequence[date]
    seed: int = 0
    confirms: int = 0
    """Streams that somebody confirms, those with the most work of the last weeks (`leeway streams`)."""
    known: bool = False
    """Whether what each item is believed to serve is what it truly serves."""

    @property
    def rng(self) -> np.random.Generator:
        """Draws of what is planted."""
        return np.random.default_rng([self.seed, 23])


def based(seed: int, companies: Sequence[Path], keep: Path, given: Path | None) -> Base:
    """The company and the style of a seed, kept for another run."""
    styles = [one for one in STYLES if given is not None or not one.startswith("shared-")]
    folder, style = companies[seed % len(companies)], styles[(seed + seed // len(companies)) % len(styles)]
    file = keep / f"{folder.name}-{style}-{seed}.pickle"
    if not file.exists():
        encoder = CachedEncoder(keep / "vectors.sqlite")
        leftout.fit_without(companies, keep, given)
        leftout.put_in_force(keep, folder.name)
        labelled = read_labelled(folder)
        world = build(folder, labelled, style, "none", seed, given)
        file.write_bytes(pickle.dumps(_read(file, world, labelled, encoder, seed)))
    return pickle.loads(file.read_bytes())  # type: ignore[no-any-return]  # noqa: S301 - written above


def _read(file: Path, world: World, labelled: Labelled, encoder: CachedEncoder, seed: int) -> Base:
    path = file.with_suffix(".db")
    opened = Opened(path, world, encoder)
    try:
        opened.analyse()
        with opened.sessions() as session:
            register, last = _this_half(opened.register, world.start), END.date()
            inputs = load_inputs(session, register, last, 5, thresholds("500", 0, {}), encoder)
            assert inputs is not None
            if inputs.meaning:  # read while the database is there, and kept in a file
                linked = partial(frozenset, inputs.meaning.linked())
                inputs = replace(inputs, meaning=replace(inputs.meaning, linked=linked))
            rows = Rows(session, register, last)
            begun = register.period.start
            inputs = replace(inputs, plans=[(begun, register)], reports=None, gauges=None)
            found = _items(session, rows, world, labelled)
            words = vectors_of(session, rows.items.tolist(), encoder.name)
    finally:
        opened.close()
        path.unlink()
    return Base(labelled.name, world.style, rows, inputs, *found[:2], words, found[2], seed)


def _this_half(register: Register, start: date) -> Register:
    begins = start + timedelta(weeks=PERIOD_AT)
    period = register.period.model_copy(update={"start": begins, "end": begins + HALF})
    return register.model_copy(update={"period": period})


def _items(
    session: Session, rows: Rows, world: World, labelled: Labelled
) -> tuple[list[str | None], list[str], list[date]]:
    """By item what it truly serves, its theme (empty where it has none) and the day that it came to be."""
    known: dict[str, Any] = {}
    for row in labelled.signals:
        for name in (row["id"], row["text"], row["title"]):
            if name:
                known[name] = row
    query = select(WorkItem.id, WorkItem.source, WorkItem.external_id, WorkItem.key, WorkItem.parent)
    query = query.add_columns(WorkItem.title, WorkItem.text, WorkItem.created_at)
    by_id = {row.id: row for row in session.execute(query)}
    by_name = {(row.source, row.external_id): row for row in by_id.values()}
    label: list[str | None] = []
    theme, made = [], []
    for item in rows.items.tolist():
        row = by_id[item]
        label.append(world.labels.get((row.source, row.external_id)))
        made.append(row.created_at.date() if row.created_at else world.start)
        while row is not None and not (from_ := known.get(row.key) or known.get(row.text) or known.get(row.title)):
            row = by_name.get((row.source, row.parent)) if row.parent else None
        theme.append("" if row is None else from_["theme"] or from_["category"])
    return label, theme, made


@dataclass
class Days:
    """Person-days in rows of a person, a week and an item, which planting moves. `stream` is by item."""

    base: Base
    person: Ints
    week: Ints
    team: Ints
    item: Ints
    days: Floats
    stream: Ints
    born: dict[int, date] = field(default_factory=dict)

    @classmethod
    def of(cls, base: Base) -> "Days":
        """As they were."""
        rows = base.rows
        return cls(base, rows.person, rows.week, rows.team, rows.of_item, rows.days.copy(), rows.stream.copy())

    def on(self, items: Collection[int]) -> Mask:
        """Rows of these items, by their places."""
        return np.asarray(np.isin(self.item, list(items)))

    def of_team(self, team: int, weeks: Sequence[int]) -> list[int]:
        """Who worked for a team in these weeks."""
        mask = (self.team == team) & np.isin(self.week, list(weeks)) & (self.days > 0)
        return [int(one) for one in np.unique(self.person[mask])]

    def take(self, mask: Mask, part: float = 1.0) -> None:
        """So much of these rows' work goes to whatever else each person did in that week, else to what they did the week after
        or before; a person with nothing else was away."""
        cells = self.person * len(self.base.rows.weeks) + self.week
        whole = np.bincount(cells, self.days)
        self.days[mask] *= 1 - part
        left = np.bincount(cells, np.where(mask, 0.0, self.days), len(whole))
        kept = np.bincount(cells, np.where(mask, self.days, 0.0), len(whole))
        factor = np.divide(whole - kept, left, out=np.ones_like(left), where=left > 0)
        self.days[~mask] *= factor[cells[~mask]]

    def give(
        self, team: int, weeks: Sequence[int], items: Sequence[int], part: float, rng: np.random.Generator
    ) -> None:
        """The people of a team put this part of their weeks into the items, a few each week."""
        for person in self.of_team(team, weeks):
            for week in weeks:
                mask = (self.person == person) & (self.week == week)
                whole = float(self.days[mask].sum())
                if whole <= 0:
                    continue
                drawn = float(np.clip(part * rng.uniform(0.5, 1.5), 0, 0.95))
                self.days[mask] *= 1 - drawn
                some = rng.choice(items, min(len(items), 2), replace=False)
                cuts = rng.dirichlet(np.ones(len(some))) * drawn * whole
                self.add(person, week, team, some, cuts)

    def add(self, person: Ints | int, week: Ints | int, team: Ints | int, items: Ints, days: Floats) -> None:
        """More rows, of these people on these items."""
        count = len(items)
        self.person = np.append(self.person, np.broadcast_to(person, count))
        self.week = np.append(self.week, np.broadcast_to(week, count))
        self.team = np.append(self.team, np.broadcast_to(team, count))
        self.item, self.days = np.append(self.item, items), np.append(self.days, days)

    def inputs(self) -> Inputs:
        """What the findings would read of it."""
        rows, given = copy.copy(self.base.rows), self.base.given
        rows.person, rows.week, rows.team, rows.of_item = self.person, self.week, self.team, self.item
        rows.days, rows.stream = self.days, self.stream
        rows.beliefs, confirmed = self._confirmed()
        work = rows.work()
        found = replace(given, work=work.where(work.days > 1e-9), streams=self._facts(), confirmed=confirmed)
        return replace(found, shares=_moved(given, found))

    def _confirmed(self) -> tuple[Floats, float]:
        """What is believed of each item once streams are confirmed, and the part of the last weeks' work that is so. Of a stream
        that serves more than one thing people say that it is mixed, and nothing is learned."""
        base = self.base
        beliefs, column = base.rows.beliefs.toarray(), {key: n for n, key in enumerate(base.rows.key_results)}
        recent = self.week >= len(base.rows.weeks) - base.given.thresholds.weeks
        spent = np.bincount(self.stream[self.item[recent]] + SHIFT, self.days[recent])
        if base.known:
            return beliefs, 1.0
        known = 0.0
        for place in np.argsort(-spent, kind="stable")[: base.confirms]:
            items = np.flatnonzero(self.stream == place - SHIFT)
            true = np.array([column.get(base.label[n] or "", len(column)) for n in items])
            most = int(np.bincount(true).argmax())
            if (true == most).mean() >= ONE:
                beliefs[items] = np.eye(len(column) + 1)[most]
                known += float(spent[place])
        return beliefs, known / max(1e-9, float(spent.sum()))

    def _facts(self) -> dict[int, StreamFacts]:
        known, base, facts = self.base.given.streams, self.base, {}
        worked = np.flatnonzero(np.bincount(self.item, self.days, len(self.stream)) > 1e-9)
        by_stream: dict[int, list[int]] = {}
        for item in worked.tolist():
            by_stream.setdefault(int(self.stream[item]), []).append(item)
        for stream, items in by_stream.items():
            ids = tuple(int(base.rows.items[one]) for one in items[:12])
            first = min(self.born.get(one, base.made[one]) for one in items)
            old = known.get(stream)
            if old is None or any(one in self.born for one in items):
                facts[stream] = StreamFacts(first, base.given.last, ids)
            else:
                facts[stream] = replace(old, items=ids)
        return facts


def _moved(before: Inputs, after: Inputs) -> dict[str, dict[str, list[WeekShare]]]:
    """The product's weekly shares, each moved by what the believed part of the work moved."""
    found: dict[str, dict[str, list[WeekShare]]] = {}
    of = before.register.objective_of()
    for scope, rows in before.shares.items():
        parts = []
        for work in (before.work.of(scope), after.work.of(scope)):
            total = np.maximum(work.by_week(), 1e-9)
            columns = {key: [n for n, name in enumerate(work.key_results) if of.get(name) == key] for key in rows}
            parts.append(
                {k: work.by_week(work.served[:, c].sum(1) if k else work.off) / total for k, c in columns.items()}
            )
        place = {week: n for n, week in enumerate(before.work.weeks)}
        for key, weeks in rows.items():
            moved = parts[1][key] - parts[0][key]
            found.setdefault(scope, {})[key] = [_shifted(one, float(moved[place[one.week]])) for one in weeks]
    return found


def _shifted(one: WeekShare, by: float) -> WeekShare:
    share, low, high = (min(1.0, max(0.0, float(it) + by)) for it in (one.share, one.low, one.high))
    return replace(one, share=share, low=low, high=high)


def known(base: Base) -> Base:
    """The company if everybody knew what each item truly serves: what its findings say is true. A key result on which a fifth of
    an equal part is done is nearly idle, and calling it so is not false; other thresholds are eased by a fifth."""
    rows, column = copy.copy(base.rows), {key: n for n, key in enumerate(base.rows.key_results)}
    rows.beliefs = np.eye(len(column) + 1)[[column.get(one or "", len(column)) for one in base.label]]
    same = replace(base, rows=rows, confirms=0, known=True)
    given = replace(base.given, work=rows.work(), shares=Days.of(same).inputs().shares)
    usual = given.thresholds
    less = {name: 0.8 * getattr(usual, name) for name in ("shadow", "creep", "contribution", "moved")}
    eased = replace(usual, idle_part=2 * usual.idle_part, starved=1.2 * usual.starved, **less)
    return replace(same, given=replace(given, thresholds=eased))


def planned(given: Inputs, share: Mapping[str, float]) -> Inputs:
    """The inputs where objectives have these parts of the work in the plan."""
    objectives = tuple(
        one.model_copy(update={"plan": Planned(share=round(share[one.key], 2))})
        if share.get(one.key, 0) >= 0.01
        else one
        for one in given.register.objectives
    )
    register = given.register.model_copy(update={"objectives": objectives})
    return replace(given, register=register, plans=[(given.plans[0][0], register)])
