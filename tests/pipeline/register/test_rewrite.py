"""A register's text changed in its places: it says what is wanted, and what nobody changed stays to the letter."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from pipeline.register.rewrite import rewritten
from pipeline.register.yaml_nodes import Document

TEXT = """\
# What we do.
company: Acme   # all of it
teams: [{key: app, name: App}]
objectives:
  # the first
  - key: O1
    title: "Customers stay"   # said in June
    owner:
    priority: 1
    key_results:
      - {key: O1.1, title: Churn from 2 % to 1 %, teams: [app]}  # measured
      # the second
      - key: O1.2
        title: >
          folded words
          go on
        due: 2026-09-01
  - key: O2
    title: Bikes ride
    priority: 2
    key_results: [{key: O2.1, title: Repairs in 48 hours}]
"""
TEXTS = st.text(alphabet="ab:#{}[],&*!|>'\"%@-= \n\té\u2028\x07", max_size=8) | st.sampled_from(
    ["null", "yes", "1.10", "~"]
)


def data(text: str = TEXT) -> Any:
    return Document(text).data


def _goals(wanted: Any) -> list[Any]:
    return [*wanted["objectives"], *(k for o in wanted["objectives"] for k in o["key_results"])]


def _edit(wanted: Any, edit: tuple[str, int, str]) -> None:
    what, number, said = edit
    objective = wanted["objectives"][number % len(wanted["objectives"])]
    one = _goals(wanted)[number % len(_goals(wanted))]
    if what == "gone" and len(objective["key_results"]) > 1:
        objective["key_results"].pop(number % len(objective["key_results"]))
    elif what == "new":
        objective["key_results"].insert(number % 2, {"key": f"N{len(str(wanted))}", "title": said})
    elif what == "objective":
        key = f"P{len(str(wanted))}"
        wanted["objectives"].append({"key": key, "title": said, "key_results": [{"key": f"{key}.1", "title": said}]})
    elif what == "out":
        one.pop("due", one.pop("teams", None))
    elif what == "plan":
        one["plan"] = {"person_days": "40", "per": said}
    else:
        one[what] = said


EDITS = st.lists(
    st.tuples(
        st.sampled_from(["title", "owner", "due", "new", "gone", "objective", "out", "plan"]), st.integers(0, 9), TEXTS
    ),
    max_size=5,
)


@given(EDITS)
@hypothesis_settings(max_examples=40)
def test_whatever_is_changed_the_text_says_it_and_keeps_its_comments(edits: list[tuple[str, int, str]]) -> None:
    wanted = data()
    for edit in edits:
        _edit(wanted, edit)
    for text in (TEXT, TEXT.replace("\n", "\r\n")):
        made, kept = rewritten(text, wanted)
        assert data(made) == wanted
        assert kept
        assert "# What we do." in made
        assert "# all of it" in made


def test_one_cell_changes_one_line() -> None:
    wanted = data()
    wanted["objectives"][0]["title"] = "Customers come back: often"
    made, kept = rewritten(TEXT, wanted)
    assert kept
    assert made == TEXT.replace('"Customers stay"', '"Customers come back: often"')


@pytest.mark.parametrize(
    "text", [TEXT.replace("Bikes ride", "&a Bikes").replace("App}", "*a }"), TEXT + "<<: {a: b}\n"]
)
def test_what_hangs_together_is_written_anew_and_says_so_rather_than_changed_elsewhere(text: str) -> None:
    text = text.replace("teams: [{key: app, name: *a }]", "teams: [{key: app, name: x}]\nmore: {a: &b {c: d}, e: *b}")
    wanted = copy.deepcopy(data(text))
    wanted.get("more", {}).get("e", wanted)["c"] = "changed"
    wanted.pop("a", None)
    made, kept = rewritten(text, wanted)
    assert data(made) == wanted
    assert not kept
