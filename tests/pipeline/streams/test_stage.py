"""Streams in the database: the same day after day, named, and following what people do with the work."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import numpy as np
from sqlalchemy import Engine, delete, select, update
from sqlalchemy.orm import Session, sessionmaker

from connectors.text import issue_keys
from models import Account, Label, Signal, Stream, StreamItem, Vector, WorkItem, upsert
from models.stream import CONFIRMED
from pipeline.encode.encoder import text_hash
from pipeline.people.forget import forget
from pipeline.streams.naming import by_nearness
from pipeline.streams.stage import keep_streams
from simulator.work import live
from tests.conftest import TODAY, HashedWords

ENCODER = HashedWords()
MONDAY = date(2026, 7, 6)


def item(
    name: str,
    title: str | None,
    kind: str = "task",
    parent: str | None = None,
    source: str = "jira",
    at: datetime = datetime(2026, 7, 1, tzinfo=UTC),
    text: str | None = None,
) -> dict[str, object]:
    words = ". ".join(part for part in (title, text) if part)
    return {
        "source": source,
        "external_id": name,
        "key": name if source == "jira" else None,
        "kind": kind,
        "container": "A",
        "parent": parent,
        "title": title,
        "text": text,
        "labels": [],
        "mentions": list(issue_keys(text)) if text else [],
        "created_at": at,
        "updated_at": at,
        "text_hash": text_hash(words) if words else None,
        "stale": False,
    }


def add(sessions: sessionmaker[Session], items: Sequence[dict[str, object]]) -> None:
    texts = {str(one["text_hash"]): ". ".join(str(one[p]) for p in ("title", "text") if one[p]) for one in items}
    vectors = ENCODER.encode(list(texts.values()))
    with sessions.begin() as session:
        upsert(session, WorkItem, items, ("source", "external_id"))
        rows = [
            {"text_hash": name, "model": ENCODER.name, "data": v.tobytes()}
            for name, v in zip(texts, vectors, strict=True)
        ]
        upsert(session, Vector, rows, ("text_hash", "model"))


def keep(sessions: sessionmaker[Session], day: date = MONDAY) -> None:
    with sessions.begin() as session:
        keep_streams(session, ENCODER.name, day)


def streams(sessions: sessionmaker[Session]) -> dict[str, tuple[int, set[str]]]:
    """Name of each stream: its id and its items."""
    return {name: (id_, items) for id_, (name, items) in by_id(sessions).items()}


def by_id(sessions: sessionmaker[Session]) -> dict[int, tuple[str, set[str]]]:
    """Name and items of each stream."""
    query = (
        select(Stream.id, Stream.name, WorkItem.external_id)
        .join(StreamItem, StreamItem.stream_id == Stream.id)
        .join(WorkItem, WorkItem.id == StreamItem.work_item_id)
    )
    found: dict[int, tuple[str, set[str]]] = {}
    with sessions() as session:
        for id_, name, external in session.execute(query):
            found.setdefault(id_, (name, set()))[1].add(external)
    return found


TREE = [
    item("A-1", "Bluetooth unlock", "epic"),
    item("A-2", "Unlock in the garage", "story", "A-1"),
    item("A-3", "tests", "sub-task", "A-2"),
    item("A-4", "Refund wrong invoice"),
    item("A-5", "wrong Invoice Refund"),
]


def test_streams_have_their_roots_name_and_stay(sessions: sessionmaker[Session]) -> None:
    add(sessions, TREE)
    keep(sessions)
    first = streams(sessions)
    assert {name: items for name, (_, items) in first.items()} == {
        "Bluetooth unlock": {"A-1", "A-2", "A-3"},
        "Refund wrong invoice": {"A-4", "A-5"},
    }
    add(sessions, [item("A-6", "refund a wrong invoice"), item("A-7", "Doors", "story", "A-1"), item("A-8", "Lunch")])
    keep(sessions)  # half as much again: not only on the next day
    later = streams(sessions)
    assert {name: id_ for name, (id_, _) in later.items() if name != "Lunch"} == {
        name: id_ for name, (id_, _) in first.items()
    }
    assert later["Refund wrong invoice"][1] == {"A-4", "A-5", "A-6"}
    keep(sessions, MONDAY + timedelta(days=1))
    assert streams(sessions) == later


def test_a_moved_item_moves_and_a_renamed_epic_renames(sessions: sessionmaker[Session]) -> None:
    add(sessions, [*TREE, item("A-9", "Cheaper parts", "epic"), item("A-10", "Supplier", "story", "A-9")])
    keep(sessions)
    before = streams(sessions)
    add(sessions, [item("A-2", "Unlock in the garage", "story", "A-9"), item("A-9", "Parts that cost less", "epic")])
    keep(sessions, MONDAY + timedelta(days=1))
    after = streams(sessions)
    assert after["Parts that cost less"] == (before["Cheaper parts"][0], {"A-9", "A-10", "A-2", "A-3"})
    assert after["Bluetooth unlock"] == (before["Bluetooth unlock"][0], {"A-1"})


def test_an_id_is_never_given_away_again(sessions: sessionmaker[Session]) -> None:
    add(sessions, TREE[:1])
    keep(sessions)
    (gone, _) = streams(sessions)["Bluetooth unlock"]
    with sessions.begin() as session:
        session.execute(delete(WorkItem))
    add(sessions, TREE[3:])
    keep(sessions, MONDAY + timedelta(days=1))
    assert [id_ > gone for id_, _ in streams(sessions).values()] == [True]


def test_what_joins_a_confirmed_stream_is_labelled_too_but_keeps_an_answer_of_its_own(
    sessions: sessionmaker[Session],
) -> None:
    add(sessions, TREE)
    keep(sessions)
    at = datetime(2026, 7, 6, 9, tzinfo=UTC)
    with sessions.begin() as session:
        session.execute(
            update(Stream)
            .where(Stream.name == "Refund wrong invoice")
            .values(answer=CONFIRMED, key_result="O1.1", answered_at=at)
        )
        other = session.scalar(select(WorkItem.id).where(WorkItem.external_id == "A-5"))
        session.add(Label(work_item_id=other, key_result=None, origin="page", at=at))
    add(sessions, [item("A-6", "refund a wrong invoice")])
    keep(sessions, MONDAY + timedelta(days=1))
    with sessions() as session:
        query = select(WorkItem.external_id, Label.key_result, Label.origin).join(
            Label, Label.work_item_id == WorkItem.id
        )
        assert {name: rest for name, *rest in session.execute(query)} == {
            "A-4": ["O1.1", "with stream"],
            "A-5": [None, "page"],
            "A-6": ["O1.1", "with stream"],
        }


def test_nobody_is_in_a_name_also_who_is_known_only_later(sessions: sessionmaker[Session]) -> None:
    add(sessions, [item("A-1", "Laptop for Jonas Krueger"), item("A-2", "Anna", "epic")])
    with sessions.begin() as session:
        session.add(Account(source="jira", external_id="1", name="Jonas Krueger", bot=False, groups=""))
    keep(sessions)
    assert set(streams(sessions)) == {"Laptop for someone", "Anna"}
    with sessions.begin() as session:
        session.add(Account(source="jira", external_id="2", name="Anna Li", bot=False, groups=""))
    keep(sessions, MONDAY + timedelta(days=1))
    assert set(streams(sessions)) == {"Laptop for someone", "epic in A"}


def test_over_half_a_year_of_weeks_no_id_and_no_name_changes_unless_the_stream_splits(lite: Engine) -> None:
    sessions, world = sessionmaker(lite), live(TODAY)
    work = [
        item(i.key, i.title, i.type.lower(), i.parent.key if i.parent else None, at=i.created, text=i.text)
        for i in world.issues
        if i.project in ("APP", "CARE")
    ]
    work += [
        item(m.ts, None, "message", source="slack", at=datetime.fromtimestamp(float(m.ts), UTC), text=m.text)
        for m in world.messages
        if m.thread is None and m.channel in ("unlock", "care", "team-app")
    ]
    with sessions.begin() as session:
        session.add_all(
            Account(source="jira", external_id=str(n), name=one.name, bot=False, groups="")
            for n, one in enumerate(world.people)
        )
    parts = {part.casefold() for one in world.people for part in one.name.split() if len(part) > 2}
    before: dict[int, tuple[str, set[str]]] = {}
    for week in range(26, -1, -1):
        day = TODAY - timedelta(weeks=week)
        since = day - timedelta(weeks=1) if before else date.min
        add(sessions, [one for one in work if since < one["created_at"].date() <= day])  # type: ignore[attr-defined]
        keep(sessions, day)
        now = by_id(sessions)
        for id_, (name, items) in before.items():
            assert now[id_][0] == name
            assert now[id_][1] >= items
        before = now
    assert len(before) > 50
    assert max(len(items) for _, items in before.values()) > 20
    for name, _ in before.values():
        assert not parts & {word.casefold() for word in name.replace("'", " ").split()}


def test_the_name_of_a_cluster_is_that_of_its_middle() -> None:
    vectors = np.array([[1, 0], [0.8, 0.6], [0, 1]], dtype=np.float32)
    assert by_nearness(vectors)[0] == 1


def test_the_words_of_somebody_who_is_forgotten_are_no_name_any_more(sessions: sessionmaker[Session]) -> None:
    at = datetime(2026, 7, 1, tzinfo=UTC)
    add(sessions, [item("1", None, "message", source="slack", text="Printer on fire")])
    with sessions.begin() as session:
        session.add(Account(source="slack", external_id="U1", name="Jonas Krueger", bot=False, groups=""))
        session.add(
            Signal(
                source="slack",
                external_id="1",
                item="1",
                kind="message",
                at=at,
                account="U1",
                text="Printer on fire",
                mentions=[],
                detail={},
            )
        )
    keep(sessions)
    assert set(streams(sessions)) == {"Printer on fire"}
    forget(sessions, "slack:U1")
    assert set(streams(sessions)) == {""}
    keep(sessions, MONDAY + timedelta(days=1))
    assert set(streams(sessions)) == {"message in A"}
