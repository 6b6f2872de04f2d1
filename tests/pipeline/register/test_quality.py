"""The lint in the field's terms: rule, line, words, fix."""

import subprocess
import sys
from datetime import date

import pytest

from pipeline.register.document import parse
from pipeline.register.quality import Finding, findings, levels
from pipeline.register.yaml_nodes import Document

HEAD = """period: {name: Q3, start: 2026-07-01, end: 2026-09-30}
teams: [{key: app, name: App}]
objectives:
"""


def objective(key: str, *key_results: str, priority: int = 1, more: str = ", owner: ana@x.example") -> str:
    lines = [f"  - {{key: {key}, title: Customers stay, priority: {priority}{more}, key_results: ["]
    lines += [f"      {{key: {key}.{n}, {one}}}," for n, one in enumerate(key_results, 1)]
    return "\n".join([*lines, "    ]}", ""])


def linted(*objectives: str, head: str = HEAD) -> list[Finding]:
    text = head + "".join(objectives)
    return findings(parse(text), Document(text))


GOOD = 'title: "Churn from 2 % to 1 %"'


@pytest.mark.parametrize(
    ("title", "metric", "differs"),
    [
        ("NPS from 31 to 45", "start: 31, target: 50", True),
        ("NPS 45 (31 today)", "start: 31, target: 40", True),
        ("Claims in the portal: 12 % → 40 %", "start: 12, target: 45", True),
        ("NPS from 31 to 45", "start: 31, target: 45", False),
        ("Churn from 2,1 % to 1,2 %", "start: 2.1, target: 1.2", False),
        ("Churn from 2.1 % to 1.2 %", "start: 0.021, target: 0.012", False),
        ("Open bugs from 40 to 0", "start: 40, target: 0", False),
        ("ARR from 1.2 m EUR to 2.5 m EUR", "start: 1200000, target: 2500000", False),
        ("Residual lead connections from 1,140 to 500", "start: 1140, target: 500", False),
        ("From signed contract to the first bike in 14 days (34 today)", "start: 34, target: 14", False),
        ("Revenue up 20 %", "start: 100, target: 120", False),
        (
            "Sign 25 employers",
            "start: 0, target: 30",
            False,
        ),  # no from and to: 25 may be what is said of something else
    ],
)
def test_a_title_that_names_another_target_than_its_metric_is_told(title: str, metric: str, differs: bool) -> None:
    found = linted(objective("O1", f'title: "{title}", metric: {{checkin: true, {metric}}}'))
    assert ("other-target" in {one.rule for one in found}) == differs


def test_what_is_well_written_is_left_alone() -> None:
    assert linted(objective("O1", GOOD, 'title: "Sign ten hospitals"', "title: ISO 27001 certificate")) == []


@pytest.mark.parametrize(
    ("key_result", "rule", "words"),
    [
        ("title: Launch three campaigns", "activity", ("Launch",)),
        ("title: Improve customer satisfaction", "no-number", ("Improve customer satisfaction",)),
        ('title: "Churn below 2 %"', "no-baseline", ("2 %",)),
        (GOOD + ', owner: "Ana and Bo"', "several-owners", ("Ana", "Bo")),
    ],
)
def test_each_finding_has_its_rule_line_words_and_fix(key_result: str, rule: str, words: tuple[str, ...]) -> None:
    (found,) = linted(objective("O1", GOOD, key_result))
    assert (found.rule, found.line, found.key, found.words) == (rule, 6, "O1.2", words)
    assert found.fix


def test_an_objectives_owner_answers_for_its_key_results() -> None:
    assert linted(objective("O1", GOOD)) == []
    (found,) = linted(objective("O1", GOOD, more=""))
    assert found.rule == "no-owner"
    assert linted(objective("O1", GOOD + ", owner: ana@x.example", more="")) == []


def test_who_answers_for_it_and_is_in_no_team_any_more_is_said() -> None:
    # getsentry/sentry #30776, metabase #56053 and #60253: who has left is still written to.
    there = "{email: ANA@x.example, formerly: ana.old@x.example, to: 2026-08-31}"
    head = HEAD.replace(
        "{key: app, name: App}", f"{{key: app, name: App, lead: ben@x.example, members: [{there}, ben@x.example]}}"
    )
    text = head + objective("O1", f"{GOOD}, owner: ana.old@x.example", f"{GOOD}, accepted: [left]")
    said = findings(parse(text), Document(text), date(2026, 9, 1))
    assert [(one.rule, one.key, one.words) for one in said] == [
        ("left", "O1", ("ana@x.example",)),
        ("left", "O1.1", ("ana.old@x.example",)),
    ]
    assert findings(parse(text), Document(text), date(2026, 8, 31)) == []
    moved = text.replace("ben@x.example]", "ben@x.example]}, {key: ops, name: Ops, members: [ana@x.example]")
    assert findings(parse(moved), Document(moved), date(2026, 9, 1)) == []


def test_a_long_period_needs_days_and_a_quarter_has_one() -> None:
    year = HEAD.replace("2026-09-30", "2027-06-30")
    assert [one.rule for one in linted(objective("O1", GOOD), head=year)] == ["no-date"]
    dated = (GOOD + ", due: 2026-12-31", 'title: "Churn from 2 % to 1 % by March"')
    assert linted(objective("O1", *dated), head=year) == []
    guess = linted(objective("O1", GOOD + ", due: 01/09/2026"))
    assert [(one.rule, one.words) for one in guess] == [("unread-date", ("01/09/2026",))]


def test_more_than_five_are_too_many_for_a_team_or_an_objective() -> None:
    five = [objective(f"O{n}", *[GOOD] * 5, priority=n) for n in range(1, 6)]
    assert linted(*five) == []
    assert [one.rule for one in linted(*five, objective("O6", GOOD, priority=6))] == ["too-many-objectives"]
    theirs = objective("T1", GOOD, priority=6, more=", owner: a@x.example, level: team, team: app")
    assert linted(*five, theirs) == []
    assert [one.rule for one in linted(objective("O1", *[GOOD] * 6))] == ["too-many-key-results"]


@pytest.mark.parametrize(
    ("priorities", "found"),
    [
        ((1, 1, 1), True),
        ((1, 1, 1, 2), True),
        ((1, 2, 3), False),
        ((1, 1, 2), False),
        ((1, 2, 2, 2), False),
        ((1, 1), False),
    ],
)
def test_objectives_that_are_all_at_the_top_are_said(priorities: tuple[int, ...], found: bool) -> None:
    rows = [objective(f"O{n}", GOOD, priority=priority) for n, priority in enumerate(priorities)]
    assert [one.rule for one in linted(*rows)] == ["all-at-the-top"] * found


def test_effective_priorities_are_one_where_all_are_the_same_and_all_where_none_are() -> None:
    assert levels([1, 1, 1]) == pytest.approx(1)
    assert levels([1, 2, 3, 4]) == pytest.approx(4)


def test_what_was_accepted_is_not_said_again() -> None:
    assert linted(objective("O1", "title: Launch three campaigns, accepted: [activity]")) == []


def test_a_title_of_one_word_is_read_in_the_language_of_the_others() -> None:
    german = ('title: "Die Fluktuation sinkt von 18 auf 9 %"', 'title: "Anteil der Rückläufer von 9 auf 5 %"')
    found = linted(objective("O1", *german, "title: Migration"))
    assert [one.rule for one in found] == ["activity"]


def test_lint_answers_at_once_since_it_loads_neither_the_app_nor_a_client() -> None:
    loaded = "import sys, leeway.okrs_lint; sys.exit(bool({'leeway.app', 'httpx', 'alerts'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", loaded], check=False).returncode == 0
