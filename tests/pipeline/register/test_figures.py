"""One rule for numbers as people write them; what can be read in two ways is never guessed at."""

from contextlib import nullcontext
from pathlib import Path

import pytest

from pipeline.progress.cannot import CannotMeasure, check_scale, number_of
from pipeline.progress.csv_number import csv_number
from pipeline.register.document import RegisterError, parse
from pipeline.register.figures import beside, exactly, figure, shown, written
from pipeline.register.metric import Metric
from tests.pipeline.register.test_metrics import with_metric
from tests.pipeline.register.test_plans import GOOD as PLANS

WRITTEN = {
    "45": 45,
    "2,1": 2.1,
    "2.1 %": 2.1,
    "0,125": 0.125,
    ".5": 0.5,
    "−5": -5,
    "12 000": 12000,
    "12\u202f000,5": 12000.5,
    "1’200": 1200,
    "1.234,5": 1234.5,
    "1,234.5": 1234.5,
    "1,234,567": 1234567,
    "1.234.567": 1234567,
    "1.234": 1.234,
    "1e3": 1000,
}


SAID = {  # all digits, and the few that are shown; the command line of turso-cli #175 and appscope #183 said 1.234567e+06
    1234567.5: ("1234567.5", "1,234,568"),
    1e17: ("100000000000000000", "100,000,000,000,000,000"),
    999.96: ("999.96", "1,000"),
    35.123456: ("35.123456", "35.12"),
    0.1 + 0.2: ("0.3", "0.3"),
    0.0000123456: ("0.0000123456", "0.00001235"),
    -0.0: ("0", "0"),
    99.999: ("99.999", "99.999"),  # a target of five nines was "100 %"
    0.99997: ("0.99997", "0.99997"),
    -12345.6: ("-12345.6", "-12,346"),
}


@pytest.mark.parametrize(("number", "said"), SAID.items())
def test_a_number_is_written_as_people_write_it(number: float, said: tuple[str, str]) -> None:
    assert (exactly(number), shown(number)) == said
    assert figure(exactly(number)) == pytest.approx(number, rel=1e-14)


def test_a_number_that_reads_as_another_has_more_digits() -> None:
    assert [beside(now, 4) for now in (3.9999, 4.0, 3.0)] == ["3.9999", "4", "3"]
    assert beside(1234567.4, 1234567.0) == "1,234,567.4"


def test_a_number_short_of_another_never_reads_as_beyond_it() -> None:
    assert [beside(now, 99.95) for now in (99.949, 99.9549, 99.95, 99.5)] == [
        "99.949",
        "99.955",
        "99.95",
        "99.5",
    ]  # "100"
    assert beside(0.123449, 0.12345) == "0.1234"


def test_what_somebody_typed_is_written_with_all_its_digits() -> None:
    assert [written(typed) for typed in (99.999, 1234567.5, 99.955, 2500000000, -5)] == [
        "99.999",
        "1,234,567.5",
        "99.955",
        "2,500,000,000",
        "-5",
    ]


@pytest.mark.parametrize(("text", "number"), WRITTEN.items())
def test_a_number_is_read_as_it_is_written_everywhere(text: str, number: float) -> None:
    assert figure(text) == number
    assert number_of(text, "it holds") == number


@pytest.mark.parametrize("text", ["1,200", "-1,200", "12,000 %"])
def test_what_may_be_two_numbers_is_asked_about(text: str) -> None:
    with pytest.raises(ValueError, match=r"may be -?12?[02]?00"):
        figure(text)
    with pytest.raises(CannotMeasure, match="may be"):
        number_of(text, "it holds")


def test_a_target_of_twelve_hundred_is_not_taken_for_one() -> None:
    with pytest.raises(RegisterError, match=r"metric\.target.*'1,200' may be 1200 or 1\.2"):
        with_metric('{checkin: true, start: 800, target: "1,200"}')


def test_a_start_that_is_the_target_in_other_words_is_one() -> None:
    with pytest.raises(RegisterError, match="the same as the start"):
        with_metric('{checkin: true, start: "2,0", target: 2 %}')


def test_person_days_of_twelve_hundred_are_not_taken_for_one() -> None:
    with pytest.raises(RegisterError, match="may be 1200 or 1"):
        parse(PLANS.replace("person_days: 26", 'person_days: "1,200"'))
    third = parse(PLANS.replace("plan: 30 %", 'plan: "33,333 %"')).objectives[0].planned
    assert third is not None
    assert third.share == pytest.approx(1 / 3, abs=1e-5)


@pytest.mark.parametrize(
    ("rows", "number"),
    [
        ("month;riders\nJul;998,5\nAug;1.012", 1012),
        ("month;riders\nJul;2.5\nAug;2.125", 2.125),
        ("month;riders\nJul;1.012.000\nAug;998.500", 998500),
        ('month,riders\nJul,998.5\nAug,"1,012"', 1012),
        ("month,riders\nJul,2\nAug,2.125", 2.125),
        ("month\triders\nJul\t-1.012,5\nAug\t-1.012", -1012),
    ],
)
def test_a_column_says_what_stands_before_its_decimals(tmp_path: Path, rows: str, number: float) -> None:
    (tmp_path / "riders.csv").write_text(rows)
    assert csv_number({"csv": str(tmp_path / "riders.csv"), "column": "riders"}, (), 1) == number


@pytest.mark.parametrize("rows", ["month;riders\nJul;998\nAug;1.012", 'month,riders\nJul,998\nAug,"1,012"'])
def test_a_column_that_does_not_say_it_is_asked_about(tmp_path: Path, rows: str) -> None:
    (tmp_path / "riders.csv").write_text(rows)
    with pytest.raises(CannotMeasure, match=r"may be 1012 or 1\.012"):
        csv_number({"csv": str(tmp_path / "riders.csv"), "column": "riders"}, (), 1)


@pytest.mark.parametrize(
    ("start", "target", "value", "refused"),
    [
        (31, 45, 0.38, True),
        (12, 2, 0.08, True),
        (12, 2, 0.8, False),
        (2.1, 1.2, 0.9, False),
        (0, 40, 0.4, False),
        (0.31, 0.45, 38, True),
        (0.31, 0.45, 0.5, False),
        (31, 45, 0, False),
    ],
)
def test_a_part_of_one_is_not_kept_as_percent(start: float, target: float, value: float, refused: bool) -> None:
    metric = Metric.model_validate({"start": start, "target": target, "unit": "%", "checkin": True})
    with pytest.raises(CannotMeasure) if refused else nullcontext():
        check_scale(metric, value)
    check_scale(metric.model_copy(update={"unit": "EUR"}), value)
