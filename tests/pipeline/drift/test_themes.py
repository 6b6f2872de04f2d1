"""Work on no objective gets the name of the stream it is, not three words out of it."""

from datetime import date, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session, sessionmaker

from models import Effort, Match, Person, RegisterVersion, Stream, StreamItem, Theme, Vector, WorkItem
from pipeline.drift.theme_stage import current_themes, keep_themes
from tests.conftest import NOW, HashedWords
from tests.conftest import lite as engine  # noqa: F401 - the fixture of that name, here

LAST = date(2026, 7, 5)
SHIFTS = ["Shift plan for the courier week", "Shift briefing before the depot opens", "Safety briefing of the shift"]
BRAND = ["Logo drafts for the harbour brand", "Colours of the harbour brand", "Brand logo for the harbour signs"]


def fill(session: Session, streams: list[tuple[str, list[str]]], days: dict[str, float]) -> None:
    """Eight items of each text's kind, worked on for some days, in the streams that are given by name."""
    encoder = HashedWords()
    session.add(RegisterVersion(id=1, loaded_at=NOW, document="", digest="x"))
    session.add(Person(id=1, email="a@x.example", team="app"))
    id_ = 0
    for stream, (name, texts) in enumerate(streams, 1):
        if name:
            session.add(Stream(id=stream, anchor=f"jira:{stream}", name=name, first_day=LAST, last_day=LAST))
            session.flush()
        for n in range(8):
            id_ += 1
            text = texts[n % len(texts)]
            session.add(
                WorkItem(
                    id=id_,
                    source="jira",
                    external_id=str(id_),
                    kind="task",
                    container="OPS",
                    labels=[],
                    mentions=[],
                    title=text,
                    text_hash=f"h{id_}",
                )
            )
            session.add(Vector(text_hash=f"h{id_}", model="m", data=encoder.encode([text])[0].tobytes()))
            session.flush()
            session.add(Match(work_item_id=id_, version_id=1, probabilities={}, none=1.0, evidence=[]))
            session.add(
                Effort(day=LAST - timedelta(days=n), person_id=1, work_item_id=id_, person_days=days.get(name, 0.5))
            )
            if name:
                session.add(StreamItem(work_item_id=id_, stream_id=stream, own=True))


def test_a_theme_is_named_by_the_stream_that_most_of_its_effort_went_into(sessions: sessionmaker[Session]) -> None:
    streams = [("Courier depot at the harbour", SHIFTS), ("Small fixes", SHIFTS), ("New brand of the harbour", BRAND)]
    with sessions.begin() as session:
        fill(session, streams, {"Courier depot at the harbour": 0.9, "Small fixes": 0.3})
        for id_, title in ((1, "docs"), (2, "see above")):
            session.execute(update(WorkItem).where(WorkItem.id == id_).values(title=title))
            session.execute(update(Effort).where(Effort.work_item_id == id_).values(person_days=1.0))
        themes = current_themes(session, "m", LAST, 1)
    both = ["Courier depot at the harbour and more", "New brand of the harbour"]  # by one's own name it had two sizes
    assert sorted(theme.name for theme in themes) == both
    largest = max(themes, key=lambda theme: theme.person_days)
    assert largest.name == both[0]
    assert not {"docs", "see above"} & set(largest.examples)  # which most of its days went to
    assert len(largest.examples) == 3


def test_before_there_are_streams_its_most_telling_word_stands_for_it(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        fill(session, [("", SHIFTS), ("", SHIFTS), ("New brand of the harbour", BRAND)], {})
        names = {theme.name for theme in current_themes(session, "m", LAST, 1)}
    assert "New brand of the harbour" in names
    assert names & {"Shift", "Briefing"}


def test_an_epic_of_few_tickets_that_took_many_days_is_a_theme_and_one_that_took_few_is_none(
    sessions: sessionmaker[Session],
) -> None:
    with sessions.begin() as session:
        fill(session, [("New brand of the harbour", BRAND)], {"New brand of the harbour": 4.0})
        session.execute(delete(Match).where(Match.work_item_id > 4))
        assert [(one.name, one.person_days) for one in current_themes(session, "m", LAST, 1)] == [
            ("New brand of the harbour", 16.0)
        ]
        session.execute(update(Effort).values(person_days=2.0))
        assert current_themes(session, "m", LAST, 1) == []


def test_a_theme_of_fewer_people_than_the_floor_is_told_of_nowhere(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        streams = [
            ("Courier depot at the harbour", SHIFTS),
            ("Small fixes", SHIFTS),
            ("New brand of the harbour", BRAND),
        ]
        fill(session, streams, {"Courier depot at the harbour": 0.9, "Small fixes": 0.1})
        session.add_all([Person(id=n, email=f"{n}@x.example", team="app" if n < 5 else "ops") for n in range(2, 7)])
        session.flush()
        for item, person in ((1, 2), (2, 3), (3, 4), (4, 5)):
            session.add(Effort(day=LAST, person_id=person, work_item_id=item, person_days=0.2))
        assert {theme.name for theme in current_themes(session, "m", LAST, 1)} >= {"New brand of the harbour"}
        found = current_themes(session, "m", LAST, 4)
        assert [theme.name for theme in found] == ["Courier depot at the harbour"]
        # Four of its five people are in one team; that of the fifth, and the difference, would be about one.
        assert found[0].teams == ()
        keep_themes(session, found, LAST, 4)
        kept = [set(row.weeks) for row in session.scalars(select(Theme))]
    assert kept == [{""}]


def test_what_only_says_that_work_goes_on_makes_no_theme_of_many_streams(sessions: sessionmaker[Session]) -> None:
    said = ["Numbers pushed again", "Pushed again for review", "Review of numbers pushed"]
    names = ["Ledgers of the founders", "Golf day of the brokers", "Franking machine on lease"]
    with sessions.begin() as session:
        fill(
            session,
            [*((name, said) for name in names), ("New brand of the harbour", BRAND), ("Claims in a day", said)],
            dict.fromkeys(names, 2.0),
        )
        session.execute(update(Match).where(Match.work_item_id > 32).values(none=0.1))  # the last serve a key result
        found = {theme.name: theme.person_days for theme in current_themes(session, "m", LAST, 1)}
    assert found.pop("New brand of the harbour") == 4.0
    assert found == dict.fromkeys(names, 16.0)  # before, one of 48 days by the name of one of the three
