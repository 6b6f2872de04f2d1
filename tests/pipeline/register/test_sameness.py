"""Objectives are the same by what they say: the next quarter numbers others O1 to O3, and within one they are reworded."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from alerts.diagnoses import diagnoses
from alerts.words import plain
from models import Confidence, Diagnosis, Drift, Label, Measurement, RegisterVersion, Share, Stream, WorkItem
from pipeline.pulse.answers import by_week
from pipeline.register.change_words import consequences
from pipeline.register.document import Register, parse
from pipeline.register.faults import LONGEST
from pipeline.register.gone import keys_of, with_gone
from pipeline.register.meant import meant
from pipeline.register.sameness import new_keys, new_objective_keys, same_objective, same_top
from pipeline.register.stays import Stay, stays
from pipeline.register.versions import held, key_now, keys_now, load_register, periods, planned_since, plans

Q3 = """\
company: Acme
period: {name: Q3, start: 2026-07-01, end: 2026-09-30}
objectives:
  - {key: O1, title: Customers stay with us, priority: 1, key_results: [{key: O1.1, title: Churn from 4 % to 2 %}]}
  - {key: O2, title: The shop sells abroad, priority: 2, key_results: [{key: O2.1, title: "Orders from abroad, 0 to 500"}]}
"""
Q4 = (
    Q3.replace("{name: Q3, start: 2026-07-01, end: 2026-09-30}", "{name: Q4, start: 2026-10-01, end: 2026-12-31}")
    .replace("Customers stay with us", "Warehouses run themselves")
    .replace("Churn from 4 % to 2 %", "Picks without a hand from 10 to 60 %")
)


def test_another_objective_under_an_old_key_is_another_plan() -> None:
    assert not same_top(parse(Q3), parse(Q4))
    assert same_top(parse(Q3), parse(Q3.replace("Customers stay with us", "Our customers stay with us")))
    swapped = Q3.replace("O1", "X").replace("O2", "O1").replace("X", "O2")
    assert same_top(parse(Q3), parse(swapped))


def test_one_objective_that_is_split_or_two_that_are_merged_ask_for_the_same() -> None:
    one, two = (line for line in Q3.splitlines() if line.startswith("  - "))
    results = [row.split("key_results: [")[1].removesuffix("]}") for row in (one, two)]
    merged = Q3.replace(
        f"{one}\n{two}\n", "  - {key: G, title: Growth, priority: 1, key_results: [" + ", ".join(results) + "]}\n"
    )
    assert same_top(parse(Q3), parse(merged))
    assert same_top(parse(merged), parse(Q3))
    assert not same_top(parse(Q3), parse(merged.replace("0 to 500", "0 to 500 from the new shop in Lyon")))
    assert not same_top(parse(merged), parse(Q3.replace("priority: 2", "priority: 4")))


@pytest.mark.parametrize(
    ("title", "same"),
    [("customers  stay with us", True), ("Customers stay", True), ("Hiring is done by June", False)],
)
def test_a_title_may_be_reworded_as_long_as_its_words_stay(title: str, same: bool) -> None:
    old = parse(Q3).objectives[0]
    changed = old.model_copy(update={"title": title, "key_results": ()})
    assert same_objective(old, changed) is same
    assert same_objective(old, old.model_copy(update={"title": title}))  # its key results stay


def load(sessions: sessionmaker[Session], text: str, at: datetime) -> Register:
    with sessions.begin() as session:
        version, _ = load_register(session, parse(text), text)
        session.get_one(RegisterVersion, version).loaded_at = at
    return parse(text)


def test_keys_that_are_used_again_begin_a_new_baseline(sessions: sessionmaker[Session]) -> None:
    load(sessions, Q3, datetime(2026, 7, 1, tzinfo=UTC))
    now = load(sessions, Q4, datetime(2026, 9, 28, tzinfo=UTC))
    with sessions() as session:
        assert planned_since(session, now) == date(2026, 10, 1)
    said = " ".join(consequences(parse(Q3), parse(Q4), date(2026, 7, 1), date(2026, 9, 28), 5))
    assert "a new baseline begins on 2026-10-01" in said
    assert (
        "O1 reads 'Warehouses run themselves' and was 'Customers stay with us': treated as a different objective"
        in said
    )


@pytest.mark.parametrize(("zone", "day"), [("America/Los_Angeles", 27), ("Australia/Sydney", 28), ("UTC", 28)])
def test_a_load_holds_from_the_day_that_it_was_there_bcgov_3863(
    sessions: sessionmaker[Session], zone: str, day: int
) -> None:
    """Half past two in the morning in UTC is the evening before in California, whoever looks from where."""
    text = f"{Q3}calendar: {{time_zone: {zone}}}\n"
    load(sessions, text, datetime(2026, 7, 1, 12, tzinfo=UTC))
    load(sessions, text.replace("priority: 1", "priority: 4"), datetime(2026, 8, 28, 2, 30, tzinfo=UTC))
    with sessions() as session:
        assert [at for at, _ in plans(session)] == [date(2026, 7, 1), date(2026, 8, day)]


@pytest.mark.parametrize(
    ("days", "kept"),
    [
        ([], []),
        ([0], [0]),
        ([0, 20, 23], [0, 23]),  # a correction
        ([0, 2, 5, 8, 9, 40], [9, 40]),  # the first one, until it is right
        ([0, 30, 36, 38, 60], [0, 30, 38, 60]),  # a wrong file, for two days
        ([0, 30, 31, 60], [0, 31, 60]),
        ([*range(0, 61, 5)], [25, 35, 45, 55, 60]),  # edited every few days, for good
        ([*range(40)], [27, 34, 39]),
    ],
)
def test_an_often_edited_register_has_a_past_scoutradioz_270(days: list[int], kept: list[int]) -> None:
    assert [days[n] for n in meant([date(2026, 7, 1) + timedelta(n) for n in days])] == kept


def test_who_leaves_a_register_that_is_edited_every_few_days_keeps_their_days_praxiszeit_415(
    sessions: sessionmaker[Session],
) -> None:
    members = "teams: [{key: app, name: App, members: [ana@x.example%s]}]\n# %s\n"
    for n in range(12):
        day = datetime(2026, 7, 1, 12, tzinfo=UTC) + timedelta(5 * n)
        now = load(sessions, Q3 + members % (", cem@x.example" if n < 9 else "", n), day)
    with sessions() as session:
        assert stays(held(session, now))["cem@x.example"] == [Stay("app", date.min, date(2026, 8, 14))]


def test_answers_follow_their_key_result_and_count_for_no_other(sessions: sessionmaker[Session]) -> None:
    load(sessions, Q3, datetime(2026, 7, 1, tzinfo=UTC))
    with sessions.begin() as session:
        for name, key in (("a", "O1.1"), ("b", "O2.1"), ("c", None)):
            item = WorkItem(source="jira", external_id=name, kind="task", container="C", labels=[], mentions=[])
            item.created_at = datetime(2026, 7, 2, tzinfo=UTC)
            session.add(item)
            session.flush()
            session.add(Label(work_item_id=item.id, key_result=key, origin="file", at=datetime(2026, 7, 3, tzinfo=UTC)))
    renumbered = Q4.replace("O2.1", "O1.2").replace("O1.1", "O2.1")
    load(sessions, renumbered, datetime(2026, 9, 28, tzinfo=UTC))
    query = select(WorkItem.external_id, Label.key_result).join(Label, Label.work_item_id == WorkItem.id)
    with sessions() as session:
        found = dict(session.execute(query.order_by(WorkItem.external_id)).all())
    assert found["b"] == "O1.2"
    assert found["c"] is None
    assert found["a"] not in ("O2.1", "O1.2")


def answered(session: Session, key: str) -> None:
    """An answer, a number and a confidence about a key result."""
    at = datetime(2026, 8, 1, tzinfo=UTC)
    item = WorkItem(source="jira", external_id=key, kind="task", container="c", labels=[], mentions=[])
    session.add(item)
    session.flush()
    session.add(Label(work_item_id=item.id, key_result=key, origin="page", at=at))
    session.add(Measurement(key_result=key, binding="checkin", day=date(2026, 8, 1), value=3, at=at))
    session.add(Confidence(key_result=key, week=date(2026, 8, 3), value=7, by="x", at=at))


def kept_under(sessions: sessionmaker[Session]) -> set[tuple[str, ...]]:
    with sessions() as session:
        tables = (Label, Measurement, Confidence)
        return {
            tuple(str(key) for key in session.scalars(select(one.key_result).order_by(one.key_result)))
            for one in tables
        }


def test_after_a_wrong_register_what_was_answered_is_there_again_sso_1519(sessions: sessionmaker[Session]) -> None:
    """Last year's file, say, loaded by mistake and put right: nobody has to answer anything twice."""
    wrong = Q3.replace("Customers stay with us", "Warehouses run themselves").replace(
        "Churn from 4 % to 2 %", "Picks a day"
    )
    load(sessions, Q3, datetime(2026, 7, 1, tzinfo=UTC))
    with sessions.begin() as session:
        answered(session, "O1.1")
    for at in (8, 9):
        load(sessions, wrong, datetime(2026, 8, at, tzinfo=UTC))
        assert kept_under(sessions) == {("O1.1@1",) if at == 8 else ("O1.7@3",)}
        load(sessions, Q3.replace("O1.1", "O1.7") if at == 8 else Q3, datetime(2026, 8, at, 1, tzinfo=UTC))
        assert kept_under(sessions) == {("O1.7",) if at == 8 else ("O1.1",)}
        with sessions() as session:
            assert key_now(session, "O1.1", 1) == ("O1.7" if at == 8 else "O1.1")


@pytest.mark.parametrize("older", [False, True])
def test_a_key_that_was_free_for_a_while_takes_no_answers_about_another_nocodb_11098(
    sessions: sessionmaker[Session], older: bool
) -> None:
    """A key result is deleted, and weeks later another one gets its key; `older`: as older versions kept its answers."""
    without = "\n".join(line for line in Q3.splitlines() if "O2" not in line) + "\n"
    other = (
        '  - {key: O2, title: Staff is trained, priority: 2, key_results: [{key: O2.1, title: "Trainings, 0 to 12"}]}\n'
    )
    load(sessions, Q3, datetime(2026, 7, 1, tzinfo=UTC))
    for text in (without, without + other):
        if (text == without) != older:
            with sessions.begin() as session:
                answered(session, "O2.1")
        load(sessions, text, datetime(2026, 8, 9, tzinfo=UTC))
    assert kept_under(sessions) == {("O2.1@1",)}
    load(sessions, Q3, datetime(2026, 8, 20, tzinfo=UTC))
    assert kept_under(sessions) == {("O2.1",)}


def test_a_key_result_reworded_within_its_period_keeps_its_answers() -> None:
    reworded = parse(Q3.replace("Churn from 4 % to 2 %", "Fewer of them leave"))
    assert new_keys(parse(Q3), reworded, "@1") == {}
    longer = reworded.model_copy(update={"period": reworded.period.model_copy(update={"end": date(2026, 10, 7)})})
    assert new_keys(parse(Q3), longer, "@1") == {}, "a week more is no other plan"
    assert new_keys(parse(Q3), parse(Q4), "@1") == {"O1.1": "O1.1@1"}


def test_what_was_measured_and_said_follows_its_key_result_where_keys_change_places(
    sessions: sessionmaker[Session],
) -> None:
    at = datetime(2026, 7, 7, tzinfo=UTC)
    load(sessions, Q3, at)
    with sessions.begin() as session:
        for key, value in (("O1.1", 3), ("O2.1", 200), ("O1", 7)):
            for day in (date(2026, 4, 8), date(2026, 7, 8)):  # of the period before, and of this one
                session.add(Measurement(key_result=key, binding="checkin", day=day, value=value, at=at))
        for key, value in (("O1.1", 8), ("O2.1", 2)):
            session.add(Confidence(key_result=key, week=date(2026, 7, 6), value=value, by="x", at=at))
        known = {
            "scope": "company",
            "subject": "O1",
            "state": "raised",
            "severity": "high",
            "before": 0.4,
            "after": 0.2,
        }
        known |= {
            "raised_on": at.date(),
            "start": at.date(),
            "low": -0.3,
            "high": -0.1,
            "absorbed_by": [],
            "explanation": {},
        }
        session.add_all([Drift(kind="gap", **known), Drift(kind="data", **known)])
    swapped = Q3.replace("O1", "X").replace("O2", "O1").replace("X", "O2")
    load(sessions, swapped, at)
    with sessions() as session:
        numbers = {(one.key_result, one.day.month): one.value for one in session.scalars(select(Measurement))}
        sure = {one.key_result: one.value for one in session.scalars(select(Confidence))}
        found = {one.kind: one.subject for one in session.scalars(select(Drift))}
    assert numbers == {
        ("O2.1", 7): 3,
        ("O1.1", 7): 200,
        ("O2", 7): 7,
        ("O1.1", 4): 3,
        ("O2.1", 4): 200,
        ("O1", 4): 7,
    }
    assert sure == {"O2.1": 8, "O1.1": 2}
    assert found == {"gap": "O2", "data": "O1"}


def test_shares_stand_under_the_words_that_they_were_computed_for_until_the_next_cycle(
    sessions: sessionmaker[Session],
) -> None:
    load(sessions, Q3, datetime(2026, 7, 1, tzinfo=UTC))
    figures = {"low": 0.0, "high": 1.0, "coverage": 1.0, "person_days": 10.0}
    with sessions.begin() as session:
        for key, share in (("O1", 0.5), ("O2", 0.2), ("", 0.3), ("top", 0.7)):
            session.add(Share(week=date(2026, 7, 6), scope="company", objective=key, share=share, **figures))
    query = select(Share.objective, Share.share)
    load(sessions, Q3.replace("O1", "X").replace("O2", "O1").replace("X", "O2"), datetime(2026, 7, 20, tzinfo=UTC))
    with sessions() as session:
        assert dict(session.execute(query).all()) == {"O2": 0.5, "O1": 0.2, "": 0.3, "top": 0.7}
    load(sessions, Q4, datetime(2026, 9, 28, tzinfo=UTC))
    with sessions() as session:
        assert dict(session.execute(query).all()) == {"O2@2": 0.5, "O2": 0.2, "": 0.3, "top": 0.7}
    without = Q4[: Q4.index("  - {key: O2")]
    load(sessions, without, datetime(2026, 10, 20, tzinfo=UTC))
    with sessions() as session:
        assert dict(session.execute(query).all()) == {"O2@2": 0.5, "O2@3": 0.2, "": 0.3, "top": 0.7}
        told = with_gone(session, parse(without), ["O1", "O2@2", "O2@3", "O9@1", "x@y", ""])
    assert {one.key: one.title for one in told.objectives} == {
        "O1": "Warehouses run themselves",
        "O2@2": "Customers stay with us",
        "O2@3": "The shop sells abroad",
    }


def test_a_fall_of_the_plan_before_is_told_in_its_own_words(sessions: sessionmaker[Session]) -> None:
    load(sessions, Q3, datetime(2026, 7, 1, tzinfo=UTC))
    day = date(2026, 8, 3)
    told = {"levels": {"company": {"O1": [0.5, 0.2], "O2": [0.2, 0.5], "": [0.3, 0.3]}}}
    told["parts"] = [{"kind": "objective", "name": "O2", "points": 30}, {"kind": "rest", "name": "", "points": 0}]
    with sessions.begin() as session:
        fall = Drift(
            kind="drift", scope="company", subject="", state="raised", severity="high", raised_on=day, start=day
        )
        fall.before, fall.after, fall.low, fall.high = 0.7, 0.4, -0.4, -0.2
        fall.absorbed_by, fall.explanation = [["O2", 30.0], ["", 0.0]], told
        session.add(fall)
        of_one = {
            "scope": "company",
            "severity": "high",
            "low": -0.3,
            "high": -0.1,
            "absorbed_by": [],
            "explanation": {},
        }
        of_one |= {"raised_on": day, "start": day, "before": 0.4, "after": 0.2}
        session.add_all([Drift(kind="gap", subject=key, state="recovered", **of_one) for key in ("O1", "O2")])
    load(sessions, Q4.replace("O2", "O3"), datetime(2026, 9, 28, tzinfo=UTC))
    with sessions() as session:
        assert set(session.scalars(select(Drift.subject).where(Drift.kind == "gap"))) == {"O1@1", "O3"}
        fall = session.scalars(select(Drift).where(Drift.kind == "drift")).one()
        assert fall.absorbed_by == [["O3", 30.0], ["", 0.0]]
        assert fall.explanation["levels"] == {"company": {"O1@1": [0.5, 0.2], "O3": [0.2, 0.5], "": [0.3, 0.3]}}
        assert [row["name"] for row in fall.explanation["parts"]] == ["O3", ""]
        now = with_gone(session, parse(Q4), keys_of(fall))
    assert next(one.title for one in now.objectives if one.key == "O1@1") == "Customers stay with us"


def test_key_results_of_an_earlier_plan_are_found_under_their_keys_by_now(sessions: sessionmaker[Session]) -> None:
    load(sessions, Q3, datetime(2026, 7, 1, tzinfo=UTC))
    load(sessions, Q4.replace("O2.1", "O1.2").replace("O1.1", "O2.1"), datetime(2026, 9, 28, tzinfo=UTC))
    with sessions() as session:
        assert keys_now(session, parse(Q3)) == {"O2.1": "O1.2"}, "O1.1 is another one now, and has no work of then"


def test_two_periods_of_one_name_are_two(sessions: sessionmaker[Session]) -> None:
    longer = Q3.replace("2026-09-30", "2026-10-07")
    next_year = Q3.replace("2026-", "2027-")
    for n, text in enumerate((Q3, longer, Q4, next_year)):
        load(sessions, text, datetime(2026, 7 + n, 1, tzinfo=UTC))
    with sessions() as session:
        found = periods(session)
    assert {name: one.period.end for name, one in found.items()} == {
        "Q3 from 2026-07-01": date(2026, 10, 7),
        "Q4": date(2026, 12, 31),
        "Q3": date(2027, 9, 30),
    }
    assert list(found) == ["Q3 from 2026-07-01", "Q4", "Q3"]


def test_the_week_in_which_a_plan_begins_is_of_the_key_results_that_were_asked_about(
    sessions: sessionmaker[Session],
) -> None:
    load(sessions, Q3, datetime(2026, 7, 1, tzinfo=UTC))
    at = datetime(2026, 9, 29, tzinfo=UTC)
    with sessions.begin() as session:  # a Tuesday; the next plan begins on Thursday of this week
        for key, value in (("O1.1", 3), ("O2.1", 8)):
            session.add(Confidence(key_result=key, week=date(2026, 9, 28), value=value, by="x", at=at))
            for day in (date(2026, 9, 30), date(2026, 10, 2)):
                session.add(Measurement(key_result=key, binding="checkin", day=day, value=value, at=at))
    load(sessions, Q4, datetime(2026, 10, 5, tzinfo=UTC))
    with sessions() as session:
        assert {key: [one.value for one in said] for key, said in by_week(session, parse(Q4)).items()} == {"O2.1": [8]}
        numbers = {(one.key_result, one.day.day) for one in session.scalars(select(Measurement))}
    assert numbers == {("O1.1", 30), ("O2.1", 30), ("O1.1@1", 2), ("O2.1", 2)}


TWINS = Q3.replace('"Orders from abroad, 0 to 500"', "Churn from 4 % to 2 %")


def test_two_key_results_of_the_same_words_keep_what_is_theirs() -> None:
    assert new_keys(parse(TWINS), parse(TWINS.replace("company: Acme", "company: Acme AG")), "@1") == {}
    swapped = TWINS.replace("O1", "X").replace("O2", "O1").replace("X", "O2")
    assert new_keys(parse(TWINS), parse(swapped), "@1") == {"O1.1": "O2.1", "O2.1": "O1.1"}
    renumbered = parse(TWINS.replace("O2.1", "O2.7").replace("O1.1", "O1.7"))
    assert new_keys(parse(TWINS), renumbered, "@1") == {"O1.1": "O1.7", "O2.1": "O2.7"}
    one_reworded = parse(
        Q3.replace("Churn from 4 % to 2 %", "Fewer of them leave").replace(
            '"Orders from abroad, 0 to 500"', "Churn from 4 % to 2 %"
        )
    )
    assert new_keys(parse(TWINS), one_reworded, "@1") == {}


def test_two_objectives_of_the_same_words_keep_what_is_theirs() -> None:
    twins = Q3.replace("The shop sells abroad", "Customers stay with us")
    assert new_objective_keys(parse(twins), parse(twins.replace("company: Acme", "company: Acme AG")), "@1") == {}
    swapped = twins.replace("O1", "X").replace("O2", "O1").replace("X", "O2")
    assert new_objective_keys(parse(twins), parse(swapped), "@1") == {"O1": "O2", "O2": "O1"}


def test_a_diagnosis_of_the_plan_before_keeps_its_words_and_what_is_renumbered_goes_on(
    sessions: sessionmaker[Session],
) -> None:
    load(sessions, Q3, datetime(2026, 7, 1, tzinfo=UTC))
    day = date(2026, 8, 3)
    given = {"scope": "company", "kind": "support", "found_on": day, "seen_on": day, "since": day, "strength": 0.03}
    of_one = {"objective": "objective:O1", "plan": 40, "weeks": 8, "days": 30}
    idle = {"key_result": "kr:O1.1", "objective": "objective:O1", "teams": ["team:a"], "weeks": 8, "days": 1}
    with sessions.begin() as session:
        session.add(Diagnosis(subject="objective:O1", figures=of_one, **given))
        session.add(Diagnosis(subject="kr:O1.1", figures=idle, **given))
        session.add(Diagnosis(subject="objective:O2", figures=of_one | {"objective": "objective:O2"}, **given))
    load(sessions, Q4.replace("O2", "O3"), datetime(2026, 9, 28, tzinfo=UTC))
    with sessions() as session:
        subjects = session.scalars(select(Diagnosis.subject).order_by(Diagnosis.id)).all()
        assert subjects == ["objective:O1@1", "kr:O1.1@1", "objective:O3"]
        said = [plain(one.brief) for one in diagnoses(session, parse(Q4.replace("O2", "O3")), 5)]
    assert sorted(said) == [
        "hardly anything was done on “Churn from 4 % to 2 %” for 8 whole weeks",
        "“Customers stay with us” gets 3 of 100 working days, 40 were planned",
        "“The shop sells abroad” gets 3 of 100 working days, 40 were planned",
    ]
    # Taken out, and no other in its place: it is still told by its words.
    load(sessions, Q3[: Q3.index("  - {key: O2")].replace("O1", "O9"), datetime(2026, 10, 28, tzinfo=UTC))
    with sessions() as session:
        assert session.scalars(select(Diagnosis.subject).order_by(Diagnosis.id)).all()[2] == "objective:O3@2"


@pytest.mark.parametrize(
    "column", [Label.key_result, Stream.key_result, Measurement.key_result, Share.objective, Drift.subject]
)
def test_a_key_has_room_for_its_version_wherever_it_is_kept(column: Any) -> None:
    """PostgreSQL would refuse the load of the next plan."""
    assert LONGEST["key"] + len("@9999999") <= column.type.length
