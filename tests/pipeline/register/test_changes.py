"""The register's history: any sequence of edits is kept, told in words, and gives the same register again."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from models import RegisterVersion
from pipeline.register.change_words import consequences, in_words, renamed_teams
from pipeline.register.changes import State, changes, flatten, rebuild, replay
from pipeline.register.document import Register, parse, stored
from pipeline.register.versions import history, load_register

Data = dict[str, Any]
START: Data = yaml.safe_load("""
company: Acme
period: {name: Q3, start: "2026-07-01", end: "2026-09-30"}
calendar: {country: DE, weekend: [friday], closed: ["2026-08-14"]}
teams:
  - key: app
    name: App
    members: [ana@x.example, {email: bo@x.example, part: 0.5, days: [mon, half friday every 2 weeks from 2026-07-03]}]
objectives:
  - {key: O1, title: Customers stay, priority: 1, key_results: [{key: O1.1, title: Churn from 2 % to 1 %}]}
  - key: O2
    title: Bikes ride
    priority: 2
    key_results: [{key: O2.1, title: Repairs in 48 hours, scope: {labels: [fix]}}]
""")
NAMES = st.sampled_from(["ana@x.example", "bo@x.example", "cem@x.example", "dee@x.example"])
TEXTS = st.sampled_from(["Churn from 2 % to 1 %", "Launch it", "NPS 45 (31 today)", "Repairs in 48 hours"])


def _new(key: str, title: str) -> Data:
    return {"key": key, "title": title, "priority": 5, "key_results": [{"key": f"{key}.1", "title": title}]}


def _move(objectives: list[Data], one: Data) -> None:
    if len(one["key_results"]) > 1 and one is not objectives[0]:
        objectives[0]["key_results"].append(one["key_results"].pop())


def _member(members: list[Any], name: str) -> None:
    if name in [one if isinstance(one, str) else one["email"] for one in members]:
        members.pop()
    else:
        members.append(name)


def _edited(data: Data, step: tuple[str, int, str, str]) -> Data:
    """One edit as somebody makes it in the file."""
    what, number, text, name = step
    copy: Data = yaml.safe_load(yaml.safe_dump(data))
    objectives, unused = copy["objectives"], f"{number}-{len(str(copy))}"
    one = objectives[number % len(objectives)]
    key_results = one["key_results"]
    STEPS[what](copy, objectives, one, key_results, number, text, name, unused)
    return copy


STEPS: dict[str, Callable[..., object]] = {
    "title": lambda c, os, o, ks, n, text, name, key: ks[0].update(title=text),
    "owner": lambda c, os, o, ks, n, text, name, key: ks[-1].update(owner=name),
    "no owner": lambda c, os, o, ks, n, text, name, key: ks[-1].pop("owner", None),
    "priority": lambda c, os, o, ks, n, text, name, key: o.update(priority=n + 1),
    "new": lambda c, os, o, ks, n, text, name, key: os.append(_new(f"N{key}", text)),
    "gone": lambda c, os, o, ks, n, text, name, key: os.remove(o) if len(os) > 1 else None,
    "turned": lambda c, os, o, ks, n, text, name, key: os.reverse(),
    "moved": lambda c, os, o, ks, n, text, name, key: _move(os, o),
    "more": lambda c, os, o, ks, n, text, name, key: ks.append({"key": f"K{key}", "title": text}),
    "member": lambda c, os, o, ks, n, text, name, key: _member(c["teams"][0]["members"], name),
    "scope": lambda c, os, o, ks, n, text, name, key: ks[0].update(scope={"items": [f"APP-{n}"]}),
    "half": lambda c, os, o, ks, n, text, name, key: c["teams"][0].update(weekend=["wednesday"]),
    "calendar": lambda c, os, o, ks, n, text, name, key: c["calendar"].update(country="ES"),
    "zone": lambda c, os, o, ks, n, text, name, key: c["calendar"].update(time_zone="Europe/Madrid"),
    "period": lambda c, os, o, ks, n, text, name, key: c["period"].update(end=f"2026-10-{n + 10}"),
}
EDITS = st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0, 6), TEXTS, NAMES), max_size=8)


def _texts(edits: list[tuple[str, int, str, str]]) -> list[str]:
    data, found = START, [yaml.safe_dump(START)]
    for step in edits:
        data = _edited(data, step)
        found.append(yaml.safe_dump(data))
    return found


@given(EDITS)
@hypothesis_settings(max_examples=60)
def test_any_sequence_of_edits_is_replayed_to_the_same_register(edits: list[tuple[str, int, str, str]]) -> None:
    state: State = {}
    register: Register | None = None
    for text in _texts(edits):
        register, before = parse(text), state
        state = replay(state, changes(before, flatten(register)))
    assert register is not None
    assert rebuild(state) == register


def test_what_was_loaded_is_replayed_from_the_database(sessions: sessionmaker[Session]) -> None:
    texts = _texts(
        [
            ("new", 1, "Launch it", ""),
            ("title", 0, "NPS 45 (31 today)", ""),
            ("gone", 1, "", ""),
            ("member", 0, "", "dee@x.example"),
        ]
    )
    with sessions.begin() as session:
        for text in texts:
            load_register(session, parse(text), text, by="ana")
    state: State = {}
    with sessions() as session:
        for row in session.scalars(select(RegisterVersion).order_by(RegisterVersion.id)):
            state = replay(state, changes(state, flatten(stored(row.document, row.id))))
    assert rebuild(state) == parse(texts[-1])


def test_changes_that_do_not_fit_are_refused() -> None:
    state = flatten(parse(yaml.safe_dump(START)))
    steps = changes(state, flatten(parse(_texts([("title", 0, "Launch it", "")])[-1])))
    with pytest.raises(ValueError, match="Churn"):
        replay(replay(state, steps), steps)


def test_history_says_who_when_why_and_what_changed(sessions: sessionmaker[Session]) -> None:
    first, second, third = _texts([("title", 0, "NPS 45 (31 today)", ""), ("priority", 3, "", "")])
    with sessions.begin() as session:
        for text, by, why in (
            (first, "ana", None),
            (second, "bo", "churn cannot be measured yet"),
            (third, "ana", None),
        ):
            load_register(session, parse(text), text, by, why)
        assert load_register(session, parse(third), third, "eve")[1] is False
        loads = history(session)
        assert [(one.by, one.why) for one in loads] == [
            ("ana", None),
            ("bo", "churn cannot be measured yet"),
            ("ana", None),
        ]
        assert list(loads[1].changes) == ["O1.1: title: Churn from 2 % to 1 % -> NPS 45 (31 today)"]
        assert [one.version for one in history(session, "O1.1")] == [loads[0].version, loads[1].version]
        assert history(session, "O1.") == []


def _words(*edits: tuple[str, int, str, str]) -> list[str]:
    before, *_, after = _texts(list(edits))
    return in_words(parse(before), parse(after))


def test_an_entry_that_comes_or_goes_is_one_line() -> None:
    assert _words(("gone", 1, "", "")) == ["O2.1 is gone in O2: Repairs in 48 hours", "O2 is gone: Bikes ride"]
    assert _words(("member", 0, "", "dee@x.example")) == ["dee@x.example joins team app"]
    assert _words(("turned", 0, "", "")) == []


@pytest.mark.parametrize(
    ("members", "joins"),
    [
        ("ana@x.example, {email: dee@x.example, from: 2026-12-01}", "dee@x.example joins team app from 2026-12-01"),
        (
            "{email: ana@x.example, to: 2026-08-31}, {email: ana@x.example, from: 2026-11-01, to: 2026-12-31}",
            "ana@x.example joins team app from 2026-11-01 until 2026-12-31",
        ),
    ],
)
def test_who_comes_or_goes_by_a_date_does_so_on_it_and_not_on_the_day_of_the_load(members: str, joins: str) -> None:
    text = yaml.safe_dump({**START, "teams": "TEAMS"})
    team = "[{key: app, name: App, members: [%s, {email: bo@x.example, part: 0.5, days: [mon]}]}]"
    before, after = (parse(text.replace("TEAMS", team % some)) for some in ("ana@x.example", members))
    assert joins in in_words(before, after)
    assert joins.replace("joins", "is no longer listed in") in in_words(after, before)
    found = consequences(before, after, date(2026, 7, 1), date(2026, 9, 1), 5)
    assert not [one for one in found if "people who join or leave do so on 2026-09-01" in one]


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (("priority", 5, "", ""), "a new baseline begins on 2026-09-01"),
        (("priority", 5, "", ""), "matched again, including past weeks"),
        (("title", 0, "NPS 45 (31 today)", ""), "matched again, including past weeks"),
        (("gone", 1, "", ""), "O2 is gone: its past work"),
        (("member", 0, "", "dee@x.example"), "people who join or leave do so on 2026-09-01"),
        (("half", 0, "", ""), "working hours change on 2026-09-01"),
        (("calendar", 0, "", ""), "the calendar changes on 2026-09-01: earlier days keep the old one"),
        (("zone", 0, "", ""), "the time zone changes: effort of past weeks is estimated again"),
    ],
)
def test_what_a_load_means_for_past_figures_is_said(edit: tuple[str, int, str, str], said: str) -> None:
    before, after = (parse(text) for text in _texts([edit]))
    lines = consequences(before, after, date(2026, 7, 1), date(2026, 9, 1), 5)
    assert any(said in line for line in lines)
    assert not any("correction" in line for line in lines)
    assert sum("working hours change" in line for line in lines) == (edit[0] == "half")
    soon = consequences(before, after, date(2026, 8, 30), date(2026, 9, 1), 5)
    assert any("correction" in line for line in soon)


def of_one_team(key: str, name: str, some: str) -> Register:
    people = ", ".join(f"{one}@x.example" for one in some.split(", "))
    return parse(
        "period: {name: Q3, start: 2026-07-01, end: 2026-09-30}\n"
        f"teams: [{{key: {key}, name: {name}, members: [{people}]}}]\n"
        "objectives: [{key: O1, title: Bikes ride, priority: 1, key_results: [{key: O1.1, title: Repairs}]}]\n"
    )


@pytest.mark.parametrize(
    ("key", "members", "said"),
    [
        ("growth", "a, b, c, d, e", "team growth has 5 of the 5 members of team app, which is gone"),
        ("growth", "a, b, c, d, f", "team growth has 4 of the 5 members of team app, which is gone"),
        ("growth", "a, b, f, g, h", None),  # most of them went elsewhere
        ("app", "a, b, c, d, f", None),
    ],
)
def test_a_team_under_another_key_is_asked_about(key: str, members: str, said: str | None) -> None:
    before, after = of_one_team("app", "A", "a, b, c, d, e"), of_one_team(key, "A", members)
    lines = [one for one in renamed_teams(before, after) if "which is gone" in one]
    assert lines == [one for one in consequences(before, after, date(2026, 7, 1), date(2026, 9, 1), 5) if one in lines]
    assert [one.partition(":")[0] for one in lines] == ([said] if said else [])
    assert all("keep `key: app`" in one for one in lines)


@pytest.mark.parametrize(
    ("name", "members", "said"),
    [
        ("Growth", "f, g, h, i, j", True),
        ("Growth", "a, f, g, h, i", True),  # one of five went along
        ("Growth", "a, b, f, g, h", False),
        ("App", "f, g, h, i, j", False),  # everybody is somebody else, and it is that team all the same
    ],
)
def test_a_key_that_another_team_gets_is_asked_about_sourcekettle_120(name: str, members: str, said: bool) -> None:
    asked = "team t1 was 'App' with other people: their work is now the past of 'Growth'. "
    lines = renamed_teams(of_one_team("t1", "App", "a, b, c, d, e"), of_one_team("t1", name, members))
    assert lines == ([asked + "If it is a different team, give it a new key."] if said else [])
