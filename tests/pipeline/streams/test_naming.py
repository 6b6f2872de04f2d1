"""Names of streams: short, as people wrote them, and nobody in them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.streams.naming import LONGEST, People, named

PEOPLE = People(["Anna Lindqvist", "Mark Jones", "Li Wei", "jonas.krueger@example.com", "Zoë O'Neill"])


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Onboarding Jonas Krueger", "Onboarding someone"),
        ("anna's laptop is broken", "someone's laptop is broken"),
        ("Mark invoices as paid, mark them late", "someone invoices as paid, mark them late"),
        ("@anna.l can you look at the refund <@U0123>", "can you look at the refund"),
        ("Write to anna@example.com about https://x.example/a?b", "Write to about"),
        ("ZOË: refunds :tada:", "someone: refunds"),
        ("Neill asks for refunds", "someone asks for refunds"),
        ("Move the warehouse", "Move the warehouse"),
    ],
)
def test_nobody_is_named(title: str, name: str) -> None:
    assert named(title, "", PEOPLE) == name


def test_a_thread_is_named_by_its_first_sentence() -> None:
    assert named(None, "Refunds fail since noon. Who knows why?\nlogs below", PEOPLE) == "Refunds fail since noon."


@pytest.mark.parametrize("words", ["", "@anna", "1:1 Zoë / Anna", "Anna Lindqvist", ":tada:", "  -  ", "<@U1> <@U2>"])
def test_what_names_only_people_or_nothing_gives_no_name(words: str) -> None:
    assert named(None, words, PEOPLE) == ""


def test_a_long_title_is_cut_at_a_word() -> None:
    name = named("Warehouse migration " * 8, "", PEOPLE)
    assert name == "Warehouse migration Warehouse migration Warehouse migration…"
    assert len(named("x" * 200, "", PEOPLE)) == LONGEST


@given(st.text(max_size=200))
def test_a_name_is_one_line_of_at_most_sixty_characters(text: str) -> None:
    name = named(text, "", PEOPLE)
    assert len(name) <= LONGEST
    assert "\n" not in name
    assert "@" not in name or "@anna" not in name
