"""What cannot be, though each word of it can, is a fault with its line, or a hint."""

from datetime import date

import pytest

from pipeline.register.document import RegisterError, hints, parse

GOOD = """\
period: {name: Q3, start: 2026-07-01, end: 2026-09-30}
calendar: {country: DE}
teams:
  - {key: app, name: App, members: [a@x.example, b@x.example, c@x.example, d@x.example, y@x.example]}
  - {key: ops, name: Ops, members: [f@x.example, g@x.example, h@x.example, i@x.example, j@x.example]}
objectives:
  - {key: O1, title: Customers stay with us, priority: 1, key_results: [{key: O1.1, title: Churn from 4 % to 2 %, teams: [app]}]}
  - {key: O2, title: We sell abroad, priority: 2, key_results: [{key: O2.1, title: "Orders, 0 to 500", teams: [ops]}]}
"""
EVERY_DAY = "weekend: [mon, tue, wed, thu, fri, sat, sun]"


@pytest.mark.parametrize(
    ("edits", "said"),
    [
        ({"priority: 1": "priority: 1, parent: O1"}, "line 7: objectives[0].parent: 'O1' would serve itself;"),
        (
            {"priority: 1": "priority: 1, parent: O2", "priority: 2": "priority: 2, parent: O1"},
            "line 8: objectives[1].parent: 'O2' would serve itself through O1;",
        ),
        ({"country: DE": f"country: DE, {EVERY_DAY}"}, "line 2: calendar.weekend: all seven days are off"),
        ({"name: Ops": f"name: Ops, {EVERY_DAY}"}, "line 5: teams[1].weekend: all seven days are off"),
        (
            {
                "y@x.example": "{email: y@x.example, formerly: old@x.example}",
                "j@x.example": "{email: j@x.example, formerly: [Old@x.example]}",
            },
            "line 5: teams[1].members[4].formerly: Old@x.example is already y@x.example's former address, in line 4",
        ),
    ],
)
def test_what_cannot_be_is_a_fault_anet_2633(edits: dict[str, str], said: str) -> None:
    text = GOOD
    for old, new in edits.items():
        assert old in text
        text = text.replace(old, new, 1)
    parse(GOOD)
    with pytest.raises(RegisterError) as error:
        parse(text)
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ("part: 0.8, days: [mon, tue]", "part 0.8 is 4 days a week, but `days` adds up to 2"),
        ("part: 0.9, days: [mon, tue, wed, half thu]", "part 0.9 is 4.5 days a week, but `days` adds up to 3.5"),
        ("part: 0.9, days: [mon, tue, wed, thu, half fri]", ""),
        ("part: 0.4, days: [mon, tue, wed]", ""),
        ("days: [mon, tue]", ""),
    ],
)
def test_a_part_of_more_days_than_somebody_works_is_a_hint_odoo_167960(terms: str, said: str) -> None:
    found = hints(parse(GOOD.replace("y@x.example", f"{{email: y@x.example, {terms}}}")), date(2026, 8, 1), 5)
    assert [said in one for one in found] == [True] * bool(said)
