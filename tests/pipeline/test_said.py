"""What of a thread or deal tells what it is about: not the same note forty times."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.said import TERSE, count_words, telling, topic


def test_what_is_said_again_and_again_counts_once() -> None:
    topic, answers = "Riders of the night bus cannot unlock", ["ok", "Still waiting.", "still waiting", "OK!"]
    assert telling([topic, *answers, topic, *answers]) == [topic, "ok", "Still waiting."]


def test_a_note_that_differs_by_a_number_or_mark_counts_once() -> None:
    notes = [
        "Call 1 with the buyer: next step agreed.",
        "call 2 with the buyer - next step agreed",
        "Lift 3 of Oslo is out of order",
    ]
    assert telling(notes) == [notes[0], notes[2]]


@given(st.lists(st.text(max_size=60), max_size=12))
def test_it_only_leaves_out_and_keeps_the_order(said: list[str]) -> None:
    kept = telling(said)
    assert kept[:1] == said[:1]
    places = iter(said)
    assert all(one in places for one in kept)
    assert telling(kept) == kept


@given(st.lists(st.text(max_size=60), max_size=12))
def test_of_answers_only_those_of_some_words_tell_what_a_thread_is_about(said: list[str]) -> None:
    kept = topic(said)
    assert kept[:1] == said[:1]
    assert all(count_words(text) > TERSE for text in kept[1:])
    assert [text for text in telling(said)[1:] if count_words(text) > TERSE] == kept[1:]


@given(st.lists(st.text(max_size=60), min_size=1, max_size=8))
def test_saying_it_all_again_changes_nothing(said: list[str]) -> None:
    assert telling([*said, *said]) == telling(said)


@pytest.mark.parametrize(
    ("text", "words"),
    [("", 0), ("a b  c", 3), ("自転車のロックが開かない", 6), ("จักรยานปลดล็อกไม่ได้", 10), ("Fix 自転車 now", 4)],
)
def test_words_are_counted_where_no_blank_divides_them(text: str, words: int) -> None:
    assert count_words(text) == words
