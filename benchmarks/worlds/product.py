"""The wind tunnel's only interface to the product: process a world's rows with its stages."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker

import migrations
from benchmarks.worlds.rows import World
from models import AuditDraw, Cycle, Drift, Effort, Label, Match, Person, RegisterVersion, Share, WorkItem, connect
from models.vocabulary import COMPANY
from pipeline.cycle import Analysis, Report
from pipeline.drift.detector import Detector, DriftSettings, Event
from pipeline.drift.observations import Observations, observe
from pipeline.drift.stage import detector_for
from pipeline.effort.stage import estimate_effort
from pipeline.encode.encoder import Encoder, SentenceEncoder, Vectors, text_hash
from pipeline.encode.stage import encode_pending
from pipeline.encode.vectors import load_vectors
from pipeline.feedback.labels import keep_one
from pipeline.feedback.questions import questions
from pipeline.ingest.store import store
from pipeline.items import item_id, load_items
from pipeline.people import identity
from pipeline.queue import fingerprint
from pipeline.register.document import Register, parse
from pipeline.register.versions import current_register, load_register
from pipeline.register.workdays import monday

__all__ = ["COMPANY", "CachedEncoder", "Event", "Opened", "Register", "parse"]
Item = tuple[str, str]


class CachedEncoder:
    """The product's encoder with its vectors kept in a file, since worlds of one company share their texts."""

    def __init__(self, path: Path) -> None:
        self._inner: Encoder = SentenceEncoder()
        self.name = self._inner.name
        self._known: dict[str, bytes] = {}
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._file() as file:
            file.execute(
                "create table if not exists vector (model text, hash text, data blob, primary key (model, hash))"
            )
            self._known = dict(file.execute("select hash, data from vector where model = ?", (self.name,)))

    def encode(self, texts: Sequence[str]) -> Vectors:
        """See the product's Encoder."""
        names = [text_hash(text) for text in texts]
        missing = {name: text for name, text in zip(names, texts, strict=True) if name not in self._known}
        if missing:
            made = self._inner.encode(list(missing.values()))
            new = [(self.name, name, row.tobytes()) for name, row in zip(missing, made, strict=True)]
            self._known |= {name: data for _, name, data in new}
            with self._file() as file:
                file.executemany("insert or ignore into vector values (?, ?, ?)", new)
        rows = [np.frombuffer(self._known[name], np.float16) for name in names]
        return np.stack(rows) if rows else np.zeros((0, 384), np.float16)

    @contextmanager
    def _file(self) -> Iterator[sqlite3.Connection]:
        file = sqlite3.connect(self._path, timeout=60)
        try:
            yield file
            file.commit()
        finally:
            file.close()


class Opened:
    """A world's database and the stages on it."""

    def __init__(self, path: Path, world: World, encoder: CachedEncoder) -> None:
        """Stores the world's rows where the file is new, as a pull would."""
        self.world, self.encoder = world, encoder
        fresh = not path.exists()
        self.engine = connect(f"sqlite:///{path}")
        self.sessions: sessionmaker[Session] = sessionmaker(self.engine)
        migrations.upgrade(self.engine)
        if fresh:
            self._store()
        with self.sessions() as session:
            found = current_register(session)
        assert found is not None
        self.register: Register = found[1]

    def close(self) -> None:
        """Let go of the file."""
        self.engine.dispose()

    def _store(self) -> None:
        for loaded, document in self.world.registers:
            with self.sessions.begin() as session:
                version, _ = load_register(session, parse(document), document)
                at = datetime.combine(loaded, time(8), UTC)
                session.execute(update(RegisterVersion).where(RegisterVersion.id == version).values(loaded_at=at))
        for source, page in self.world.pages:
            with self.sessions.begin() as session:
                store(session, source, page, retention=False)

    def analyse(self, recompute: Sequence[str] = ()) -> dict[str, float]:
        """Run a cycle after the pull, recomputing the named stages (match, effort, share); return seconds by stage."""
        with self.sessions.begin() as session:
            for stage in recompute:
                fingerprint.forget(session, stage)
            session.execute(update(Cycle).values(through=None))
        report = Report()
        analysis = Analysis(self.sessions, self.encoder, DriftSettings(), self.world.now)
        analysis.encode(report)
        analysis.join(report)
        return report.seconds

    def prepared(self) -> dict[str, Any]:
        """What experiments with the match need, without matching: register, items with their labels, vectors, effort by week."""
        with self.sessions.begin() as session:
            identity.resolve(session, self.register, None)
        encode_pending(self.sessions, self.encoder)
        estimate_effort(self.sessions, self.register, self.world.now.date())
        with self.sessions() as session:
            work = load_items(session, traces=True)
            vectors = load_vectors(session, work, self.encoder.name, 384)
        place = {one.item.id: i for i, one in enumerate(work)}
        weeks = sorted({monday(day) for day, _, _ in self.efforts()})
        spent = np.zeros((len(work), len(weeks)))
        for day, item, amount in self.efforts():
            spent[place[item_id(*item)], weeks.index(monday(day))] += amount
        labels = {item_id(*item): label for item, label in self.world.labels.items() if item_id(*item) in place}
        return {
            "register": self.register,
            "items": [one.item for one in work],
            "vectors": vectors,
            "labels": labels,
            "effort": spent,
            "weeks": weeks,
            "event_at": self.world.event_at,
            "world": self.world.name,
        }

    def efforts(self) -> list[tuple[date, Item, float]]:
        """(day, item, person-days) of all that the product estimated."""
        query = select(Effort.day, WorkItem.source, WorkItem.external_id, Effort.person_days).join(
            WorkItem, WorkItem.id == Effort.work_item_id
        )
        with self.sessions() as session:
            return [(day, (source, name), amount) for day, source, name, amount in session.execute(query)]

    def beliefs(self) -> dict[Item, dict[str, float]]:
        """Probability by key result, by item."""
        query = select(WorkItem.source, WorkItem.external_id, Match.probabilities).join(
            Match, Match.work_item_id == WorkItem.id
        )
        with self.sessions() as session:
            return {(source, name): dict(found) for source, name, found in session.execute(query)}

    def top_shares(self) -> dict[date, tuple[float, float, float]]:
        """(share, low, high) of the company's top priorities, by week."""
        query = select(Share).where(Share.scope == COMPANY, Share.objective == "top")
        with self.sessions() as session:
            return {one.week: (one.share, one.low, one.high) for one in session.scalars(query)}

    def answer(self, count: int, *, audit: bool) -> int:
        """Answer truly the first `count` questions that the product asks, and with `audit` all that it drew; how many."""
        with self.sessions() as session:
            asked = [one["id"] for one in questions(session, self.register, None, set())[:count]]
            drawn = list(session.scalars(select(AuditDraw.work_item_id).distinct().order_by(AuditDraw.work_item_id)))
            known = set(session.scalars(select(Label.work_item_id)))
            names = {
                id_: (source, name)
                for id_, source, name in session.execute(select(WorkItem.id, WorkItem.source, WorkItem.external_id))
            }
        wanted = [*asked, *(one for one in drawn if audit and one not in asked)]
        with self.sessions.begin() as session:
            for row in wanted:
                if row not in known:
                    keep_one(session, row, self.world.labels.get(names[row]), "file", datetime.now(UTC))
        return len(wanted)

    def told(self) -> list[tuple[date, Event]]:
        """(first Friday on which it is worth a message, event as of then) of every fall that people would have been told of."""
        with self.sessions() as session:
            seen = observe(session, self.register, self.world.now.date())
            if seen is None:
                return []
            whole = detector_for(session, self.register, seen, DriftSettings())
        found = []
        for event in whole.run():
            loud = whole.loud_since.get((event.scope, event.at)) if event.kind == "drift" else None
            if loud is None:
                continue
            day = next((day for day in seen.days if day >= loud and day.weekday() == 4), seen.days[-1])
            until = Detector(
                _until(seen, seen.days.index(day) + 1), whole.priorities, DriftSettings(), None, whole.dilution
            )
            found.append((day, until.now(event)))
        return found

    def drifts(self) -> list[tuple[str, str, str, date, float, float]]:
        """(scope, state, severity, start, before, after) as the product keeps them at the end."""
        with self.sessions() as session:
            rows = session.scalars(select(Drift).where(Drift.kind == "drift").order_by(Drift.raised_on))
            return [(d.scope, d.state, d.severity, d.start, d.before, d.after) for d in rows]

    def teams(self) -> dict[int, str | None]:
        """Team by person's row."""
        with self.sessions() as session:
            return dict(session.execute(select(Person.id, Person.team)).all())


def _until(seen: Observations, count: int) -> Observations:
    """The first so many days."""
    expected = None if seen.expected is None else seen.expected[:count]
    return replace(
        seen,
        days=seen.days[:count],
        effort=seen.effort[:, :, :count],
        by_source=seen.by_source[:, :count],
        expected=expected,
    )
