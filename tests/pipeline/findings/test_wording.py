"""The vocabulary gap: a word that one team uses for something else, and no team that only talks about other things."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from sqlalchemy.orm import Session, sessionmaker

from alerts.diagnoses import diagnoses
from alerts.words import plain
from benchmarks.findings.cases import CLEAN, PLANTED
from models import Account, Diagnosis, Membership, Person, Signal, WorkItem
from pipeline.findings.found import Inputs, Unjudged, Usage
from pipeline.findings.kinds import KINDS
from pipeline.findings.load_terms import load_usages, terms_of
from pipeline.findings.wording import OTHERS, _middle, _side, _Summed
from pipeline.register.document import parse

AT = datetime(2026, 6, 1, 9, tzinfo=UTC)
TEXT = """
company: Velora
period: {name: Q3, start: 2026-05-04, end: 2026-09-30}
teams: [{key: app, name: App, members: [a@x.example]}]
objectives:
  - key: O1
    title: Raise activation
    priority: 1
    owner: a@x.example
    key_results: [{key: O1.1, title: Activation from 30 % to 40 %}]
"""


@pytest.fixture(scope="module")
def planted() -> Inputs:
    return PLANTED["wording"][1](0, "tasks")


def test_one_team_and_one_word_are_told_with_two_sentences(planted: Inputs) -> None:
    found = KINDS["wording"].find(planted)
    assert not isinstance(found, Unjudged)
    (one,) = found
    _, term, team = one.subject.split(":")
    assert (one.scope, one.values["term"], one.values["team"]) == ("company", f"term:{term}", f"team:{team}")
    usage = next(usage for usage in planted.usages or () if usage.term == term)
    whose = dict(zip(usage.item.tolist(), usage.team, strict=True))
    ours, theirs = (int(str(one.values[side]).split(":")[1]) for side in ("ours", "theirs"))
    assert (whose[ours] == team, whose[theirs] != team) == (True, True)


def test_teams_that_talk_about_other_things_use_the_words_alike() -> None:
    assert KINDS["wording"].find(CLEAN["wording"](0, "tasks")) == []


def test_too_few_sentences_or_people_cannot_be_judged(planted: Inputs) -> None:
    def cut(usage: Usage, most: int) -> Usage:
        rows = np.arange(len(usage.item)) < most
        some = usage.vectors[rows], usage.team[:most], usage.person[rows], usage.item[rows], usage.leads[rows]
        return Usage(usage.term, *some)

    few = replace(planted, usages=[cut(one, 40) for one in planted.usages or ()])
    alone = replace(planted, usages=[replace(one, person=np.zeros_like(one.person)) for one in planted.usages or ()])
    for given, reason in (
        (replace(planted, usages=None), "no sentences"),
        (few, "stands in 15"),
        (alone, "enough people"),
    ):
        found = KINDS["wording"].find(given)
        assert isinstance(found, Unjudged)
        assert reason in found.because


def test_what_a_side_talks_about_anyway_is_the_mean_of_its_sentences_with_other_terms(planted: Inputs) -> None:
    others = list(planted.usages or ())[1:]
    for team, leaders in ((others[0].team[0], False), (others[0].team[-1], True), ("nobody's", False)):
        for own in (True, False):
            rows = np.concatenate([one.vectors[_side(one, team, leaders, own=own)] for one in others])
            middle = _middle([_Summed.of(one).side(team, leaders, own=own) for one in others])
            assert (middle is None) == (len(rows) < OTHERS)
            assert middle is None or middle == pytest.approx(rows.mean(0), abs=1e-12)


def test_a_form_that_is_filled_in_again_and_again_is_one_witness(planted: Inputs) -> None:
    forms = [replace(one, family=np.arange(len(one.item)) % 7) for one in planted.usages or ()]
    found = KINDS["wording"].find(replace(planted, usages=forms))
    assert isinstance(found, Unjudged)
    alone = [replace(one, family=np.arange(len(one.item))) for one in planted.usages or ()]
    assert KINDS["wording"].find(replace(planted, usages=alone))


def test_those_who_set_the_objectives_are_the_others_where_they_are_enough(planted: Inputs) -> None:
    usages = [replace(one, leads=one.person >= 48) for one in planted.usages or ()]
    found = KINDS["wording"].find(replace(planted, usages=usages))
    assert not isinstance(found, Unjudged)
    assert {one.values["others"] for one in found} == {"those who set the objectives"}


class Lengths:
    """A sentence's vector is its length: what is encoded can be seen."""

    name = "lengths"

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        return np.array([[len(text), 1] for text in texts], np.float16)


def test_units_of_time_and_measure_are_no_words_that_a_team_could_use_otherwise() -> None:
    title = "Turnaround from 6 days to 48 hours in two weeks of May, under 2 seconds, at 5 points a month"
    assert terms_of(parse(TEXT.replace("activation", title))) >= {"turnaround"}
    assert not terms_of(parse(TEXT.replace("activation", title))) & {
        "days",
        "day",
        "hour",
        "week",
        "month",
        "second",
        "point",
        "may",
    }


def test_sentences_are_read_without_the_word_and_quoted_without_names(sessions: sessionmaker[Session]) -> None:
    register = parse(TEXT)
    assert terms_of(register) == {"activation"}
    said = "<b>Ann Lee</b> wants activation of cards"
    with sessions.begin() as session:
        session.add(Person(id=1, email="a@x.example", team="app"))
        session.flush()
        session.add(Membership(person_id=1, first=date(2026, 1, 1), team="app"))
        session.add(Account(source="jira", external_id="j1", person_id=1, name="Ann Lee"))
        for n in range(34):
            title = said if n == 0 else f"Nothing{'!' * n} Activations {'x' * n}"
            if n > 30:
                title = f"Report {n}.{n} of activations, week {n}"
            session.add(
                WorkItem(
                    id=n + 1, source="jira", external_id=str(n), kind="task", container="A", title=title, created_at=AT
                )
            )
            session.add(Signal(source="jira", external_id=f"c{n}", item=str(n), kind="created", at=AT, account="j1"))
        figures = {
            "term": "term:activation",
            "team": "team:app",
            "others": "them",
            "ours": "said:1:activation",
            "theirs": "said:99:activation",
        }
        row = Diagnosis(kind="wording", scope="company", subject="term:activation:app", strength=0.2, figures=figures)
        row.found_on = row.seen_on = AT.date()
        session.add(row)
    with sessions() as session:
        (usage,) = load_usages(session, register, AT.date(), Lengths())
        assert load_usages(session, register, AT.date() + timedelta(weeks=30), Lengths()) == []
        (view,) = diagnoses(session, register, 5)
    assert (usage.term, set(usage.team), bool(usage.leads.all())) == ("activation", {"app"}, True)
    assert sorted(usage.vectors[:, 0])[:2] == [2, 3], "the sentence before it and the word itself are out"
    assert set(usage.witness) == {0}, "in this encoder's eyes all of them repeat one form"
    assert len(usage.item) == 32, "what differs in numbers alone is one sentence"
    signal = plain(view.signal)
    assert "someone wants activation of cards" in signal
    assert "Ann" not in signal
    assert "a text that is no longer stored" in signal
