"""The register as a table: written, changed in a spreadsheet of any country, and read back without changing anything else."""

import codecs
import csv
import io
import re
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from connectors.sheet import decoded
from pipeline.files import InputError
from pipeline.register.changes import flatten
from pipeline.register.document import Register, RegisterError, parse
from pipeline.register.planned import Plan
from pipeline.register.table import Merged, merged, read_table, version_of, written
from pipeline.register.yaml_nodes import Document

TEXT = """\
# Acme's register.
company: Acme
period: {name: Q3, start: 2026-07-01, end: 2026-09-30}
teams:
  - {key: app, name: App, members: [a@x.example, b@x.example]}
  - {key: ops, name: Ops, plan: {O1: 10 %}}
objectives:
  - key: O1
    title: Customers stay
    priority: 1
    plan: {person_days: 10, per: month}
    owner: ana@x.example
    key_results:
      - key: O1.1
        title: Churn from 2.1 % to 1 %
        teams: [app, ops]
        aliases: [keep]
        metric: {checkin: true, start: 2.1, target: 1}
      - {key: O1.2, title: "=2+5 references", due: 2026-09-01}
  - {key: O2, title: Bikes ride, priority: 2, share: 0.3, team: app, key_results: [{key: O2.1, title: Repairs in 48 hours}]}
"""


def cells(text: str = TEXT, version: int = 3) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(written(text, version))))


def as_csv(rows: list[dict[str, Any]], delimiter: str = ",") -> bytes:
    file = io.StringIO()
    writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode()


def read(raw: bytes, text: str = TEXT, base: str | None = None, *, remove: bool = False) -> Merged:
    given, _ = read_table(raw, "plan.csv")
    return merged("plan.csv", given, text, text if base is None else base, remove=remove)


def changed(which: str, **values: str) -> list[dict[str, Any]]:
    return [row | values if row["key"] == which else row for row in cells()]


def test_a_table_that_nobody_changed_changes_nothing_to_the_letter() -> None:
    assert read(written(TEXT, 3).encode()).text == TEXT


ANY = st.text(max_size=12).map(lambda one: " ".join(one.replace("\0", "").split()))  # blanks are blanks, as in the page
NAMES = ANY.filter(bool)
SOME = st.fixed_dictionaries(
    {"title": NAMES},
    optional={
        "owner": NAMES,
        "description": ANY,
        "due": st.dates().map(str),
        "teams": st.lists(st.sampled_from(["app", "o,ps", 'q"']), max_size=3),
    },
)


@given(
    st.lists(SOME, min_size=1, max_size=3), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]), st.sampled_from(",;\t")
)
@hypothesis_settings(max_examples=25)
def test_any_register_goes_through_a_table_and_back(some: list[dict[str, Any]], encoding: str, between: str) -> None:
    key_results = [row | {"key": f"O1.{n}"} for n, row in enumerate(some)]
    data = {
        "period": {"name": "Q3", "start": "2026-07-01", "end": "2026-09-30"},
        "teams": [{"key": key, "name": "T"} for key in ("app", "o,ps", 'q"')],
        "objectives": [{"key": "O1", "title": some[0]["title"], "priority": "1", "key_results": key_results}],
    }
    text = yaml.safe_dump(data, allow_unicode=True)
    register = parse(text)
    assert read(written(text, 1, between).encode(encoding), text).text == text
    assert flatten(_from_nothing(written(text, 1, between).encode(encoding), text, key_results)) == flatten(register)


def _from_nothing(raw: bytes, text: str, key_results: list[dict[str, Any]]) -> Register:
    """The table read into a register that says something else in every cell."""
    other = yaml.safe_load(text)
    for objective in other["objectives"]:
        objective |= {"title": "Something else", "priority": "7", "owner": "else"}
        for one in objective["key_results"]:
            one |= {"title": "Else", "owner": "else", "description": "else", "due": "else"}
    before = yaml.safe_dump(other, allow_unicode=True)
    found = read(raw, before).register
    assert found.objectives[0].priority == 1
    return found


def test_a_spreadsheet_of_another_country_says_the_same() -> None:
    rows = changed("O1.1", start="2,10", target="1,0")
    rows = [row | ({"plan": "30,00%", "priority": "2,0"} if row["key"] == "O2" else {}) for row in rows]
    rows = [row | ({"due": "01.09.2026"} if row["key"] == "O1.2" else {}) for row in rows]
    for raw in (
        as_csv(rows, ";"),
        b"sep=;\r\n" + as_csv(rows, ";"),
        codecs.BOM_UTF16_LE + as_csv(rows, "\t").decode().encode("utf-16-le"),
    ):
        assert read(raw).text == TEXT


def test_numbers_beside_semicolons_have_decimal_commas_and_come_back_as_they_were() -> None:
    text = TEXT.replace("start: 2.1", "start: 2.125").replace("target: 1", "target: -1.5")
    assert text != TEXT
    table = written(text, 1, ";")
    assert {"2,125", "-1,5"} <= set(table.replace("\r\n", ";").split(";"))
    assert read(table.encode(), text).text == text


def test_formulas_are_texts_in_the_file_and_what_they_were_when_read() -> None:
    assert next(row["title"] for row in cells() if row["key"] == "O1.2") == "'=2+5 references"
    found = read(as_csv(changed("O1.1", title="'=HYPERLINK(1)", target="-3"))).register
    assert found.objectives[0].key_results[0].title == "=HYPERLINK(1)"
    assert found.objectives[0].key_results[0].metric is not None
    assert found.objectives[0].key_results[0].metric.target == -3


def test_changed_cells_change_their_lines_and_what_the_table_does_not_hold_stays() -> None:
    found = read(as_csv(changed("O1", plan="25 %", owner="bo@x.example")))
    assert found.text == TEXT.replace("{person_days: 10, per: month}", "25 %").replace("ana@x", "bo@x")
    moved = read(as_csv(changed("O1.1", under="O2", teams="ops"))).register
    one = moved.objectives[1].key_results[1]
    assert (one.key, one.teams, one.aliases) == ("O1.1", ("ops",), ("keep",))
    assert one.metric is not None
    older = read(as_csv(changed("O2", plan="20 %"))).register.objectives[1]
    assert (older.share, older.plan and older.plan.share) == (None, 0.2)


def test_new_rows_are_added_and_rows_that_are_gone_stay_until_somebody_says_so() -> None:
    rows = [row for row in cells() if row["key"] != "O1.2"]
    rows += [
        {"kind": "key result", "key": "O3.1", "under": "O3", "title": "NPS", "start": "31", "target": "45"},
        {"kind": "Objective", "key": "O3", "title": "Riders praise us", "priority": "3"},
    ][::-1]
    found = read(as_csv(rows))
    assert found.missing == ["O1.2"]
    assert found.register.objective_of()["O1.2"] == "O1"
    assert found.register.objective_of()["O3.1"] == "O3"
    assert any("O3.1 had no metric" in note for note in found.notes)
    assert "O1.2" not in read(as_csv(rows), remove=True).register.objective_of()


def _loaded(raw: bytes) -> None:
    given, _ = read_table(raw, "plan.csv")
    version_of("plan.csv", given)
    merged("plan.csv", given, TEXT, TEXT, remove=False)


@pytest.mark.parametrize(
    ("key", "values", "said"),
    [
        ("O1", {"priority": "high"}, "plan.csv, line 2, column priority: a whole number is needed, found 'high'."),
        ("O1", {"priority": "0"}, "plan.csv, line 2, column priority: must be at least 1, found 0."),
        ("O2", {"plan": "85 %"}, "plan.csv, line 5, column plan: "),
        ("O2", {"plan": "=1"}, "plan.csv, line 5, column plan: '=1' is not a number"),
        ("O2", {"teams": "ap"}, "plan.csv, line 5, column teams: unknown team 'ap'. Did you mean 'app'?"),
        ("O1.1", {"teams": "app, oops"}, "plan.csv, line 3, column teams: unknown team 'oops'. Did you mean 'ops'?"),
        ("O1.1", {"target": "many"}, "plan.csv, line 3, column target: 'many' is not a number"),
        ("O1.1", {"title": " "}, "plan.csv, line 3, column title: it is empty"),
        ("O1.1", {"priority": "2"}, "plan.csv, line 3, column priority: only an objective has one, not a key result"),
        ("O1.1", {"under": "O3"}, "plan.csv, line 3, column under: unknown objective 'O3'. Known: O1, O2."),
        ("O1.1", {"kind": "objective"}, "plan.csv, line 3, column kind: O1.1 is the key of an existing key result"),
        ("O1.1", {"key": "O1"}, "plan.csv, line 3, column key: 'O1' is used already, in line 2."),
        ("O1.1", {"key": ""}, "plan.csv, line 3, column key: is empty"),
        ("O1.1", {"key": "O1.9", "kind": ""}, "plan.csv, line 3, column kind: O1.9 is new"),
        ("O1.1", {"key": "O1.1\u200b"}, "plan.csv, line 3, column key: contains an invisible character (U+200B)"),
        (
            "O1.1",
            {"title": "#REF!"},
            "plan.csv, line 3, column title: '#REF!' is the error of a spreadsheet formula",
        ),  # readxl #62, bilig #42
        ("O1", {"owner": "#NV"}, "plan.csv, line 2, column owner: '#NV' is the error of a spreadsheet formula"),
        ("O1", {"title": "#¿NOMBRE?"}, "column title: '#¿NOMBRE?' is the error of a spreadsheet formula"),
        ("O2.1", {"version": "4"}, "plan.csv, line 6, column version: this mixes tables of two versions"),
    ],
)
def test_a_fault_is_said_with_line_and_column(key: str, values: dict[str, str], said: str) -> None:
    with pytest.raises(RegisterError) as caught:
        _loaded(as_csv(changed(key, **values)))
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "line 1: is empty"),
        (b"title,owner\r\n", "line 1, column key: is missing"),
        (b"key,titel\r\n", "line 1, column titel: is not a column. Did you mean 'title'?"),
        (b"key,title,title\r\n", "line 1, column title: is given twice"),
        (b"Plan 2026-Q3,,\r\nkey,title,owner\r\n", "line 1, column key: is missing"),  # a title above, in merged cells
        (b"PK\x03\x04\x14\x00", "plan.csv is a workbook (.xlsx, .ods) or archive, not text"),  # Global-signbank #761
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "plan.csv is a workbook (.xls), not text"),  # DataBasic #188
        (b"key,title\r\nO1,a, b\r\n", "line 2: has more cells than the first line"),
        (b'key,title\r\nO1,"' + b"x" * 200_000 + b'"\r\n', "is not valid CSV"),
    ],
)
def test_what_is_no_table_is_said(raw: bytes, said: str) -> None:
    with pytest.raises((RegisterError, InputError)) as caught:
        read_table(raw, "plan.csv")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_mark_that_stands_twice_is_no_part_of_a_columns_name() -> None:  # bulkrax #688, notifications-utils #536
    raw = codecs.BOM_UTF8 * 2 + as_csv(cells())
    assert read(raw).text == TEXT
    assert decoded(raw) == decoded(as_csv(cells()))


def test_a_cell_that_changed_in_the_register_meanwhile_is_a_conflict_and_others_are_not_undone() -> None:
    now = TEXT.replace("Bikes ride", "Bikes are ridden").replace("ana@x", "cem@x")
    found = read(as_csv(changed("O2", title="Bikes roll")), now, TEXT)
    assert [(one.key, one.field, one.ours, one.theirs) for one in found.conflicts] == [
        ("O2", "title", "Bikes are ridden", "Bikes roll")
    ]
    assert found.register.objectives[0].owner == "cem@x.example"  # which the table still holds as it was
    assert read(as_csv(changed("O2", title="Bikes are ridden")), now, TEXT).conflicts == []


def test_the_plans_of_teams_stand_beside_the_objective_and_are_read_back() -> None:
    assert [row["team plans"] for row in cells()] == ["ops: 10 %", "", "", "", ""]
    found = read(as_csv(changed("O2", **{"team plans": "ops: 20 %, app: 4 person-days per week"})))
    assert {team.key: team.plan for team in found.register.teams} == {
        "app": {"O2": Plan(person_days=4, per="week")},
        "ops": {"O1": Plan(share=0.1), "O2": Plan(share=0.2)},
    }
    assert cells(found.text)[3]["team plans"] == "app: 4 person-days per week, ops: 20 %"
    same = [
        row | ({"team plans": "ops:20%, app: 4 person-days / week"} if row["key"] == "O2" else {})
        for row in cells(found.text)
    ]
    assert read(as_csv(same), found.text).text == found.text
    fewer = [row | {"team plans": ""} for row in cells(found.text)]
    assert [team.plan for team in read(as_csv(fewer), found.text).register.teams] == [None, None]


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        ("apps: 20 %", "column team plans: unknown team 'apps'. Did you mean 'app'?"),
        ("app 20 %", "column team plans: 'app 20 %' names no team and plan; write it as app: 50 %, ops: 10 %."),
        ("app: 20 %, app: 30 %", "column team plans: 'app' is given twice."),
        ("app: lots", "'lots' is not a number"),
    ],
)
def test_a_plan_of_a_team_that_cannot_be_read_is_said(cell: str, says: str) -> None:
    with pytest.raises(RegisterError, match=re.escape(says)):
        read(as_csv(changed("O2", **{"team plans": cell})))


def test_the_number_of_an_outcome_is_edited_and_what_it_is_measured_by_stays() -> None:
    outcome = "{csv: riders.csv, column: riders, start: 800, target: 1200, unit: riders}"
    text = TEXT.replace("    key_results:", f"    outcome: {outcome}\n    key_results:", 1)
    (key,) = [one["key"] for one in Document(text).data["objectives"] if one.get("outcome")]
    given = cells(text)
    (row,) = [one for one in given if one["key"] == key]
    assert (row["start"], row["target"], row["unit"]) == ("800", "1200", "riders")
    assert read(as_csv(given), text).text == text, "nothing is lost on the way"
    row["target"] = "1,300".replace(",", "")
    found = read(as_csv(given), text).register.objectives
    (one,) = [o.outcome for o in found if o.outcome]
    assert (one.target, one.binding) == (1300, {"csv": "riders.csv", "column": "riders"})
    bare = cells()
    next(one for one in bare if one["key"] == key)["target"] = "5"
    with pytest.raises(RegisterError, match="it has no outcome; define one in `measured by`"):
        read(as_csv(bare))


def test_what_a_number_is_measured_by_is_a_cell_and_another_one_is_taken_over() -> None:
    jql = '{jql: "project = A AND type in (Bug, Task)", sum: Points, start: 3, target: 1}'
    text = TEXT.replace("{checkin: true, start: 2.1, target: 1}", jql)
    given = cells(text)
    row = next(one for one in given if one["key"] == "O1.1")
    assert row["measured by"] == "jql: project = A AND type in (Bug, Task)\nsum: Points"
    assert read(as_csv(given), text).text == text, "nothing is lost on the way"
    row["measured by"] = 'hubspot: deals\nwhere: ["dealstage = won", "amount > 5"]'
    found = read(as_csv(given), text)
    (one,) = [k.metric for _, k in found.register.key_results() if k.metric]
    assert one.binding == {"hubspot": "deals", "where": ["dealstage = won", "amount > 5"]}
    assert (one.start, one.target) == (3, 1)
    row["measured by"] = ""
    assert all(k.metric is None for _, k in read(as_csv(given), text).register.key_results())


@pytest.mark.parametrize(
    ("cell", "fault"),
    [
        ("how many bugs are open", "write one setting per line"),
        ("jqll: issuetype = Bug", "Did you mean 'jql'"),
        ("jql: assignee = currentUser()", "column measured by"),
        ("jql: type = Bug\nstart: 4", "'start' has its own cell"),
        ('hubspot: deals\nwhere: ["dealstage = won"', "close every bracket and quote"),
    ],
)
def test_a_fault_of_what_measures_it_names_its_cell(cell: str, fault: str) -> None:
    given = cells()
    next(one for one in given if one["key"] == "O1.1")["measured by"] = cell
    with pytest.raises(RegisterError, match=re.escape(fault)) as raised:
        read(as_csv(given))
    assert "line 3, column measured by: " in str(raised.value)
