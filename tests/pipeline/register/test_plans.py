"""Plans in okrs.yaml: what may be written, what it means, since when it holds, and which faults are said with line and fix."""

from datetime import date

import pytest

from pipeline.register.allocation import day_rate, holds_from, planned_shares, usual_week
from pipeline.register.document import Register, RegisterError, parse, stored

GOOD = """\
company: Acme
currency: EUR
period: {name: Q3, start: 2026-07-01, end: 2026-09-30}
teams:
  - key: app
    name: App
    rate: 600
    plan: {O1: 50 %, O2: 0.2}
    members: [a@x.example, {email: b@x.example, part: 0.6}, c@x.example, d@x.example, {email: e@x.example, part: 0.4}]
  - {key: ops, name: Ops, rate: 900, members: [f@x.example]}
objectives:
  - key: O1
    title: Customers stay
    priority: 1
    plan: 30 %
    key_results: [{key: O1.1, title: "Churn from 2 % to 1 %", teams: [app]}]
  - key: O2
    title: Orders
    priority: 2
    plan: {person_days: 26, per: month}
    key_results: [{key: O2.1, title: Orders a day, teams: [app]}]
"""


@pytest.mark.parametrize("written", ["30 %", "30%", '"30 %"', "0.3", '"0,3"', "{share: 30 %}"])
def test_a_part_is_written_in_any_usual_way(written: str) -> None:
    assert planned_shares(parse(GOOD.replace("plan: 30 %", f"plan: {written}")))["O1"] == pytest.approx(0.3)


def test_person_days_are_parts_of_a_usual_week_of_all_members() -> None:
    register = parse(GOOD)
    assert usual_week(register) == 25
    assert usual_week(register, "app") == 20
    assert planned_shares(register)["O2"] == pytest.approx(26 * 12 / 52 / 25)


def test_a_usual_week_is_that_of_the_country_the_team_and_the_person() -> None:
    assert usual_week(parse(GOOD.replace("currency: EUR", "currency: EUR\ncalendar: {country: BN}"))) == 25
    assert usual_week(parse(GOOD.replace("{key: ops,", "{key: ops, weekend: [sun],"))) == 26
    seven = GOOD.replace("f@x.example", "{email: f@x.example, days: [mon, tue, wed, thu, fri, sat, sun]}")
    assert usual_week(parse(seven), "ops") == 5  # fixed days say when, the part says how much
    assert usual_week(parse(GOOD.replace("f@x.example", "{email: f@x.example, days: [mon, tue]}")), "ops") == 2


@pytest.mark.parametrize(
    ("entry", "week"),
    [
        ("{email: f@x.example, to: 2026-06-30}", 0),  # left before the period
        ("{email: f@x.example, from: 2026-10-01}", 0),
        ("{email: f@x.example, to: 2026-08-15}", 2.5),  # 46 of 92 days
        ("{email: f@x.example, to: 2026-08-15}, {email: f@x.example, part: 0.5, from: 2026-08-16}", 3.75),
        ("f@x.example, f2@x.example, {email: f3@x.example, to: 2026-05-01}", 10),
        ("{email: f@x.example, days: [mon, tue, half friday]}", 2.5),
        ("{email: f@x.example, days: [mon, tue, friday every 2 weeks from 2026-07-03]}", 2.5),
    ],
)
def test_who_has_left_or_is_yet_to_come_is_in_no_usual_week_of_the_period_extrateam_65(entry: str, week: float) -> None:
    register = parse(GOOD.replace("f@x.example", entry))
    assert usual_week(register, "ops") == pytest.approx(week)
    assert usual_week(register) == pytest.approx(20 + week)


def test_who_moves_within_the_period_is_one_person_of_the_company() -> None:
    moved = GOOD.replace("a@x.example,", "{email: a@x.example, to: 2026-08-15},")
    register = parse(moved.replace("f@x.example", "f@x.example, {email: a@x.example, from: 2026-08-16}"))
    weeks = [usual_week(register, scope) for scope in ("app", "ops", "company")]
    assert weeks == pytest.approx([17.5, 7.5, 25])


def test_a_team_has_its_own_plan_and_the_older_word_still_holds() -> None:
    register = parse(GOOD)
    assert planned_shares(register, "app") == {"O1": 0.5, "O2": 0.2}
    assert planned_shares(register, "ops") == {}
    assert planned_shares(parse(GOOD.replace("plan: 30 %", "share: 0.3")))["O1"] == 0.3
    assert "O1" not in planned_shares(parse(GOOD.replace("plan: 30 %", "plan:")))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "plan: 30 %",
            "plan: 95 %",
            "line 20: objectives[1].plan: the objectives' plans add up to 119 % of its work",
        ),
        ("O1: 50 %", "O1: 90 %", "line 8: teams[0].plan: the team's plans add up to 110 % of its work"),
        ("O1: 50 %", "O9: 50 %", "line 8: teams[0].plan.O9: unknown objective 'O9'."),
        ("plan: 30 %", "plan: -30 %", "line 15: objectives[0].plan: '-30' is negative"),
        ("plan: 30 %", "plan: 130 %", "line 15: objectives[0].plan: '130 %' is more than all work"),
        (
            "plan: 30 %",
            "plan: 30",
            "line 15: objectives[0].plan: '30' is not a share of all work; write 30 %, 0.3 or {person_days",
        ),
        ("plan: 30 %", "plan: a lot", "line 15: objectives[0].plan: 'a lot' is not a number; write 30 %"),
        ("person_days: 26", "person_days: -1", "line 20: objectives[1].plan.person_days: '-1' is negative"),
        ("person_days: 26", "person_dys: 26", "Did you mean 'person_days'?"),
        (
            "per: month",
            "per: year",
            "line 20: objectives[1].plan.per: write one of week, month, quarter, found 'year'.",
        ),
        ("plan: 30 %", "plan: 30 %\n    share: 0.2", "line 16: objectives[0].share: says the same as `plan`"),
        ("currency: EUR\n", "", "line 6: teams[0].rate: needs a currency: write `currency: EUR` at the top."),
        ("rate: 600", "rate: -5", "line 7: teams[0].rate: must be more than 0"),
    ],
)
def test_a_fault_says_its_line_and_what_to_write(old: str, new: str, said: str) -> None:
    assert old in GOOD
    with pytest.raises(RegisterError) as caught:
        parse(GOOD.replace(old, new, 1))
    assert said in str(caught.value)


def test_person_days_of_nobody_are_a_fault() -> None:
    text = GOOD.replace(
        "[a@x.example, {email: b@x.example, part: 0.6}, c@x.example, d@x.example, {email: e@x.example, part: 0.4}]",
        "[]",
    )
    with pytest.raises(RegisterError, match=r"line 20: objectives.1..plan: person-days need the teams' members"):
        parse(text.replace("[f@x.example]", "[]"))


def test_a_version_of_before_there_were_plans_stays_readable() -> None:
    text = (
        GOOD.replace("plan: 30 %", "plan: see the wiki")
        .replace("rate: 600", "rate: high")
        .replace("{O1: 50 %, O2: 0.2}", "ours")
    )
    register = stored(text, 1)
    assert planned_shares(register) == {"O2": pytest.approx(0.24)}
    assert planned_shares(register, "app") == {}
    assert register.teams[0].rate is None


def with_plan(share: str, start: str = "2026-07-01") -> Register:
    return parse(GOOD.replace("plan: 30 %", f"plan: {share}").replace("2026-07-01", start))


@pytest.mark.parametrize(
    ("history", "since"),
    [
        ([(date(2026, 7, 20), with_plan("30 %"))], date(2026, 7, 1)),
        ([(date(2026, 7, 20), with_plan("30 %")), (date(2026, 8, 5), with_plan("40 %"))], date(2026, 8, 5)),
        ([(date(2026, 7, 20), with_plan("30 %")), (date(2026, 8, 5), with_plan("0.3"))], date(2026, 7, 1)),
        ([(date(2026, 7, 20), with_plan("")), (date(2026, 8, 5), with_plan("40 %"))], date(2026, 8, 5)),
        (
            [(date(2026, 6, 20), with_plan("30 %", "2026-04-01")), (date(2026, 7, 9), with_plan("30 %"))],
            date(2026, 7, 1),
        ),
        ([(date(2026, 7, 20), with_plan("30 %")), (date(2026, 8, 5), with_plan(""))], None),
    ],
)
def test_a_plan_holds_from_the_periods_beginning_and_a_changed_one_from_its_loading(
    history: list[tuple[date, Register]], since: date | None
) -> None:
    assert holds_from(history, "company", "O1") == since


def test_the_companys_day_costs_the_mean_of_its_teams_by_their_members() -> None:
    register = parse(GOOD)
    assert (day_rate(register, "app"), day_rate(register, "ops")) == (600, 900)
    assert day_rate(register) == pytest.approx((20 * 600 + 5 * 900) / 25)
    assert day_rate(parse(GOOD.replace("rate: 600\n    ", "").replace("rate: 900, ", ""))) is None
