"""A key result's binding held against its earlier self: the title may stay while the number below it becomes another one."""

import pytest

from pipeline.register.document import parse
from pipeline.register.due import Draft
from pipeline.register.point_of_change import Caution, cautions

HEAD = """period: {name: Q3, start: 2026-07-01, end: 2026-09-30}
objectives:
  - key: O1
    title: Customers stay
    priority: 1
    owner: ana@x.example
    key_results:
      - {key: O1.1, title: "Open bugs from 40 to 10", metric: METRIC}
"""
JQL = "{jql: 'issuetype = Bug AND statusCategory != Done', start: 40, target: 10}"
SUM = "{jql: 'statusCategory = Done', sum: Story Points, target: 300}"
SQL = "{sql: \"SELECT count(*) FROM riders WHERE state = 'active'\", database: house, start: 800, target: 1200}"
DAYS = "{hubspot: deals, median_days: [createdate, closedate], start: 34, target: 14, unit: days}"
TYPED = "{checkin: true, start: 31, target: 45}"


def found(before: str, after: str) -> list[Caution]:
    texts = [HEAD.replace("METRIC", one) for one in (before, after)]
    return cautions(*(Draft(parse(text), text) for text in texts))


@pytest.mark.parametrize(
    ("before", "old", "new", "rule", "says"),
    [
        (JQL, "issuetype = Bug AND", "issuetype = Bug AND priority = Highest AND", "metric-replaced", "Highest"),
        (JQL, JQL, TYPED.replace("31", "40").replace("45", "10"), "metric-replaced", "checkin"),
        (
            JQL,
            JQL,
            "{sql: SELECT count(*) FROM bugs, database: house, start: 40, target: 10}",
            "metric-replaced",
            "sql",
        ),
        (SUM, "sum: Story Points, ", "", "metric-replaced", "sum 'Story Points' is gone"),
        (SUM, "sum:", "average:", "metric-replaced", "average"),
        (SQL, "'active'", "'Active'", "metric-replaced", "Active"),
        (SQL, "database: house", "database: sandbox", "metric-replaced", "sandbox"),
        (DAYS, "createdate", "hs_date_entered", "metric-replaced", "hs_date_entered"),
        (DAYS, DAYS, "null", "metric-replaced", "no longer is"),
        (DAYS, "unit: days", "unit: '%'", "metric-replaced", "%"),
        (JQL, "target: 10", "target: 20", "target-lowered", "10 became 20"),
        (TYPED, "target: 45", "target: 40", "target-lowered", "45 became 40"),
        (TYPED, ", target: 45", "", "target-lowered", "is gone"),
        (SUM, "target: 300", "target: 350", "target-lowered", "300 became 350"),  # the title's number is to fall
        (DAYS, "target: 14, unit: days", "target: 3, unit: weeks", "target-lowered", "14 days became 3 weeks"),
    ],
)
def test_another_number_below_the_same_title_is_said(before: str, old: str, new: str, rule: str, says: str) -> None:
    assert old in before
    (one,) = found(before, before.replace(old, new))
    assert (one.key, one.rule) == ("O1.1", rule)
    assert says in one.message


@pytest.mark.parametrize(
    ("before", "old", "new"),
    [
        (JQL, "issuetype = Bug AND statusCategory != Done", "issuetype=bug and  statuscategory!=done"),
        (JQL, "target: 10", "target: 5"),
        (JQL, "start: 40", "start: 41"),
        (TYPED, "target: 45", "target: 50"),
        (TYPED, "target: 45", "target: '45 %'"),
        (DAYS, "start: 34, target: 14, unit: days", "start: 816, target: 336, unit: hours"),
        (DAYS, "unit: days", "unit: d"),
        ("null", "null", JQL),
    ],
)
def test_what_measures_the_same_or_asks_for_more_is_silent(before: str, old: str, new: str) -> None:
    assert old in before
    assert found(before, before.replace(old, new)) == []


def test_a_lower_target_in_title_and_metric_is_said_once() -> None:
    before = HEAD.replace("METRIC", JQL)
    after = before.replace("40 to 10", "40 to 20").replace("target: 10", "target: 20")
    (one,) = cautions(Draft(parse(before), before), Draft(parse(after), after))
    assert one.rule == "target-lowered"


def test_a_new_period_may_measure_otherwise() -> None:
    before = HEAD.replace("METRIC", JQL)
    after = HEAD.replace("METRIC", TYPED).replace("name: Q3", "name: Q4")
    assert cautions(Draft(parse(before), before), Draft(parse(after), after)) == []


def of_outcome(before: str, after: str, *, next_period: bool = False) -> list[Caution]:
    """Cautions of an edit of the objective's outcome; in `next_period` the register is a new plan."""
    head = HEAD.replace(", metric: METRIC", "").replace("    key_results:", "    outcome: OUTCOME\n    key_results:")
    texts = [head.replace("OUTCOME", one) for one in (before, after)]
    texts[1] = texts[1].replace("name: Q3", "name: Q4") if next_period else texts[1]
    return cautions(*(Draft(parse(text), text) for text in texts))


def test_an_outcome_that_is_loosened_is_said_under_its_objective() -> None:
    (one,) = of_outcome(TYPED, TYPED.replace("45", "40"))
    assert (one.key, one.rule) == ("O1", "target-lowered")
    assert one.message == "its outcome: the metric's target 45 became 40."
    (one,) = of_outcome(SQL, SQL.replace("'active'", "'Active'"))
    assert (one.key, one.rule) == ("O1", "metric-replaced")
    (one,) = of_outcome(TYPED, "null")
    assert "no longer is" in one.message
    assert not of_outcome(TYPED, TYPED.replace("45", "50"))
    assert not of_outcome("null", TYPED)
    assert not of_outcome(TYPED, TYPED.replace("45", "40"), next_period=True)
