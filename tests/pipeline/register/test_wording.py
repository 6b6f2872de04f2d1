"""Activity against outcome, numbers and dates: what people write, in four languages."""

import csv
from collections import defaultdict
from pathlib import Path

import pytest

from benchmarks.lint.run import labelled, rules, scores
from pipeline.register.lexicon import LANGUAGES, lexicon
from pipeline.register.quality import owners
from pipeline.register.suggest import suggest
from pipeline.register.wording import read_wording

SET = Path(__file__).parents[3] / "benchmarks" / "lint"


@pytest.mark.parametrize("language", LANGUAGES)
def test_activities_are_told_from_outcomes_in_what_people_write(language: str) -> None:
    rows = [row for part in ("build", "aside") for row in labelled(part, None) if row["language"] == language]
    said = [(read_wording(row["text"]).kind == "activity", row["kind"] == "activity") for row in rows]
    assert len(rows) > 40
    assert scores(said)[2] > 0.85


def test_each_rule_is_mostly_right_where_it_speaks() -> None:
    pairs = defaultdict(list)
    for row in (row for part in ("build", "aside") for row in labelled(part, None)):
        for rule, pair in rules(row, read_wording(row["text"])).items():
            pairs[rule].append(pair)
    assert {rule: round(scores(some)[0], 2) for rule, some in pairs.items() if scores(some)[0] < 0.85} == {}


def test_owners_are_counted_as_people_write_them() -> None:
    with (SET / "owners.csv").open(encoding="utf-8", newline="") as file:
        rows = [(row["owner"], int(row["people"])) for row in csv.DictReader(file)]
    wrong = [
        (text, owners(text, ["Fleet & Firmware"]))
        for text, people in rows
        if (len(owners(text, ["Fleet & Firmware"])) > 1) != (people > 1)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Launch three campaigns", "Launch"),
        ("Ship the new dashboard", "Ship"),
        ("Drei Kampagnen starten", "starten"),
        ("Lanzar tres campañas", "Lanzar"),
        ("Lancer trois campagnes", "Lancer"),
        ("Five new integrations shipped", "shipped"),
    ],
)
def test_the_words_that_decided_are_named_as_they_are_written(text: str, words: str) -> None:
    assert words in read_wording(text).triggers


@pytest.mark.parametrize(
    "text",
    [
        "Ship errors per thousand parcels below 2",
        "Release lead time under one day",
        "The works run through a power cut of 24 hours",
        "Half of all support questions are answered by the help centre",
        "Launch week brings 10,000 sign-ups in the first month",
    ],
)
def test_a_measure_that_begins_like_a_verb_is_no_activity(text: str) -> None:
    assert read_wording(text).kind == "outcome"


@pytest.mark.parametrize(
    ("text", "values", "baseline"),
    [
        ("Churn from 2.1 % to 1,2 %", [2.1, 1.2], "given"),
        ("Umsatz von 1.200.000 € auf 1,5 Millionen", [1_200_000, 1_500_000], "given"),
        ("NPS 45 (31 today)", [45, 31], "given"),
        ("Trial-to-paid 4 % -> 7 %", [4, 7], "given"),
        ("Churn below 2 %", [2], "missing"),
        ("Sign 25 employers", [25], "zero"),
        ("ISO 27001 certificate by September", [], ""),
        ("p95 of the API in Q3 2026", [], ""),
        ("No accident for 90 days", [90], "zero"),
        ("Speak at the fairs that bring sales: 2 keynotes", [2], "zero"),
        ("Field sales: reach $3m net new ARR", [3e6], "zero"),
        ("Grow the team by May: +2 engineers, +1 designer", [2, 1], "zero"),
        ("Bookings at 120 % of plan", [120], "zero"),
        ("Umsatz bei 110 % vom Plan", [110], "zero"),
        ("Deliver 652 leads to sales, 28 % more than last quarter", [652, 28], "given"),
        ("Conversion 7 by spring", [7], "missing"),
        ("Increase sessions to 500 visits", [500], "missing"),
    ],
)
def test_numbers_are_read_and_names_with_digits_are_not(text: str, values: list[float], baseline: str) -> None:
    read = read_wording(text)
    assert [one.value for one in read.measure.amounts] == values
    assert read.measure.baseline == baseline


@pytest.mark.parametrize(
    ("text", "better"),
    [
        (
            "Ship the new dashboard",
            "The new dashboard: share of users who work with it every week from [today] to [target] %",
        ),
        ("Drei Kampagnen starten", "Drei Kampagnen: dadurch gewonnene Kunden von [heute] auf [Ziel] im Monat"),
        ("Publish 12 posts to increase traffic", "Increase traffic from [today] to [target]"),
        ("Investigate why trials stall", None),
        ("Churn below 2 %", None),
    ],
)
def test_a_suggestion_is_made_of_the_key_results_own_words(text: str, better: str | None) -> None:
    assert suggest(read_wording(text)) == better


def test_no_suggestion_is_shown_that_the_same_rules_would_fault() -> None:
    shown = 0
    for row in (row for part in ("build", "aside") for row in labelled(part, None)):
        read = read_wording(row["text"])
        better = suggest(read)
        if better is not None:
            shown += 1
            known = lexicon(read.language).suggest
            again = read_wording(better.replace(known["today"], "3").replace(known["target"], "5"), read.language)
            assert (again.kind, again.measure.baseline) == ("outcome", "given"), better
    assert shown > 60
