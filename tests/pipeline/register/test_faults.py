"""okrs.yaml as people break it: each fault with its line and what to write, or the same meaning; never silence."""

import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from structlog.testing import capture_logs

from models.vocabulary import COMPANY
from pipeline.register.document import Register, RegisterError, judged, parse, read, stored
from pipeline.register.faults import _RESERVED
from pipeline.register.yaml_nodes import Document

FULL = """\
company: Acme
period:
  name: Q3
  start: 2026-07-01
  end: 2026-09-30
calendar:
  country: DE
  subdivision: BY
  time_zone: Europe/Berlin
  closed:
    - 2026-08-14
teams:
  - key: app
    name: App
    lead: a@x.example
    members:
      - email: a@x.example
        part: 0.5
        country: PT
      - b@x.example
objectives:
  - key: O1
    title: Customers stay
    priority: 1
    level: company
    owner: a@x.example
    description: Why they leave
    key_results:
      - key: O1.1
        title: Churn from 2 % to 1 %
        description: Monthly, of paying customers
        owner: b@x.example
        teams:
          - app
        aliases:
          - Hafen
        scope:
          items:
            - APP-12
          labels:
            - churn
          containers:
            - churn-room
  - key: T1
    title: The app starts at once
    priority: 4
    level: team
    team: app
    parent: O1
    key_results:
      - key: T1.1
        title: Start in one second
"""
LINES = FULL.splitlines()
ENTRY = re.compile(r"( *)(- )?(\w+):(.*)")
NAMED = [number for number, line in enumerate(LINES) if ENTRY.fullmatch(line)]
VALUES = [number for number in NAMED if ENTRY.fullmatch(LINES[number])[4].strip()]  # type: ignore[index]
OTHER = (
    "7",
    "yes",
    "NO",
    "[x]",
    "{a: b}",
    "2026-02-30",
    "2026-10-01 25:00:00",
    "1.10",
    "12:30",
    "~",
    "",
    "0o17",
    "!x y",
)
WHOLE = parse(FULL)
REQUIRED = ("period", "objectives", "key", "title", "start", "end", "priority", "key_results", "email")


def taken(text: str) -> Register | list[str]:
    try:
        return parse(text)
    except RegisterError as error:
        return str(error).splitlines()


def depth(number: int) -> int:
    found = ENTRY.fullmatch(LINES[number])
    return len(LINES[number]) - len(LINES[number].lstrip()) + (2 if found and found[2] else 0)


def block(number: int) -> range:
    """The lines of an entry with all below it."""
    end = number + 1
    while end < len(LINES) and len(LINES[end]) - len(LINES[end].lstrip()) > depth(number):
        end += 1
    return range(number, end)


def names(said: Register | list[str], *lines: int) -> bool:
    assert isinstance(said, list), "it loads in silence"
    return any(f"okrs.yaml, line {number + 1}: " in one for one in said for number in lines)


@pytest.mark.parametrize("number", NAMED, ids=lambda n: f"{n + 1}-{LINES[n].strip()}")
def test_each_entry_deleted_doubled_misspelt(number: int) -> None:
    found = ENTRY.fullmatch(LINES[number])
    assert found is not None
    name, of = found[3], block(number)
    kept = [line for n, line in enumerate(LINES) if n not in of]
    if found[2] and len(of) < len(LINES) - number:  # the dash stays where it was
        first = kept[number]
        kept[number] = (
            first[: depth(number) - 2] + "- " + first.lstrip() if first.startswith(" " * depth(number)) else first
        )
    without = taken("\n".join(kept))
    if isinstance(without, Register):  # it may be left out
        assert name not in REQUIRED
    else:  # missed where it stood, or where its key is named
        assert all("okrs.yaml, line " in one for one in without)
    again = [LINES[n].replace("- ", "  ", 1) if n == number and found[2] else LINES[n] for n in of]
    assert names(taken("\n".join([*LINES[: of.stop], *again, *LINES[of.stop :]])), of.stop)
    wrong = LINES[number].replace(name, "kye" if name == "key" else name[:-2] + name[-1] + name[-2], 1)
    said = taken("\n".join([*LINES[:number], wrong, *LINES[number + 1 :]]))
    assert names(said, number)
    assert any(f"Did you mean {name!r}?" in one for one in said)  # type: ignore[union-attr]


@pytest.mark.parametrize("number", VALUES, ids=lambda n: f"{n + 1}-{LINES[n].strip()}")
def test_each_value_of_another_kind(number: int) -> None:
    found = ENTRY.fullmatch(LINES[number])
    assert found is not None
    for other in OTHER:
        text = "\n".join([*LINES[:number], LINES[number].replace(found[4], f" {other}"), *LINES[number + 1 :]])
        said = taken(text)
        if isinstance(said, Register):  # as it was written, or as if it were left out
            assert other in ("~", "") or f"{other!r}" in repr(said) or other == "7", (other, said)
        else:
            # A key that others name is missed where they name it.
            assert "okrs.yaml, line " in said[0]
            moved = found[3] == "key" or (found[3] == "country" and names(said, number + 1))
            assert moved or names(said, number), (other, said)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("key: app", "key: app\ufeff", "contains an invisible character (U+FEFF)"),
        ("- b@x.example", "- b@x.example\u200e", "so nothing matches it; type 'b@x.example' again"),
        ("start: 2026-07-01", "start: 2026-06-31", "line 4: period.start: '2026-06-31' does not exist"),
        (
            "start: 2026-07-01",
            "start: 20260701",
            "line 4: period.start: '20260701' is not a date; write it as 2026-10-01",
        ),
        ("start: 2026-07-01", "start: 01.07.2026", "line 4: period.start: "),
        ("start: 2026-07-01", "start: 2026-07-01 25:61:00", "line 4: period.start: "),
        ("start: 2026-07-01", "start: 0026-07-01", "line 4: period.start: "),
        ("- 2026-08-14", "- 2026-02-29", "line 11: calendar.closed[0]: "),
        ("country: DE", "country: XX", "line 7: calendar.country: no holidays are known for the country 'XX'"),
        ("country: DE", "country: de", "Did you mean 'DE'?"),
        ("subdivision: BY", "subdivision: BAY", "line 8: calendar.subdivision: DE has no subdivision 'BAY'"),
        ("  country: DE\n", "", "line 7: calendar.subdivision: needs a country"),
        ("time_zone: Europe/Berlin", "time_zone: Europe/Berln", "line 9: calendar.time_zone: there is no time zone"),
        ("time_zone: Europe/Berlin", "time_zone: europe/berlin", "Did you mean 'Europe/Berlin'?"),
        ("time_zone: Europe/Berlin", "time_zone: UTC+2", "line 9: "),
        ("time_zone: Europe/Berlin", "time_zone: ../../etc/passwd", "line 9: "),
        ("time_zone: Europe/Berlin", "time_zone: ''", "line 9: "),
        ("country: PT", "country: Portugl", "line 19: teams[0].members[0].country"),
        ("country: PT", "subdivision: BYE", "line 19: teams[0].members[0].subdivision: DE has no subdivision 'BYE'"),
        ("country: PT", "country: PT\n        subdivision: BY", "line 20: teams[0].members[0].subdivision: PT has no"),
        ("- b@x.example", "- A@x.example", "line 20: teams[0].members[1]: A@x.example is listed already, in line 17"),
        ("- b@x.example", "- b@x.example c@x.example", "write one address per entry"),
        ("part: 0.5", "part: 0,5", "line 18: teams[0].members[0].part: a number is needed"),
        (
            "part: 0.5",
            "days: [second friday]",
            "line 18: teams[0].members[0].days[0]: 'second friday' is not a day of the week; write friday, half",
        ),
        (
            "part: 0.5",
            "days: [half friday every 2 weeks]",
            "write friday, half friday, or friday every 2 weeks from 2026-10-09",
        ),
        (
            "part: 0.5",
            "days: [friday every 2 weeks from 2026-10-10]",
            "2026-10-10 is a Saturday; write a Friday that is worked",
        ),
        ("part: 0.5", "days: [friday every 2 weeks from 2026-02-30]", "2026-02-30 does not exist"),
        ("part: 0.5", "days: [friday every 0 weeks from 2026-10-09]", "the number of weeks must be at least 1"),
        (
            "part: 0.5",
            "days: [mon, friday, half friday]",
            "line 18: teams[0].members[0].days: half friday is given twice, as a whole or half day; delete one.",
        ),
        ("part: 0.5", "days: [mon, Monday]", "monday is given twice"),
        ("part: 0.5", "part: nan", "line 18: "),
        ("key: app", "key: company", "line 13: teams[0].key: 'company' means something else"),
        ("key: T1\n", "key: top\n", "line 44: objectives[1].key: 'top' means something else"),
        ("parent: O1", "parent: O7", "line 49: objectives[1].parent: unknown objective 'O7'"),
        ("team: app", "team: ap", "line 48: objectives[1].team: unknown team 'ap'. Did you mean 'app'?"),
        ("priority: 1", "\tpriority: 1", "line 24: not valid YAML: a tab"),
        ("title: Customers stay", "title: Customers: stay", "line 23: not valid YAML: a colon within a text"),
        ("company: Acme", "company: !!python/object/apply:os.system [id]", "line 1: company: unknown tag"),
        ("company: Acme", "company: &a [*a]", "okrs.yaml, line 1: "),
        ("company: Acme", "? [a, b]\n: c", "line 1: "),
        ("company: Acme", "company: " + "[" * 3000, "okrs.yaml, line 1: "),
        ("company: Acme", "company: A\x07", "line 1: not valid YAML: a character"),
        ("  - key: T1", "---\n  - key: T1", "okrs.yaml, line 44: "),
    ],
)
def test_what_people_write_is_refused_with_its_line(old: str, new: str, said: str) -> None:
    assert old in FULL
    told = taken(FULL.replace(old, new, 1))
    assert isinstance(told, list), "it loads in silence"
    assert any(said in one for one in told), told


def test_one_team_s_key_twice_is_refused() -> None:
    team = "  - {key: app, name: Again}\nobjectives:"
    assert names(taken(FULL.replace("objectives:", team)), 20)


def test_everything_is_told_at_once_in_the_order_of_the_file() -> None:
    text = (
        FULL.replace("2026-07-01", "2026-06-31")
        .replace("Berlin", "Berln")
        .replace("    members:", "    menbers:")
        .replace("priority: 1", "priority: high")
        .replace("- app", "- ap")
        .replace("parent: O1", "parent: O9")
    )
    said = taken(text)
    assert isinstance(said, list)
    assert [int(re.search(r"line (\d+)", one)[1]) for one in said] == [4, 9, 16, 24, 34, 49]  # type: ignore[index]


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("country: DE\n  subdivision: BY", "country: NO", ("calendar", "country", "NO")),
        ("name: App", "name: yes", ("teams", "name", "yes")),
        ("name: App", "name: 1.10", ("teams", "name", "1.10")),
        ("name: App", "name: 2026-10-01", ("teams", "name", "2026-10-01")),
        ("name: App", "name: 12:30:00", ("teams", "name", "12:30:00")),
        ("name: App", "name: |\n      App\n      and web", ("teams", "name", "App and web")),
    ],
)
def test_what_yaml_would_take_for_something_else_means_what_is_written(
    old: str, new: str, field: tuple[str, ...]
) -> None:
    register = parse(FULL.replace(old, new))
    holder = register.calendar if field[0] == "calendar" else register.teams[0]
    assert getattr(holder, field[1]) == field[2]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (
            'company: "Ac\\0me"',
            r"line 1: company: has a character that the database cannot store \('\\x00'\); delete it",
        ),
        (
            'company: "Ac\\ud83dme"',
            r"line 1: company: has a character that the database cannot store \('\\ud83d'\); delete it",
        ),
        (
            "<<<<<<< HEAD\ncompany: A\n=======\ncompany: B\n>>>>>>> x",
            "line 1: not valid YAML: git left two versions here",
        ),
    ],
)
def test_what_no_plan_can_hold_is_said_with_its_line_phoenix_9123_cocoapods_1847(written: str, said: str) -> None:
    with pytest.raises(RegisterError, match=said):
        parse(re.sub("(?m)^company: .*$", lambda _: written, FULL))


def test_anchors_and_merges_are_read_as_yaml_means_them() -> None:
    text = FULL.replace("  - key: T1\n", "  - <<: &more {level: team, team: app}\n    key: T1\n").replace(
        "    level: team\n    team: app\n", ""
    )
    assert parse(text).objectives[1] == WHOLE.objectives[1]


def test_entries_that_are_somebody_s_own_are_kept_and_said() -> None:
    text = re.sub("(    priority: .\n)", r"\1    due: 2026-12-31\n", FULL)
    with capture_logs() as logs:
        assert parse(text) == WHOLE
    assert [line["event"] for line in logs] == ["okrs.yaml, line 25: objectives[0].due: is not used by Leeway."]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-8"])
def test_a_file_says_the_same_in_each_encoding_that_names_itself(encoding: str, tmp_path: Path) -> None:
    (tmp_path / "okrs.yaml").write_bytes(FULL.replace("Acme", "Büro").replace("\n", "\r\n").encode(encoding))
    assert read(tmp_path / "okrs.yaml")[0].company == "Büro"


def test_a_file_in_another_code_page_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "okrs.yaml").write_bytes(FULL.replace("Customers", "Büro").encode("cp1252"))
    with pytest.raises(
        RegisterError, match=r"okrs.yaml, line 23: the byte fc is not UTF-8 .*'ü'.*Save the file as UTF-8"
    ):
        read(tmp_path / "okrs.yaml")


def test_what_an_older_version_loaded_opens_although_it_would_be_refused_today() -> None:
    text = (
        FULL.replace("    members:", "    menbers:")
        .replace("Berlin", "Berln")
        .replace("name: Q3", "name: Q3\n  name: Q4")
    )
    assert stored(text, 1).period.name == "Q4"


def test_the_keys_that_mean_something_else_are_the_vocabularys() -> None:
    assert _RESERVED["team"] == {COMPANY}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("key: T1.1", f"key: {'K' * 57}", "objectives[1].key_results[0].key: has 57 characters; at most 56 are kept."),
        ("Customers stay", "x" * 501, "line 23: objectives[0].title: has 501 characters; at most 500 are kept."),
        ("lead: a@x.example", f"lead: {'a' * 201}", "teams[0].lead: has 201 characters; at most 200 are kept."),
    ],
)
def test_what_the_database_has_no_room_for_is_a_fault_and_not_its_error(old: str, new: str, said: str) -> None:
    with pytest.raises(RegisterError) as caught:
        parse(FULL.replace(old, new, 1))
    assert said in str(caught.value)


def _places(value: Any, loc: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place of a file, from the top down."""
    if loc:
        yield loc
    below = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, one in below:
        yield from _places(one, (*loc, name))


EVERY = """
currency: EUR
period: {name: Q3, start: 2026-07-01, end: 2026-09-30}
calendar: {country: DE, weekend: [friday], closed: [2026-07-03]}
teams:
  - key: app
    name: App
    plan: {O1: 10 %}
    rate: 600
    members: [{email: a@x.example, part: 1, from: 2026-07-01, days: [monday, half friday every 2 weeks from 2026-07-03]}]
objectives:
  - {key: O1, title: T, priority: 1, plan: {person_days: 3, per: month}, key_results: [{key: K, title: T, scope: {labels: [l]}}]}
steps:
  - key: handover
    title: T
    case: {source: jira}
    begin: {created: true}
    path: [{key: p, title: P, status: [x], within: 3 days, order: any, once: true, on: {source: slack}}]
    end: {state: done}
    except: [{label: x, because: y}]
"""


WRONG = (5, "x", [], True, "", {}, [1])


def test_every_fault_says_what_to_write_and_none_is_the_librarys() -> None:
    """Whatever stands at any place of a file: the words of the validation's library reach nobody."""
    whole = Document(EVERY).data
    assert judged(yaml.safe_dump(whole))[1] == []
    for number, loc in enumerate(_places(whole)):
        for wrong in (WRONG[number % len(WRONG)], WRONG[(number + 3) % len(WRONG)]):
            changed = copy.deepcopy(whole)
            at = changed
            for name in loc[:-1]:
                at = at[name]
            at[loc[-1]] = wrong
            for fault in judged(yaml.safe_dump(changed))[1]:
                assert not re.search(r"\b[Ii]nput\b|Value error|a valid", fault.message), (loc, fault)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("order: any", "order: first", "write one of any, written, found 'first'."),
        ("per: month", "per: year", "write one of week, month, quarter, found 'year'."),
        ("state: done", "state: over", "write one of todo, doing, done, found 'over'."),
        ("once: true", "once: maybe", "true or false is needed, found 'maybe'."),
        ("plan: {O1: 10 %}", "plan: 10 %", "entries with names are needed, such as {O1: 50 %}, found '10 %'."),
        ("start: 2026-07-01", "start: [1]", "a day is needed, such as 2026-10-01."),
        ("title: T, priority", "priority", "Field required; write `title: ...` here."),
    ],
)
def test_a_word_that_is_none_of_the_known_ones_is_said_with_those(old: str, new: str, says: str) -> None:
    assert old in EVERY
    assert [fault.message for fault in judged(EVERY.replace(old, new))[1]] == [says]
