"""effort.csv and periods.yaml in, events.jsonl out."""

import csv
import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.drift.organisation import OBJECTIVES, SOURCES, Case, generate
from pipeline.drift.detector import Detector
from pipeline.files import InputError, write_jsonl
from pipeline.offline.detect import as_row, read_effort, read_periods
from pipeline.offline.remarks import remarks

HEADER = "date,person,team,source,objective,person_days\n"


def test_the_files_hold_what_the_arrays_held(tmp_path: Path) -> None:
    o = generate(Case("step", 12, 30), seed=3)
    path, periods = tmp_path / "effort.csv", tmp_path / "periods.yaml"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER.strip().split(","))
        for d, day in enumerate(o.days):
            for p, team in enumerate(o.teams):
                for k, objective in enumerate([*OBJECTIVES, ""]):
                    if o.effort[k, p, d]:
                        writer.writerow([day, f"p{p:03d}", team, SOURCES[0], objective, o.effort[k, p, d]])
    periods.write_text("- {start: 2025-01-06, end: '2026-01-01', priority: {O1: 1, O2: 2, O3: 3, O4: 4, O5: 5}}\n")
    seen = read_effort(path)
    assert seen.days == o.days
    assert list(seen.teams) == o.teams
    assert abs(seen.effort - o.effort).max() < 1e-9
    events = Detector(seen, read_periods(periods)).run()
    write_jsonl(tmp_path / "events.jsonl", map(as_row, events))
    rows = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert rows
    keys = {"at", "kind", "scope", "severity", "start", "before", "after", "low", "high", "absorbed_by"}
    assert all(keys <= set(row) for row in rows)
    assert [row["at"] for row in rows] == sorted(row["at"] for row in rows)


def test_a_weekends_work_counts_with_the_friday(tmp_path: Path) -> None:
    path = tmp_path / "effort.csv"
    path.write_text(HEADER + "2026-07-10,a,t,jira,O1,0.5\n2026-07-11,a,t,jira,O1,0.25\n2026-07-12,a,t,jira,,0.25\n")
    seen = read_effort(path)
    assert seen.days == [date(2026, 7, 10)]
    assert seen.effort[:, 0, 0].tolist() == [0.75, 0.25]


@pytest.mark.parametrize(("off", "first_off"), [({4, 5}, 4), ({5, 6}, 5), ({6}, 6), (set(), None), ({3, 4}, 3)])
def test_the_weekend_is_the_one_of_those_who_work(tmp_path: Path, off: set[int], first_off: int | None) -> None:
    days = [date(2026, 1, 5) + timedelta(days=n) for n in range(70)]
    # Now and then somebody works on a day off: it counts with the last working day, never with one that begins later.
    rows = [
        f"{day},p{p},t,jira,O1,1"
        for p in range(8)
        for day in days
        if day.weekday() not in off or (p, day.day) == (1, 9)
    ]
    path = tmp_path / "effort.csv"
    path.write_text(HEADER + "\n".join(rows) + "\n")
    seen = read_effort(path)
    assert list(seen.days) == [day for day in days if day.weekday() not in off]
    assert seen.total.sum() == len(rows)
    assert all(total >= 8 for total in seen.total.sum(0))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("soon,a,t,jira,O1,1", "line 2: date: 'soon'"),
        ("2026-07-10,a,t,jira,O1,much", "line 2: person_days: 'much'"),
        ("2026-07-10,a,t,jira,O1,nan", "line 2: person_days: 'nan'"),
        ("2026-07-10,a", "line 2: too few columns"),
        ("", "no effort in it"),
        ("2026-07-10,a,t,jira,O1,0", "no effort in it"),
        ("2026-07-10, ,t,jira,O1,1", "line 2: person: "),
        ("2026-07-10,a,Company ,jira,O1,1", "line 2: team: 'Company' stands for all teams together"),
        ("2026-07-10,a,t,jira,O1,1\n2026-07-10,a,t,jira,o1,1", "line 3: objective: 'o1' is spelt 'O1' in line 2"),
        ("2026-07-10,a,App,jira,O1,1\n\n2026-07-10,b,APP,jira,O1,1", "line 4: team: 'APP' is spelt 'App' in line 2"),
    ],
)
def test_a_broken_row_is_named(tmp_path: Path, row: str, said: str) -> None:
    path = tmp_path / "effort.csv"
    path.write_text(HEADER + row + "\n")
    with pytest.raises(InputError) as caught:
        read_effort(path)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}", "expected a list"),
        ("- {start: x, priority: {O1: 1}}", "entry 1: start: 'x'"),
        ("- {start: 2026-01-01}", "entry 1: needs"),
        ("- {start: 2026-01-01, priority: {O1: 0}}", "entry 1: priority: ranks"),
        ("[", "not valid YAML"),
        ("- {start: 2026-01-01, priority: {O1: 1, O1: 2}}", "O1: is given twice"),  # pyyaml #165, yacs #17
        ("- {start: 2026-01-01, priority: {O1: yes}}", "whole numbers, 1 or more"),
        ("- {start: 2026-01-01, priority: {O1: 1, o1: 2}}", "entry 1: priority: 'o1' is spelt 'O1' in entry 1"),
        ("- {start: 2026-01-01, priority: {O1: 1}}\n- {start: 2026-01-01, priority: {O2: 1}}", "entry 2: start: "),
        ("- {start: 2026-02-30, priority: {O1: 1}}", "entry 1: start: '2026-02-30'"),
    ],
)
def test_broken_periods_are_named(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "periods.yaml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_periods(path)
    assert said in str(caught.value)


def test_a_name_is_one_however_it_is_written_openaev_7558(tmp_path: Path) -> None:
    """Blanks around it, two of them within, accents in two pieces, a mark that nobody sees; of a person capitals too."""
    path = tmp_path / "effort.csv"
    names = [
        ("a@x.example", "Café  au lait", "O1"),
        (" A@X.example", "Cafe\u0301 au lait ", " O1"),
        ("a@x.example", "\u200bCafé au lait", "O1\ufeff"),
    ]
    path.write_text(
        HEADER + "".join(f"2026-07-{n:02},{who},{team},jira, {key},1\n" for n, (who, team, key) in enumerate(names, 6))
    )
    seen = read_effort(path)
    assert (seen.people, seen.teams, seen.objectives) == (["a@x.example"], ["Café au lait"], ["O1"])
    assert seen.effort[0, 0].tolist() == [1, 1, 1]


def test_keys_of_periods_are_what_is_written_and_no_number_or_truth(tmp_path: Path) -> None:
    path = tmp_path / "periods.yaml"
    path.write_text("- start: 2026-01-01\n  priority: {NO: 1, 1.10: 2, 010: 3, 'O 4 ': 4}\n")
    assert read_periods(path)[0].rank == {"NO": 1, "1.10": 2, "010": 3, "O 4": 4}


@pytest.mark.parametrize(
    ("priority", "start", "said"),
    [
        ("{O1: 1, O9: 2}", "2026-01-01", "there is no work on 'O9', which has rank 2; the effort names O1."),
        ("{O1: 1}", "2027-01-01", "lies in a period"),
        ("{O1: 4}", "2026-01-01", "no objective has rank 1, 2 or 3"),
        ("{O1: 1}", "2026-01-01", None),
    ],
)
def test_a_file_in_which_nothing_can_be_found_says_why(
    tmp_path: Path, priority: str, start: str, said: str | None
) -> None:
    effort, periods = tmp_path / "effort.csv", tmp_path / "periods.yaml"
    effort.write_text(HEADER + "".join(",".join(row) + "\n" for row in small_company()))
    periods.write_text(f"- {{start: {start}, priority: {priority}}}\n")
    found = remarks(read_effort(effort), read_periods(periods))
    assert len(found) == (said is not None)
    assert all(said in one for one in found if said)


@pytest.mark.parametrize(
    ("day_of", "said"),
    [
        (lambda day: day - timedelta(days=day.weekday()), "12 days, most of them a week or more apart"),
        (lambda day: day + timedelta(days=6 - day.weekday()), "12 days, most of them a week or more apart"),
        (lambda day: day, None),
    ],
)
def test_a_file_of_weekly_sums_is_said_to_be_one_prophet_59(
    tmp_path: Path, day_of: Callable[[date], date], said: str | None
) -> None:
    effort, periods = tmp_path / "effort.csv", tmp_path / "periods.yaml"
    rows = [[str(day_of(date.fromisoformat(row[0]))), *row[1:]] for row in small_company() if row[0] < "2026-03-28"]
    effort.write_text(HEADER + "".join(",".join(row) + "\n" for row in rows))
    periods.write_text("- {start: 2026-01-01, priority: {O1: 1}}\n")
    found = remarks(read_effort(effort), read_periods(periods))
    assert any(said in one for one in found) if said else found == []


def test_a_time_of_which_nothing_is_known_is_said_causmos_57(tmp_path: Path) -> None:
    effort, periods = tmp_path / "effort.csv", tmp_path / "periods.yaml"
    rows = [row for row in small_company() if not "2026-02-16" <= row[0] < "2026-03-13"]
    effort.write_text(HEADER + "".join(",".join(row) + "\n" for row in rows))
    periods.write_text("- {start: 2026-01-01, priority: {O1: 1}}\n")
    found = remarks(read_effort(effort), read_periods(periods))
    assert [one for one in found if "there is no data between 2026-02-13 and 2026-03-13" in one]


@pytest.mark.parametrize(
    ("team", "from_", "said"), [("run", "2026-02-16", True), ("", "2026-01-01", False), ("none", "", False)]
)
def test_hours_among_person_days_are_said_jira_assistant_185(tmp_path: Path, team: str, from_: str, said: bool) -> None:
    """A team that counts eight times makes a fall of 24 points one of 37; a file all in hours tells what it would in days."""
    effort, periods = tmp_path / "effort.csv", tmp_path / "periods.yaml"
    rows = [[*row[:5], "8" if team in ("", row[2]) and row[0] >= from_ else "1"] for row in small_company()]
    effort.write_text(HEADER + "".join(",".join(row) + "\n" for row in rows))
    periods.write_text("- {start: 2026-01-01, priority: {O1: 1}}\n")
    found = remarks(read_effort(effort), read_periods(periods))
    assert any(one.startswith("105 days of a person in run are more than 3.5 times") for one in found) == said
    assert len(found) == said


def test_people_who_are_all_called_otherwise_from_a_day_on_are_said_catalogi_422(tmp_path: Path) -> None:
    """Who has another address, or number, since the new payroll system is compared with nobody: a fall would be lost."""
    effort, periods = tmp_path / "effort.csv", tmp_path / "periods.yaml"
    rows = [[row[0], row[1] + ("@new" if row[0] >= "2026-03-09" else ""), *row[2:]] for row in small_company()]
    effort.write_text(HEADER + "".join(",".join(row) + "\n" for row in rows))
    periods.write_text("- {start: 2026-01-01, priority: {O1: 1}}\n")
    found = remarks(read_effort(effort), read_periods(periods))
    assert [one for one in found if "from 2026-03-09 on" in one and "0 of 8" in one]


@pytest.mark.parametrize(("called", "gone", "said"), [(2, 0, True), (1, 0, False), (0, 2, False)])
def test_some_who_are_called_otherwise_from_a_day_on_are_said(
    tmp_path: Path, called: int, gone: int, said: bool
) -> None:
    """One site's people have new numbers: nothing tells them from people who left and others who came."""
    effort, periods = tmp_path / "effort.csv", tmp_path / "periods.yaml"
    rows = small_company()
    some = sorted({row[1] for row in rows})
    new = {name: f"{name}@new" for name in some[:called]} | dict.fromkeys(some[:gone], "")
    rows = [[row[0], new.get(row[1], row[1]) if row[0] >= "2026-03-09" else row[1], *row[2:]] for row in rows]
    effort.write_text(HEADER + "".join(",".join(row) + "\n" for row in rows if row[1]))
    periods.write_text("- {start: 2026-01-01, priority: {O1: 1}}\n")
    found = remarks(read_effort(effort), read_periods(periods))
    told = "around 2026-03-09 2 new people appear and 2 earlier ones are not seen again, of 8"
    assert any(one.startswith(told) for one in found) == said
    assert len(found) == said


def test_objectives_that_differ_from_the_periods_in_capitals_alone_are_refused(tmp_path: Path) -> None:
    effort, periods = tmp_path / "effort.csv", tmp_path / "periods.yaml"
    effort.write_text(HEADER + "".join(",".join(row) + "\n" for row in small_company()))
    periods.write_text("- {start: 2026-01-01, priority: {o1: 1}}\n")
    with pytest.raises(InputError, match="'o1' is spelt 'O1' in the effort"):
        remarks(read_effort(effort), read_periods(periods))


def test_few_days_people_and_periods_that_cut_each_other_are_said(tmp_path: Path) -> None:
    effort, periods = tmp_path / "effort.csv", tmp_path / "periods.yaml"
    effort.write_text(HEADER + "".join(",".join(row) + "\n" for row in small_company()[:80] if row[1] in ("p1", "p7")))
    periods.write_text(
        "- {start: 2026-01-01, end: 2027-01-01, priority: {O1: 1}}\n- {start: 2026-02-01, end: 2026-03-01, priority: {O1: 1}}\n"
    )
    found = " ".join(remarks(read_effort(effort), read_periods(periods)))
    for said in (
        "10 working days",
        "2 people",
        "the period from 2026-01-01 ends with the next one's start, 2026-02-01",
    ):
        assert said in found


def test_what_no_memory_holds_is_refused_with_what_there_is_too_much_of(tmp_path: Path) -> None:
    path = tmp_path / "effort.csv"
    days = [date(2026, 1, 5) + timedelta(days=n) for n in range(1100)]
    path.write_text(HEADER + "".join(f"{day},p{n},t,jira,PAY-{n},1\n" for n, day in enumerate(days)))
    with pytest.raises(InputError, match=r"1100 objectives.*is it an item"):
        read_effort(path)


def test_low_coverage_is_a_data_fault(tmp_path: Path) -> None:
    days = [date.fromordinal(date(2026, 1, 5).toordinal() + n) for n in range(84)]
    days = [day for day in days if day.weekday() < 5]
    effort, capacity = tmp_path / "effort.csv", tmp_path / "capacity.csv"
    rows = [f"{day},p{p},t,jira,O1,{0.3 if n >= 50 else 1}\n" for n, day in enumerate(days) for p in range(8)]
    effort.write_text(HEADER + "".join(rows))
    capacity.write_text("date,person,person_days\n" + "".join(f"{day},p{p},1\n" for day in days for p in range(8)))
    periods = tmp_path / "periods.yaml"
    periods.write_text("- {start: 2026-01-01, end: 2027-01-01, priority: {O1: 1}}")
    events = Detector(read_effort(effort, capacity), read_periods(periods)).run()
    assert [(event.kind, event.subject) for event in events] == [("data", "coverage")]


@pytest.mark.parametrize("beyond", ["capacity", "zeros"])
def test_days_that_are_yet_to_come_make_no_source_silent_chaos_genius_413(tmp_path: Path, beyond: str) -> None:
    """A capacity of the whole year, or a form with a 0 on each day of it."""
    effort, capacity, periods = (tmp_path / name for name in ("effort.csv", "capacity.csv", "periods.yaml"))
    days = [str(date(2025, 11, 3) + timedelta(days=n)) for n in range(200)]
    rows = [row for row in small_company() if row[0] < "2026-02-10"]
    rows += [[day, "p1", "build", "jira", "O1", "0"] for day in days if beyond == "zeros"]
    effort.write_text(HEADER + "".join(",".join(row) + "\n" for row in rows))
    capacity.write_text("date,person,person_days\n" + "".join(f"{day},p1,1\n" for day in days))
    periods.write_text("- {start: 2025-01-01, priority: {O1: 1}}\n")
    seen = read_effort(effort, capacity if beyond == "capacity" else None)
    assert (str(seen.days[0]), str(seen.days[-1])) == ("2026-01-05", "2026-02-09")
    assert Detector(seen, read_periods(periods)).run() == []


WORKDAYS = [day for n in range(90) if (day := date.fromordinal(date(2026, 1, 5).toordinal() + n)).weekday() < 5]
PEOPLE = 8
ODD = st.sampled_from(
    ["", "nan", "inf", "-1", "0", "1e308", "company", "2026-13-01", "0001-01-01", "9999-12-31", '"', "\0", "a\tb", "é"]
)


def small_company() -> list[list[str]]:
    """Rows of two teams: from day 40 on one of them does something else."""
    return [
        [
            str(day),
            f"p{p}",
            "build" if p < 5 else "run",
            "jira",
            "O1" if (p + n) % 3 and not (p < 5 and n > 40) else "",
            "1",
        ]
        for n, day in enumerate(WORKDAYS)
        for p in range(PEOPLE)
    ]


@given(
    weeks=st.sets(st.integers(0, 17), max_size=6),
    people=st.sets(st.integers(0, PEOPLE - 1), max_size=PEOPLE - 1),
    last=st.integers(1, len(WORKDAYS)),
    cells=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 5), ODD), max_size=1),
    end=st.sampled_from(["2026-01-06", "2026-02-20", "2027-01-01"]),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_missing_or_odd_there_is_a_sentence_or_lines_of_json(
    tmp_path: Path, weeks: set[int], people: set[int], last: int, cells: list[tuple[int, int, str]], end: str
) -> None:
    gone = {str(day) for n, day in enumerate(WORKDAYS) if n // 5 in weeks or n >= last}
    rows = [row for row in small_company() if row[0] not in gone and int(row[1][1:]) not in people]
    for place, column, text in cells:
        if rows:
            rows[place % len(rows)][column] = text
    effort, periods = tmp_path / "effort.csv", tmp_path / "periods.yaml"
    effort.write_text(HEADER + "".join(",".join(row) + "\n" for row in rows))
    periods.write_text(f"- {{start: 2026-01-01, end: {end}, priority: {{O1: 1}}}}\n")
    try:
        detector = Detector(read_effort(effort), read_periods(periods))
    except InputError:
        return
    for event in detector.run():
        json.dumps(as_row(event), allow_nan=False)
        assert event.at < date.fromisoformat(end) or event.kind != "drift"
    assert not detector.failed
