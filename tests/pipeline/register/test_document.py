"""okrs.yaml: what is wrong is said with its line."""

from datetime import date

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pipeline.register.document import RegisterError, hints, parse

GOOD = """
company: Acme
period: {name: Q3, start: 2026-07-01, end: 2026-09-30}
teams:
  - {key: app, name: App, lead: a@x.example, members: [a@x.example, {email: b@x.example, part: 0.5}]}
objectives:
  - key: O1
    title: Customers stay
    priority: 1
    key_results:
      - {key: O1.1, title: "Churn from 2 % to 1 %", teams: [app]}
"""


def test_reads_what_is_good() -> None:
    register = parse(GOOD)
    assert register.objective_of() == {"O1.1": "O1"}
    assert register.top() == {"O1"}
    assert [(m.email, m.part) for m in register.teams[0].members] == [("a@x.example", 1.0), ("b@x.example", 0.5)]
    assert register.period.end == date(2026, 9, 30)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("priority: 1", "priority: high", "line 9: objectives[0].priority: "),
        ("priority: 1", "priority: 0", "line 9: objectives[0].priority: "),
        ("    title: Customers stay\n", "", "line 7: objectives[0].title: Field required"),
        (
            "teams: [app]",
            "teams: [ap]",
            "line 11: objectives[0].key_results[0].teams[0]: unknown team 'ap'. Did you mean 'app'?",
        ),
        ("key: O1.1", "key: O1", "line 11: objectives[0].key_results[0].key: 'O1' is used already, in line 7."),
        ("end: 2026-09-30", "end: 2026-06-30", "line 3: period.end: lies before the start."),
        ("part: 0.5", "part: 5", "line 5: teams[0].members[1].part: "),
        ("title: Customers stay", "title: [", "not valid YAML"),
    ],
)
def test_a_fault_is_said_with_file_line_and_field(old: str, new: str, said: str) -> None:
    assert old in GOOD
    with pytest.raises(RegisterError) as caught:
        parse(GOOD.replace(old, new), "okrs.yaml")
    assert said in str(caught.value)
    assert str(caught.value).startswith("okrs.yaml, line ")


@given(st.text(max_size=200))
def test_any_text_is_a_register_or_an_error_with_a_line(text: str) -> None:
    with pytest.raises(RegisterError, match=r"okrs\.yaml"):
        parse(text)


NAMES = st.sampled_from(["objectives", "teams", "period", "key", "title", "priority", "key_results"])
LEAVES = st.none() | st.integers() | st.text(max_size=5)
SHAPES = st.recursive(LEAVES, lambda x: st.lists(x, max_size=3) | st.dictionaries(NAMES, x, max_size=4), max_leaves=15)


@given(SHAPES)
def test_any_structure_gives_an_error_not_a_traceback(data: object) -> None:
    with pytest.raises(RegisterError):
        parse(yaml.safe_dump(data))


def test_hints_name_what_weakens_the_match() -> None:
    found = hints(
        parse(GOOD.replace('title: "Churn from 2 % to 1 %", teams: [app]', "title: Churn")), date(2026, 8, 1), 5
    )
    assert any("O1.1" in hint and "description" in hint for hint in found)
    assert any("O1.1" in hint and "no teams" in hint for hint in found)
    assert any("2 members;" in hint for hint in found)


@pytest.mark.parametrize(
    ("day", "said"), [(date(2026, 9, 30), "app: 2 members;"), (date(2026, 10, 1), "app: 1 member (1 has left);")]
)
def test_who_has_left_is_no_member_of_a_team_that_is_large_enough_wp_erp_655(day: date, said: str) -> None:
    left = parse(GOOD.replace("[a@x.example", "[{email: a@x.example, to: 2026-09-30}"))
    assert [one for one in hints(left, day, 5) if said in one]
