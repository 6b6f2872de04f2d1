"""The period ends and nobody loads another plan: said once to the company and to ops, and on every face, until one is loaded."""

from datetime import date, timedelta

import pytest
from sqlalchemy.orm import Session, sessionmaker

from alerts.chart_frame import Spec
from alerts.digest import compose, team_week
from alerts.gaps import picture_of
from alerts.mail import Smtp
from alerts.plan_end import end_advice, end_note
from alerts.words import plain
from benchmarks.drift.organisation import Case, generate
from models import Drift
from pipeline.drift.findings import audiences_of, kinds_for
from pipeline.register.document import Register, parse
from pipeline.register.ended import ran_out
from simulator.server import Simulator
from tests.alerts.test_delivery import changes, slack, told
from tests.alerts.test_digest import WEEK, filled  # noqa: F401 - the fixture of that name, here
from tests.alerts.test_slack import REGISTER
from tests.conftest import lite as engine  # noqa: F401 - the fixture of that name, here
from tests.pipeline.drift.test_stage import LONG_AGO, PEOPLE, detect, fill, load, register_text

ORGANISATION = generate(Case("calm", PEOPLE), seed=3)
DAYS = ORGANISATION.days
END = DAYS[60]


def plan(name: str, end: date, start: date = date(2025, 1, 6)) -> str:
    text = register_text(start=start)
    return text.replace(str(start + timedelta(days=300)), str(end)).replace("name: P\n", f"name: {name}\n")


def kept(rows: list[Drift]) -> list[tuple[str, str, str, date]]:
    return [(d.subject, d.state, d.scope, d.raised_on) for d in rows if d.kind == "plan"]


def test_the_end_of_a_plan_is_told_once_a_channel_and_is_over_with_the_next_plan(
    company: Simulator, sessions: sessionmaker[Session]
) -> None:
    both = slack(company), slack(company, "random", audience="ops")
    register = load(sessions, plan("2025-Q1", END), LONG_AGO)
    assert kept(detect(sessions, register, fill(sessions, ORGANISATION, 61))) == []
    assert told(sessions, company, LONG_AGO, *both) == 0
    for n in (62, 63, 64):
        found = kept(detect(sessions, register, fill(sessions, ORGANISATION, n)))
        assert found == [(str(END), "raised", "company", DAYS[61])]
        assert told(sessions, company, LONG_AGO, *both) == (2 if n == 62 else 0)
    posted = company.world.posted[-2:]
    assert len({one["channel"] for one in posted}) == 2
    for one in posted:
        assert "The plan 2025-Q1 ended on " in one["text"]
        assert "no later one is loaded. Since then no drift is reported; shares continue" in one["text"]
        assert "'leeway okrs load okrs.yaml'" in one["text"]
        assert "'leeway okrs carry-over'" in one["text"]
    after = load(sessions, plan("2025-Q2", DAYS[150], END + timedelta(days=1)), LONG_AGO + timedelta(days=90))
    ((subject, state, _, _),) = kept(detect(sessions, after, fill(sessions, ORGANISATION, 65)))
    assert (subject, state) == (str(END), "replanned")
    assert changes(sessions, company, LONG_AGO, *both) == 2
    assert company.world.posted[-1]["text"] == "The company: closed. Another plan was loaded, or the period continues."
    assert kept(detect(sessions, after, fill(sessions, ORGANISATION, 66)))[-1][1] == "replanned"
    assert told(sessions, company, LONG_AGO, *both) == 0


def test_a_plan_that_had_ended_before_it_was_loaded_is_told_of_as_its_own(sessions: sessionmaker[Session]) -> None:
    register = load(sessions, plan("2025-Q1", END), LONG_AGO)
    detect(sessions, register, fill(sessions, ORGANISATION, 70))
    again = load(sessions, plan("old", DAYS[64]), LONG_AGO + timedelta(days=90))
    found = kept(detect(sessions, again, fill(sessions, ORGANISATION, 71)))
    assert [one[:2] for one in found] == [(str(END), "replanned"), (str(DAYS[64]), "raised")]


def test_the_digest_says_it_first_in_the_weeks_that_end_after_the_plan(
    filled: sessionmaker[Session],  # noqa: F811
) -> None:
    def story(end: date) -> list[str]:
        ended = REGISTER.model_copy(
            update={"period": REGISTER.period.model_copy(update={"end": end, "name": "2026-H1"})}
        )
        with filled() as session:
            content = team_week(session, ended, next(team for team in ended.teams if team.key == "app"))
        assert content is not None
        return [plain(one) for one in content.story]

    sunday = WEEK + timedelta(days=6)
    assert not any("ended on" in one for one in story(sunday))
    first, *others = story(sunday - timedelta(days=1))
    assert first == (
        "The plan 2026-H1 ended on 4 July 2026, and no later one is loaded. "
        "Since then no drift is reported; shares continue against the old plan."
    )
    assert len(others) <= 2


def test_weeks_after_the_end_are_pale_in_the_pictures_of_alert_gap_and_digest(
    filled: sessionmaker[Session],  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn: list[Spec] = []
    for module in ("falls", "gaps", "digest"):
        monkeypatch.setattr(f"alerts.{module}.png", lambda spec: drawn.append(spec) or b"")
    end = WEEK - timedelta(days=8)  # the Sunday before the last two weeks
    fall = {"state": "raised", "severity": "high", "raised_on": WEEK, "start": WEEK, "before": 0.6, "after": 0.4}
    rows = [Drift(kind=kind, scope="app", subject=key, **fall) for kind, key in (("drift", ""), ("gap", "O3"))]

    def pictures(register: Register) -> tuple[list[Spec], str]:
        drawn.clear()
        with filled() as session:
            for row in rows:
                picture_of(session, row, register)
            content = team_week(session, register, next(team for team in register.teams if team.key == "app"))
        assert content is not None
        mail = compose(content, Smtp("mail.example", sender="x@velora.example"))
        html = mail.get_body(("html",))
        assert html is not None
        return list(drawn), html.get_content()

    held, said = pictures(REGISTER)
    assert "plan's end" not in said
    assert not any("after" in row for spec in held for row in spec["data"]["values"])
    ended = REGISTER.model_copy(update={"period": REGISTER.period.model_copy(update={"end": end})})
    held, said = pictures(ended)
    assert len(held) == 3
    for spec in held:
        pale = {row["week"] for row in spec["data"]["values"] if row.get("after")}
        assert pale == {str(WEEK - timedelta(weeks=1)), str(WEEK)}
    assert all(spec["title"]["subtitle"][-1].startswith("pale: weeks after the plan's end") for spec in held[:2])
    assert "Pale: weeks after the plan's end." in said


def test_both_audiences_hear_of_it_and_others_of_what_they_heard_before() -> None:
    assert audiences_of("plan") == ("company", "ops")
    assert audiences_of("mix") == audiences_of("unknown") == ()
    assert kinds_for("ops") == ["data", "plan"]


def test_the_last_day_of_a_plan_is_one_of_it() -> None:
    register: Register = parse(plan("2025-Q1", END))
    assert not ran_out(register, END)
    assert ran_out(register, END + timedelta(days=1))
    assert end_note(register, END) is None
    assert end_advice(register, END) is None
