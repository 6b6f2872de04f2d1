"""What a spreadsheet could take for a formula gets an apostrophe, and reading it back takes it off."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.spreadsheet import guarded, unguarded

FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    " =1",
    "  \t +1",
    "\u00a0=1",
    "\u3000@x",
    "\uff1d1+1",
    "\uff0b1",
    "\uff0d1",
    "\uff20x",
    "\ufe621",
    "\ufeff=1",
    "\u200b=1",
    "\u202e=1",
    "\x00=1",
    "\x1f-1",
    "\ttext",
    "\r",
    "\u2028=cmd",
    '=HYPERLINK("https://x")',
]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_in_any_disguise_is_text(text: str) -> None:
    assert guarded(text) == f"'{text}"


@pytest.mark.parametrize(
    "value", ["", "plain", "a=b", "PAY-12", "'quoted", "3 - 2", 5, -5, -0.5, None, True, "|x", "µ"]
)
def test_everything_else_stays_as_it_is(value: object) -> None:
    assert guarded(value) == value


@given(st.text(max_size=12))
def test_what_was_guarded_comes_back(text: str) -> None:
    assert unguarded(guarded(text)) == text or text.startswith("'")
