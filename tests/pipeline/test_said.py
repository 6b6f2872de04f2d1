"""What of a thread or deal tells what it is about: neither a hundred short answers nor the same note forty times."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.said import count_words, telling

TOPIC = "Riders of the night bus cannot unlock"


@pytest.mark.parametrize(
    "answer", ["ok", "still waiting", "Done with the first half", "わかりました", "👍", "can we talk at 3?"]
)
def test_a_short_answer_tells_nothing(answer: str) -> None:
    assert telling([TOPIC, answer]) == [TOPIC]


def test_a_short_beginning_is_all_there_is_and_stays() -> None:
    assert telling(["Velora signed!", "great", "congrats"]) == ["Velora signed!"]


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


@given(st.lists(st.text(max_size=60), min_size=1, max_size=8))
def test_saying_it_all_again_changes_nothing(said: list[str]) -> None:
    assert telling([*said, *said]) == telling(said)


@pytest.mark.parametrize(
    ("text", "words"),
    [("", 0), ("a b  c", 3), ("自転車のロックが開かない", 6), ("จักรยานปลดล็อกไม่ได้", 10), ("Fix 自転車 now", 4)],
)
def test_words_are_counted_where_no_blank_divides_them(text: str, words: int) -> None:
    assert count_words(text) == words
