"""Edits of key results: what is loosened is said, a harmless rewording is not."""

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.lint.edits import edit_of, edits
from benchmarks.lint.run import scores
from pipeline.register.document import parse
from pipeline.register.due import Draft
from pipeline.register.loosening import Edit, loosened
from pipeline.register.point_of_change import Caution, cautions
from pipeline.register.wording import read_wording

TEXT = """period: {name: Q3, start: 2026-07-01, end: 2026-09-30}
objectives:
  - key: O1
    title: Customers stay
    priority: 1
    owner: ana@x.example
    key_results:
      - {key: O1.1, title: "Churn from 2.1 % to 1.2 %", due: 2026-08-31}
      - {key: O1.2, title: "Sign 25 employers with more than 500 staff"}
  - key: O2
    title: Bikes are back on the road soon
    priority: 2
    owner: bo@x.example
    key_results:
      - {key: O2.1, title: "Median repair turnaround from 6 days to 48 hours"}
"""


def found(old: str, new: str, text: str = TEXT) -> list[Caution]:
    assert old in text
    changed = text.replace(old, new)
    return cautions(Draft(parse(text), text), Draft(parse(changed), changed))


def test_real_loosening_is_told_from_rewording_in_what_people_edit() -> None:
    rows = [row for part in ("build", "aside") for row in edits(part)]
    pairs = [(bool(loosened(edit_of(row))), row["label"] != "harmless") for row in rows]
    assert len(rows) >= 80
    assert scores(pairs)[2] > 0.85


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("to 1.2 %", "to 1.8 %", "target-lowered"),
        ("Churn from 2.1 % to 1.2 %", "Newsletter readers from 900 to 2,000", "metric-replaced"),
        ("Churn from 2.1 % to 1.2 %", "Launch the churn programme", "outcome-to-activity"),
        ("due: 2026-08-31", "due: 2026-09-30", "date-later"),
        ("due: 2026-08-31", "due: 02.09.2026", "date-later"),
        (", due: 2026-08-31", "", "date-later"),
        ("Sign 25 employers with more than 500 staff", "Monthly churn from 2.1 % to 1.2 %", "metric-replaced"),
        ("6 days to 48 hours", "6 days to 72 hours", "target-lowered"),
    ],
)
def test_each_loosening_is_said_at_its_key_result(old: str, new: str, rule: str) -> None:
    (first, *_) = found(old, new)
    assert first.rule == rule


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Churn from 2.1 % to 1.2 %", "Monthly churn down from 2.1 % to 1.2 %"),
        ("to 1.2 %", "to 1.0 %"),
        ("6 days to 48 hours", "6 days to 2 days"),
        ("due: 2026-08-31", "due: 2026-08-15"),
        ("due: 2026-08-31", "due: end of August"),
        ("due: 2026-08-31", "due: 31.08.2026"),
        ("owner: ana@x.example", "owner: cem@x.example"),
    ],
)
def test_what_says_the_same_or_asks_for_more_is_silent(old: str, new: str) -> None:
    assert found(old, new) == []


@pytest.mark.parametrize(
    ("before", "after", "gone"),
    [
        ("Store all code of GitHub, GitLab and cgit", "Store all code of GitHub and cgit", "GitLab"),
        ("One pipeline for staging/production", "One pipeline for production", "staging"),
        ("Lieferungen an Händler und Werkstätten pünktlich", "Lieferungen an Händler pünktlich", "Werkstätten"),
        ("Store all code of GitHub, GitLab and cgit", "Store all code of cgit, GitHub and GitLab", ""),
        ("Run borges and lookout there", "Run rovers, borges and lookout there", ""),
        ("News of events, talks, etc.", "News of events, talks and more", ""),
        ("Resolve the wifi problems in the office", "Resolve problems in the office", ""),
    ],
)
def test_a_shorter_list_asks_for_less(before: str, after: str, gone: str) -> None:
    said = loosened(Edit(read_wording(before), read_wording(after)))
    assert [one.message for one in said] == ([f"included {gone}, and no longer does."] if gone else [])


def test_an_owner_who_goes_and_a_period_that_grows_are_said() -> None:
    assert [(one.key, one.rule) for one in found("    owner: bo@x.example\n", "")] == [("O2.1", "owner-gone")]
    assert [(one.key, one.rule) for one in found("end: 2026-09-30", "end: 2026-10-31")] == [("Q3", "date-later")]


def test_a_new_period_is_a_new_plan() -> None:
    assert found(TEXT, TEXT.replace("name: Q3", "name: Q4").replace("to 1.2 %", "to 1.9 %")) == []


def test_a_key_result_that_says_what_a_sibling_says_is_a_near_duplicate() -> None:
    twin = '{key: O1.3, title: "Sign 40 employers with more than 500 staff"}\n  - key: O2'
    added = found("  - key: O2", "      - " + twin)
    assert [(one.key, one.rule) for one in added] == [("O1.3", "near-duplicate")]
    assert "O1.2" in added[0].message


class _Topics:
    """Vectors by topic: what the text speaks of."""

    def encode(self, texts: list[str]) -> NDArray[np.float64]:
        return np.array([[1.0, 0.0] if "repair" in text or "Bikes" in text else [0.0, 1.0] for text in texts])


def test_what_is_nearer_to_another_objective_is_said_where_there_is_a_model() -> None:
    moved = TEXT.replace("Sign 25 employers with more than 500 staff", "Spare parts in stock for every repair")
    before, after = Draft(parse(TEXT), TEXT), Draft(parse(moved), moved)
    rules = {one.rule for one in cautions(before, after, _Topics())}
    assert "far-from-its-objective" in rules
    assert "far-from-its-objective" not in {one.rule for one in cautions(before, after)}


def test_units_and_directions_are_understood() -> None:
    def said(before: str, after: str) -> list[str]:
        return [one.rule for one in loosened(Edit(read_wording(before), read_wording(after)))]

    assert said("p95 below 300 ms", "p95 below 0.3 s") == []
    assert said("p95 below 300 ms", "p95 below 800 ms") == ["target-lowered"]
    assert said("Energiekosten um 12 % senken", "Energiekosten um 8 % senken") == ["target-lowered"]
    assert said("Energiekosten um 12 % senken", "Energiekosten um 15 % senken") == []
