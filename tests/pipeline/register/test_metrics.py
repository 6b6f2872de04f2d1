"""Metrics in okrs.yaml: what may be written, which faults are said with line and fix, how a change reads."""

import pytest

from pipeline.register.change_words import in_words
from pipeline.register.changes import flatten, rebuild
from pipeline.register.document import Register, RegisterError, parse, stored

FILE = """\
period: {name: Q3, start: 2026-07-01, end: 2026-09-30}
teams: [{key: app, name: App}]
objectives:
  - key: O1
    title: Customers stay
    priority: 1
    key_results:
      - key: O1.1
        title: "Churn from 2 % to 1 %"
        teams: [app]
        metric: METRIC
"""
GOOD = [
    '{jql: "project = PAY AND statusCategory = Done", start: 0, target: 40}',
    '{jql: "project = PAY", sum: Story Points, start: 0, target: "120", unit: points}',
    '{jql: "project = PAY", average: customfield_10016}',
    '{jql: "text ~ \\"assignee (by the way\\""}',
    '{hubspot: deals, where: ["dealstage = closedwon", "closedate >= 2026-07-01"], sum: amount, target: 50000}',
    "{hubspot: tickets, median_days: [createdate, closedate], start: 6, target: 2}",
    "{hubspot: deals}",
    '{sql: "SELECT 100.0 * sum(gone) / count(*) FROM customers", database: warehouse, start: 2.1 %, target: "1,2"}',
    "{csv: numbers/churn.csv, column: churn}",
    "{csv: https://sheets.example/churn.csv, column: churn, row: {month: 2026-07}}",
    "{checkin: true, start: 31, target: 45}",
]


def with_metric(metric: str) -> Register:
    return parse(FILE.replace("METRIC", metric))


@pytest.mark.parametrize("metric", GOOD)
def test_what_may_be_written(metric: str) -> None:
    register = with_metric(metric)
    found = next(one for _, one in register.key_results()).metric
    assert found is not None
    assert found.binding
    assert rebuild(flatten(register)) == register


def test_start_and_target_are_read_as_people_write_them() -> None:
    found = next(one for _, one in with_metric(GOOD[7]).key_results()).metric
    assert found is not None
    assert (found.start, found.target) == (2.1, 1.2)


@pytest.mark.parametrize(
    ("metric", "field", "words"),
    [
        ("NPS", "metric", "write what measures it"),
        ("{start: 1, target: 2}", "metric", "it does not say how it is measured; write one of"),
        ("{checkin: true, start: 2, target: 2}", "metric.target", "is 2, the same as the start"),
        ("{checkin: true, start: many}", "metric.start", "'many' is not a number; write it as 45 or 2.1"),
        ("{checkin: true, traget: 3}", "metric.traget", "Did you mean 'target'?"),
        ("{jgl: x}", "metric.jgl", "Did you mean 'jql'?"),
        ("{jql: project = PAY, csv: a.csv}", "metric.csv", "one way to measure is enough"),
        ("{jql: }", "metric.jql", "it is empty"),
        (
            "{jql: project = PAY AND assignee = ann}",
            "metric.jql",
            "'assignee' would make it a figure about individuals",
        ),
        ("{jql: project = PAY AND reporter in (currentUser())}", "metric.jql", "a figure about individuals"),
        ("{jql: 'project = PAY AND \"Assignee\" = ann'}", "metric.jql", "a figure about individuals"),
        ("{jql: project = PAY AND status changed to Done by ann}", "metric.jql", "'by' would make it a figure"),
        ("{jql: project = PAY) OR (project = HR}", "metric.jql", "brackets or quotes do not match"),
        ("{jql: project = PAY ORDER BY created}", "metric.jql", "delete ORDER BY"),
        ("{jql: project = PAY, sum: a, average: b}", "metric.average", "delete one of the two"),
        ("{jql: project = PAY, where: [a = b]}", "metric.where", "there is no 'where' alongside `jql`"),
        ("{hubspot: contacts}", "metric.hubspot", "deals or tickets is needed"),
        ("{hubspot: deals, where: [hubspot_owner_id = 7]}", "metric.where", "a figure about individuals"),
        ("{hubspot: deals, where: [dealstage]}", "metric.where", "'dealstage' is not a condition"),
        ("{hubspot: deals, where: [a = 1, b = 1, c = 1, d = 1, e = 1]}", "metric.where", "at most 4 conditions"),
        ("{hubspot: deals, median_days: createdate}", "metric.median_days", "two date properties"),
        ("{sql: DROP TABLE x, database: w}", "metric.sql", "begins with SELECT or WITH"),
        ("{sql: SELECT 1; DROP TABLE x, database: w}", "metric.sql", "without a semicolon inside"),
        ("{sql: SELECT 1}", "metric.database", "is missing; name one of metrics.databases"),
        ("{csv: a.csv}", "metric.column", "is missing; write the name of the column"),
        ("{csv: a.csv, column: b, row: 3}", "metric.row", "write `row: last`"),
    ],
)
def test_each_fault_says_file_line_what_is_wrong_and_what_to_write(metric: str, field: str, words: str) -> None:
    with pytest.raises(RegisterError) as caught:
        with_metric(metric)
    lines = [line for line in str(caught.value).splitlines() if words in line]
    assert lines, str(caught.value)
    assert lines[0].startswith(f"okrs.yaml, line 11: objectives[0].key_results[0].{field}: ")


def test_a_change_reads_as_one_line_a_word_of_the_metric() -> None:
    before, after = with_metric("{checkin: true, start: 31, target: 45}"), with_metric(GOOD[8])
    assert in_words(before, after) == [
        "O1.1: metric.checkin: true -> none",
        "O1.1: metric.column: none -> churn",
        "O1.1: metric.csv: none -> numbers/churn.csv",
        "O1.1: metric.start: 31.0 -> none",
        "O1.1: metric.target: 45.0 -> none",
    ]


def test_what_somebody_kept_under_that_name_before_stays_readable() -> None:
    found = stored(FILE.replace("METRIC", "NPS"), 1)
    assert next(one for _, one in found.key_results()).metric is None


OUTCOME = FILE.replace("METRIC", "{checkin: true, start: 2, target: 1}").replace(
    "    key_results:", "    outcome: OUTCOME\n    key_results:"
)


def with_outcome(outcome: str) -> str:
    return OUTCOME.replace("OUTCOME", outcome)


@pytest.mark.parametrize("outcome", [one for one in GOOD if "start" in one and "target" in one])
def test_an_objective_carries_an_outcome_in_the_words_of_a_metric(outcome: str) -> None:
    register = parse(with_outcome(outcome))
    assert [one.key for one in register.measured()] == ["O1", "O1.1"]
    assert register.objectives[0].metric == register.objectives[0].outcome
    assert rebuild(flatten(register)) == register


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        ("{checkin: true, start: 0}", "outcome: `target` is missing; write where the outcome should be"),
        ("{checkin: true, target: 5}", "outcome: `start` is missing; write where the outcome is now"),
        ("{start: 0, target: 5}", "outcome: it does not say how it is measured"),
        ("{checkin: true, start: 5, target: 5}", "outcome.target: is 5, the same as the start"),
        ('{jql: "assignee = ann", start: 0, target: 5}', "outcome.jql: "),
        ("{checkin: true, start: 0, target: 5, colum: a}", "outcome.colum: there is no 'colum'"),
        ("5", "outcome: write what measures it"),
    ],
)
def test_faults_of_an_outcome_are_said_as_a_metric_s_are(outcome: str, said: str) -> None:
    with pytest.raises(RegisterError) as error:
        parse(with_outcome(outcome))
    assert f"line 7: objectives[0].{said}" in " ".join(str(error.value).split())


def test_an_outcome_is_another_number_than_its_key_results() -> None:
    same = "{csv: churn.csv, column: churn, start: 2, target: 1}"
    text = with_outcome(same).replace("{checkin: true, start: 2, target: 1}", same)
    with pytest.raises(RegisterError, match=r"is the same number as O1\.1"):
        parse(text)


def test_a_change_of_an_outcome_reads_word_by_word() -> None:
    old, new = (parse(with_outcome(f"{{checkin: true, start: 3, target: {target}}}")) for target in (1, 2))
    assert in_words(old, new) == ["O1: outcome.target: 1.0 -> 2.0"]
