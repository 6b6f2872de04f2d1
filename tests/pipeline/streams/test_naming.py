"""Names of streams: short, as people wrote them, and nobody in them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.streams.naming import LONGEST, People, alike, named, tells

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


@pytest.mark.parametrize(
    ("name", "titles", "wanted"),
    [
        ("Van 35 service", ["Van 25 service", "van 7 service", "Van service"], "Van service"),
        (
            "ok: 36 yearly inspections today",
            ["31 yearly inspections, done", "yearly inspections 40"],
            "yearly inspections",
        ),
        ("Flaky UI test 46", ["Flaky UI test 3", "flaky UI test: login"], "Flaky UI test"),
        ("Shift plan Berlin week 9", ["Shift plan Köln week 36", "Shift plan Ulm week 8"], "Shift plan"),
        ("build queue is 33 deep", ["status: build queue is 4 deep - more", "build queue is 36 deep"], "build queue"),
        ("Follow up 12", ["follow up 13", "follow up 14"], "Follow up 12"),
        (
            "forecast numbers by monday please, round 23",
            ["forecast numbers by friday please, round 2"] * 2,
            "forecast numbers",
        ),
        ("Export for Zahlfix", ["Export for Gehaltwerk", "Export for Lohnhaus"], "Export for Zahlfix"),
        ("Move the warehouse", ["Pallets", "Move the shelves", "Forklift"], "Move the warehouse"),
        ("Van 35 service", ["Van 25 service"], "Van 35 service"),
        ("結算頁面 35", ["結算頁面 3", "結算頁面 4"], "結算頁面 35"),
        ("", ["a b", "a b", "a b"], ""),
    ],
)
def test_many_alike_are_named_by_what_they_share(name: str, titles: list[str], wanted: str) -> None:
    assert alike(name, [name, *titles]) == wanted


@pytest.mark.parametrize(
    ("title", "enough"),
    [
        ("rollout", False),
        ("fix comments", False),
        ("fix it all", False),
        ("see above", False),
        ("Dunning by mail", True),
        ("Refactor warehouse reservations", True),
        ("結算頁面重構與測試", True),
        ("重構", False),
    ],
)
def test_what_says_enough(title: str, enough: bool) -> None:
    assert tells(title) == enough


@given(st.text(max_size=200))
def test_a_name_is_one_line_of_at_most_sixty_characters(text: str) -> None:
    name = named(text, "", PEOPLE)
    assert len(name) <= LONGEST
    assert "\n" not in name
    assert "@" not in name or "@anna" not in name
