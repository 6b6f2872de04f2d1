"""Agreement is ranked as planted, no wording is one person's, and no two results tell of one person."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.interview import CHOSEN, LEADERSHIPS, TOPICS, Once, measured, order_kept, planted
from pipeline.encode.encoder import SentenceEncoder
from pipeline.interview.agreement import Line, clusters, furthest, of_all, with_register
from pipeline.interview.answers import Answer
from pipeline.interview.closing import WORDS, shown
from pipeline.interview.traceable import EARLIER, LEAST, SEVERAL, counted
from pipeline.judge.redaction import Redaction

ROUNDS = st.lists(st.frozensets(st.sampled_from([f"p{n}" for n in range(11)])), min_size=1, max_size=7)


def results_of(rounds: Sequence[frozenset[str]]) -> list[frozenset[str]]:
    """Whose answers each result is made of, as closing does it: held against the results before it."""
    found: list[frozenset[str]] = []
    for place, answered in enumerate(rounds):
        before = [one for one in reversed(found) if one][:EARLIER]
        found.append(counted(answered, before, lambda who, place=place: f"{hash((place, who))}"))
    return found


@settings(max_examples=400, deadline=None)
@given(ROUNDS)
def test_no_result_and_no_two_of_them_tell_of_one_or_two_people(rounds: list[frozenset[str]]) -> None:
    results = results_of(rounds)
    for answered, one in zip(rounds, results, strict=True):
        assert one <= answered
        assert not one or len(one) >= LEAST
    made = [one for one in results if one]
    for place, one in enumerate(made):
        for other in made[max(0, place - EARLIER) : place]:
            for difference in (one - other, other - one):
                assert not difference or len(difference) >= SEVERAL


@given(st.frozensets(st.integers(0, 30).map(str), min_size=LEAST))
def test_the_same_people_are_all_counted_again(people: frozenset[str]) -> None:
    assert results_of([people, people]) == [people, people]


def test_one_who_joins_or_leaves_a_large_group_does_not_silence_it() -> None:
    people = frozenset(f"p{n}" for n in range(9))
    assert counted(people | {"new"}, [people], str) == people
    left = counted(people - {"p0"}, [people], str)
    assert len(left) == 6
    assert left < people - {"p0"}
    assert (
        counted(frozenset(list(people)[:5]), [frozenset(list(people)[:6])], str) == frozenset()
    )  # too few to hide one


@pytest.fixture(scope="module")
def encoder() -> Once:
    return Once(SentenceEncoder())


def lines(encoder: Once, *people: Sequence[str]) -> list[list[Line]]:
    return [
        [Line(n, text, vector) for text, vector in zip(texts, encoder.encode(texts), strict=True)]
        for n, texts in enumerate(people)
    ]


def test_ten_leaderships_are_ranked_as_planted(encoder: Once) -> None:
    truth = [planted(people) for people in LEADERSHIPS.values()]
    topics = [name for name in TOPICS if name not in CHOSEN]
    found = [float(np.median([measured(name, topics, encoder, s) for s in range(5)])) for name in LEADERSHIPS]
    assert order_kept(truth, found) == 1.0
    ranked = dict(zip(LEADERSHIPS, found, strict=True))
    planted_order = ["other words for the same", "one outlier", "two outliers", "split in two camps", "three camps"]
    assert all(ranked[one] > ranked[next_] + 0.05 for one, next_ in pairwise(planted_order))
    assert ranked["agreeing, in the same words"] == pytest.approx(1.0)
    assert ranked["each their own"] < 0.25


def test_agreement_with_the_register_is_by_meaning(encoder: Once) -> None:
    objectives = [encoder.encode(["Customers stay", "Churn from 2 % to 1 %"]), encoder.encode(["Enter Spain"])]
    near = [encoder.encode(["Keep the customers we have", "Launch in Spain"])]
    far = [encoder.encode(["Train the managers", "Cut cloud costs"])]
    assert with_register(near, objectives) > 0.6 > 0.2 > with_register(far, objectives)
    assert with_register([np.zeros((0, 0), np.float32)], objectives) == 0.0
    assert of_all([np.zeros((0, 0), np.float32)] * 5) == 0.0


def test_the_two_furthest_wordings_are_of_two_camps_and_of_nobody_alone(encoder: Once) -> None:
    camps = lines(encoder, *[[one] for one in TOPICS["churn"][:3]], *[[one] for one in TOPICS["mobile"][:3]])
    found = furthest(camps)
    assert found is not None
    assert {found[0].text in TOPICS["churn"], found[1].text in TOPICS["churn"]} == {True, False}
    outlier = lines(encoder, *[[one] for one in TOPICS["churn"]], ["Fire our chief of sales"])
    assert furthest(outlier) is None
    assert furthest(lines(encoder, *[[one] for one in TOPICS["churn"]])) is None


def test_only_what_several_people_name_is_shared_however_often_one_says_it(encoder: Once) -> None:
    people = lines(encoder, ["Cut cloud costs"], ["Spend less on cloud infrastructure"], ["Reduce hosting expenses"])
    again = lines(encoder, ["Launch in Spain", "Enter the Spanish market", "Open for business in Spain"])[0]
    every = [line for one in people for line in one] + again
    assert [one.text in TOPICS["cost"] for one in clusters(every, SEVERAL)] == [True]
    assert clusters([], SEVERAL) == []


def test_a_wording_is_shown_without_names_addresses_or_its_length() -> None:
    redaction = Redaction(["Mia Sommer", "jo.berg@x.example"])
    text = "Ask Mia and jo.berg@x.example, @berg or <@U123>, see https://x.example/a " + "word " * 30
    said = shown(redaction, text)
    for part in ("Mia", "berg", "x.example", "U123", "@"):
        assert part not in said
    assert len(said.split()) == WORDS


def test_an_answer_is_at_most_five_lines_a_question() -> None:
    found = Answer.of({"priorities": "- one\n\n * two\n3. three\n4\nfive\nsix\nseven", "stops": " \n"})
    assert found.priorities == ("one", "two", "three", "five", "six")
    assert (found.stops, found.dependencies) == ((), ())
    assert not Answer.of({})


def test_a_number_that_begins_a_priority_stays_and_that_of_a_list_goes() -> None:
    said = "3 new hubs in Spain\n24/7 support\n- 50 % less churn\n-5 % cost\n2) 3.5 days to repair"
    meant = ("3 new hubs in Spain", "24/7 support", "50 % less churn", "-5 % cost", "3.5 days to repair")
    assert Answer.of({"priorities": said}).priorities == meant
