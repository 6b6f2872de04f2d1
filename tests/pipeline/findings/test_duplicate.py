"""Duplicate effort: found between teams that do not know of each other, and nowhere else."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from unittest.mock import Mock

import numpy as np
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from benchmarks.findings.cases import PLANTED
from models import Effort, Person, Stream, StreamItem, Vector, WorkItem
from pipeline.findings.found import Found, Inputs, Meaning, Unjudged
from pipeline.findings.kinds import KINDS
from pipeline.findings.load_words import load_meaning


@pytest.fixture(scope="module")
def planted() -> Inputs:
    return PLANTED["duplicate"][1](0, "pool")


def look(given: Inputs) -> list[Found]:
    found = KINDS["duplicate"].find(given)
    assert not isinstance(found, Unjudged)
    return list(found)


def meaning(given: Inputs) -> Meaning:
    assert given.meaning is not None
    return given.meaning


def test_both_teams_are_told_with_what_each_put_in(planted: Inputs) -> None:
    (one,) = look(planted)
    assert len(one.streams) == 2
    assert one.subject == f"stream:{min(one.streams)}"
    assert one.values["first"] != one.values["second"]
    for team, days in (("first", "first_days"), ("second", "second_days")):
        cells = planted.work.last(8).of(str(one.values[team]).removeprefix("team:")).on(one.streams)
        assert one.values[days] == pytest.approx(cells.total)


def test_streams_that_name_each_other_are_no_duplicates(planted: Inputs) -> None:
    first, second = sorted(look(planted)[0].streams)
    linked = replace(meaning(planted), linked=lambda: {(first, second)})
    assert look(replace(planted, meaning=linked)) == []


def test_who_names_whom_is_not_read_where_no_two_streams_mean_the_same(planted: Inputs) -> None:
    unread = Mock(return_value=set())
    given = replace(planted, meaning=replace(meaning(planted), linked=unread))
    far = replace(planted.thresholds, same=9.0)
    assert look(replace(given, thresholds=far)) == []
    assert not unread.called
    assert look(given)
    assert unread.called


def test_a_key_result_that_the_register_gives_to_both_is_worked_on_by_plan(planted: Inputs) -> None:
    found = look(planted)[0]
    served = planted.work.served.copy()
    both = np.isin(planted.work.stream, found.streams)
    served[both, 0], served[both, 1:] = planted.work.days[both], 0
    given = replace(planted, work=replace(planted.work, served=served))
    teams = tuple(str(found.values[one]).removeprefix("team:") for one in ("first", "second"))

    def owned(keys: tuple[str, ...]) -> Inputs:
        first, *rest = given.register.objectives
        results = (first.key_results[0].model_copy(update={"teams": keys}), *first.key_results[1:])
        objectives = (first.model_copy(update={"key_results": results}), *rest)
        return replace(given, register=given.register.model_copy(update={"objectives": objectives}))

    assert look(owned(teams)) == []
    assert len(look(owned(teams[:1]))) == 1


def test_without_vectors_or_with_few_streams_it_cannot_be_judged(planted: Inputs) -> None:
    for given, reason in (
        (replace(planted, meaning=None), "no vectors"),
        (
            replace(planted, meaning=replace(meaning(planted), items=np.full(len(meaning(planted).items), 3))),
            "0 streams",
        ),
    ):
        found = KINDS["duplicate"].find(given)
        assert isinstance(found, Unjudged)
        assert reason in found.because


def test_a_team_that_is_too_small_is_not_named(planted: Inputs) -> None:
    team = str(look(planted)[0].values["second"]).removeprefix("team:")
    teams = tuple(
        one.model_copy(update={"members": one.members[:4]}) if one.key == team else one
        for one in planted.register.teams
    )
    assert look(replace(planted, register=planted.register.model_copy(update={"teams": teams}))) == []


def test_what_streams_are_about_is_read_with_who_names_whom(sessions: sessionmaker[Session]) -> None:
    day = datetime(2026, 7, 6, tzinfo=UTC)
    with sessions.begin() as session:
        person = Person(email="a@x.example", team="app")
        session.add(person)
        session.flush()
        for n in range(3):
            session.add(
                Stream(
                    id=n + 1, anchor=f"jira:{n}0", name=f"S{n}", first_day=day.date(), last_day=day.date(), answer=""
                )
            )
            for k in range(2):
                vector = np.zeros(4, np.float16)
                vector[n] = 1
                session.merge(Vector(text_hash=f"{n}", model="m", data=vector.tobytes()))
                item = WorkItem(
                    source="jira", external_id=f"{n}{k}", key=f"A-{n}{k}", kind="task", container="A", text_hash=f"{n}"
                )
                item.mentions = ["A-10"] if (n, k) == (0, 0) else []
                session.add(item)
                session.flush()
                session.add(StreamItem(work_item_id=item.id, stream_id=n + 1, own=True))
                session.add(Effort(day=day.date(), person_id=person.id, work_item_id=item.id, person_days=0.1))
    with sessions() as session:
        assert load_meaning(session, "other", day.date(), 8) is None
        found = load_meaning(session, "m", day.date(), 8)
        assert found is not None
        linked = found.linked()
        assert load_meaning(session, "m", day.date() + timedelta(weeks=9), 8) is None
        assert session.scalar(select(Stream.id).order_by(Stream.id).limit(1)) == 1
    assert (found.streams, found.items.tolist(), linked) == ((1, 2, 3), [2, 2, 2], {(1, 2)})
    assert found.halves.tolist() == pytest.approx([1, 1, 1])
