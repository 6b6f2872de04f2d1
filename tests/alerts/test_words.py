"""Figures and names in one form, and rounding that adds up."""

import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.slack import mrkdwn
from alerts.words import (
    Name,
    apportion,
    day,
    done,
    fraction,
    full_day,
    html,
    listed,
    percent,
    person_days,
    plain,
    shortened,
    signed,
    span,
    split,
)


def test_what_is_typed_is_code_on_a_page_and_a_name_from_outside_never_is() -> None:
    said = html(("Run `leeway <check>`: ", Name("a `b` <i>"), " waits; a lone ` stays."))
    assert str(said) == "Run <code>leeway &lt;check&gt;</code>: <b>a `b` &lt;i&gt;</b> waits; a lone ` stays."


def test_what_is_short_of_the_whole_is_not_said_to_be_whole() -> None:
    # we-promise/sure #2175, timholy/ProgressMeter.jl #300, sourcegraph #25235
    assert [done(one) for one in (0.994, 0.996, 399 / 400, 1 - 1e-12, 1.0, 1.004, -0.2)] == [
        99,
        99,
        99,
        99,
        100,
        100,
        -20,
    ]


values = st.floats(-1e4, 1e4)


@given(st.lists(values, min_size=1, max_size=12))
def test_rounded_parts_add_up_to_the_rounded_whole_and_none_moves_by_one(parts: list[float]) -> None:
    total = round(sum(parts))
    found = apportion(parts, total)
    assert sum(found) == total
    assert all(abs(n - part) < 1.5 for n, part in zip(found, parts, strict=True))


@given(st.lists(values, min_size=1, max_size=12))
def test_whole_parts_stay_what_they_are(parts: list[float]) -> None:
    exact = [float(round(part)) for part in parts]
    assert apportion(exact, round(sum(exact))) == exact


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.integers(0, 100))
def test_shares_of_a_whole_add_up_and_nothing_stays_nothing(parts: list[float], total: int) -> None:
    found = split(parts, total)
    assert sum(found) == total
    if sum(parts) > 0:
        assert all(n == 0 for n, part in zip(found, parts, strict=True) if part == 0)
        assert all(n >= 0 for n in found)


def test_every_figure_has_one_form() -> None:
    assert [percent(share) for share in (0.005, 0.125, 0.545, 0.5549)] == [1, 13, 55, 55]
    assert [signed(n) for n in (10, -3, 0)] == ["+10", "−3", "±0"]
    assert (day(date(2026, 10, 19)), full_day(date(2026, 10, 19))) == ("19 October", "19 October 2026")


def test_parts_of_one_are_rounded_for_machines_in_one_place() -> None:
    assert percent(fraction(0.0049951)) == percent(0.0049951) == 0  # with four decimals it would be 1
    house = Path(__file__).parents[2]
    found = [path for room in ("alerts", "leeway", "web") for path in (house / room).rglob("*.py")]
    assert [path.name for path in found if re.search(r"round\(.*, [3456]\)", path.read_text("utf-8"))] == ["words.py"]


@pytest.mark.parametrize(("parts", "said"), [(["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")])
def test_a_list_ends_with_and(parts: list[str], said: str) -> None:
    assert plain(listed([(part,) for part in parts])) == said


@given(st.text())
def test_a_name_from_outside_is_text_in_html_and_one_line_in_plain_text(text: str) -> None:
    words = (Name(text), " fell")
    assert "\n" not in plain(words)
    held = str(html(words)).removeprefix("<b>").removesuffix("</b> fell")
    assert "<" not in held
    assert '"' not in held


@given(st.text(max_size=300), st.integers(10, 80))
def test_a_title_is_never_longer_than_it_may_be(text: str, longest: int) -> None:
    assert len(shortened(text, longest)) <= longest


@pytest.mark.parametrize("name", ["متجرنا", "דוח שבועי (2)"])
def test_a_name_that_is_read_from_right_to_left_moves_no_figure(name: str) -> None:
    said = (Name(name), ": 12%, 31% before 19 October")
    assert str(html(said)) == f"<b>\u2068{name}\u2069</b>: 12%, 31% before 19 October"
    assert plain(said) == f"“\u2068{name}\u2069”: 12%, 31% before 19 October"
    assert mrkdwn(said).startswith(f"*\u2068{name}\u2069*: 12%")


def test_a_name_cannot_turn_what_follows_it() -> None:
    assert str(html((Name("a\u202eb\u2069c"), " 12%"))) == "<b>abc</b> 12%"


@pytest.mark.parametrize(
    "name",
    [
        "https://jira.example.com/browse/ABC-12345?focusedCommentId=1234567890&page=com",
        "supercalifragilisticexpialidocious_feature_flag_rollout",
        "x" * 100,
    ],
)
def test_a_word_wider_than_a_phone_can_be_broken(name: str) -> None:
    said = str(html((Name(f"Fix {name} now"),)))
    assert max(map(len, re.split(r"[\u200b\s]", said.replace("&amp;", "&")))) < 29
    assert said.replace("\u200b", "").replace("&amp;", "&") == f"<b>Fix {name} now</b>"
    assert str(html((Name("Vertragsverlängerungsprozess"),))) == "<b>Vertragsverlängerungsprozess</b>"


def test_one_day_of_work_is_one() -> None:
    assert [person_days(one) for one in (0.6, 1.4, 1250)] == ["1 person-day", "1 person-day", "1,250 person-days"]


def test_a_week_across_two_years_says_both() -> None:
    assert span(date(2026, 6, 29), date(2026, 7, 5)) == "29 June to 5 July 2026"
    assert span(date(2026, 7, 6), date(2026, 7, 12)) == "6 to 12 July 2026"
    assert span(date(2026, 12, 28), date(2027, 1, 3)) == "28 December 2026 to 3 January 2027"
