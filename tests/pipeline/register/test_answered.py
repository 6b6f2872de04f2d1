"""Which answers hold once another plan asks for other things."""

from datetime import UTC, datetime, timedelta

import yaml
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from models import Label, RegisterVersion, WorkItem
from models.vocabulary import AUDIT
from pipeline.match.answers import load_answers
from pipeline.register.answered import ALWAYS, _known_since, holds, known_since, later, plan_since
from pipeline.register.document import Register, parse
from pipeline.register.versions import key_now, load_register
from pipeline.share.audit_store import load_answers as audited
from pipeline.share.company import answers
from tests.conftest import lite as engine  # noqa: F401 - the fixture of that name, here

CHURN, DEPOT, BERLIN, APP = (
    "Churn below 2 %",
    "Open a second depot",
    "Sell bikes in Berlin",
    "App rating from 3.6 to 4.5",
)
DAYS = [datetime(2026, month, 1, tzinfo=UTC) for month in (1, 4, 5)]
MARCH = datetime(2026, 3, 1, tzinfo=UTC)


def plan(quarter: int, **titles: str) -> str:
    """A plan with an objective for each key result: `O1=CHURN` is O1.1."""
    start = f"2026-{3 * quarter - 2:02}-01"
    rows = [
        {"key": key, "title": f"Why: {title}", "priority": n, "key_results": [{"key": f"{key}.1", "title": title}]}
        for n, (key, title) in enumerate(titles.items(), 1)
    ]
    period = {"name": f"Q{quarter}", "start": start, "end": f"2026-{3 * quarter:02}-28"}
    return yaml.safe_dump({"period": period, "teams": [], "objectives": rows})


def test_a_key_result_is_known_since_it_was_first_asked_for_under_whatever_key() -> None:
    plans = [plan(1, O1=CHURN, O2=DEPOT), plan(2, O1=DEPOT, O2=BERLIN), plan(2, O1=DEPOT, O2=BERLIN, O3=CHURN)]
    since = _known_since(tuple((at, text, n) for n, (at, text) in enumerate(zip(DAYS, plans, strict=True), 9001)))
    # The depot has another key and is the same; what was taken out and is back is asked for anew.
    assert since == {"O2.1": DAYS[1], "O3.1": DAYS[2]}
    assert later(since, MARCH) == {"O2.1", "O3.1"}
    assert plan_since({"O1.1": ALWAYS, **since}) == DAYS[1]
    assert plan_since({"O1.1": ALWAYS, "O2.1": ALWAYS, "O3.1": DAYS[2]}) == ALWAYS


def test_a_wrong_register_that_was_put_right_makes_nothing_new() -> None:
    plans, days = (
        (plan(1, O1=CHURN), plan(2, O1=BERLIN), plan(1, O1=CHURN)),
        (DAYS[0], DAYS[1], DAYS[1] + timedelta(days=1)),
    )
    loads = tuple((at, text, n) for n, (at, text) in enumerate(zip(days, plans, strict=True), 9101))
    assert _known_since(loads) == {}
    assert _known_since(loads[:2]) == {"O1.1": DAYS[1]}


def test_none_was_said_of_the_key_results_that_there_were_label_studio_4596(sessions: sessionmaker[Session]) -> None:
    """Of another plan it says nothing: it is asked again, drawn again, and no answer that narrows an interval."""

    def load(session: Session, text: str, at: datetime) -> Register:
        version, _ = load_register(session, parse(text), text)
        session.get_one(RegisterVersion, version).loaded_at = at
        return parse(text)

    with sessions.begin() as session:
        load(session, plan(1, O1=CHURN, O2=DEPOT), DAYS[0])
        given = dict(enumerate(["O1.1", "O2.1", None, None], 1))
        session.add_all(
            WorkItem(id=n, source="jira", external_id=str(n), kind="task", container="c", labels=[], mentions=[])
            for n in given
        )
        session.flush()
        session.add_all(
            Label(work_item_id=n, key_result=key, origin=AUDIT if n == 4 else "page", at=MARCH)
            for n, key in given.items()
        )
    with sessions() as session:
        register = load(session, plan(1, O1=CHURN, O2=DEPOT, O3=APP), DAYS[0] + timedelta(days=60))
        assert answers(session, register) == 2
        found = load_answers(session, register)
        assert (dict(found.older), dict(found.labels)) == ({"jira:3": {"O3.1"}}, {"jira:1": "O1.1", "jira:2": "O2.1"})
        assert set(audited(session, register)) == {4}
        assert set(session.scalars(select(Label.work_item_id).where(holds(session, register)))) == {1, 2}
        register = load(session, plan(2, O1=BERLIN, O2=DEPOT, O3=APP), DAYS[1])
        assert known_since(session, register)["O2.1"] == ALWAYS
        assert answers(session, register) == 1
        found = load_answers(session, register)
        assert (dict(found.labels), dict(found.older)) == ({"jira:2": "O2.1"}, {"jira:3": {"O1.1", "O3.1"}})
        assert audited(session, register) == {}
        seen = session.scalars(select(RegisterVersion.id).order_by(RegisterVersion.id.desc())).first()
        assert seen is not None
        load(session, plan(2, O2=DEPOT, O3=APP), DAYS[1])
        load(session, plan(2, O1="Hire twelve mechanics", O2=DEPOT, O3=APP), DAYS[2])
        # A template that was printed while O1.1 was Berlin says nothing of mechanics.
        assert (key_now(session, "O1.1", seen), key_now(session, "O2.1", seen)) == (None, "O2.1")
        load(session, plan(2, O4=BERLIN, O2=DEPOT, O3=APP), DAYS[2])
        assert key_now(session, "O1.1", seen) == "O4.1"
