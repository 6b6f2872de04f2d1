"""What is an answer to a case, and what is not: the one who opened it adds something, a program says that it has arrived."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from connectors.slack.parse import parse_message
from models import Account, Person, Signal, WorkItem, connect
from pipeline.register.document import parse
from pipeline.steps.case import MISSING, judge
from pipeline.steps.clock import WorkingClock
from pipeline.steps.load import load_cases
from tests.conftest import newest_sqlite

AT = datetime(2026, 10, 5, 8, tzinfo=UTC)
REGISTER = """\
period: {name: Q4, start: 2026-10-01, end: 2026-12-31}
teams: [{key: ops, name: Operations}]
objectives: [{key: O1, title: Calm, priority: 1, key_results: [{key: O1.1, title: Answered in time}]}]
steps:
  - key: incidents
    title: From an incident to the first answer
    case: {source: slack, container: "#incidents"}
    begin: {created: true}
    path: [{key: answered, title: Somebody answers, happens: HOW, within: 30 minutes}]
"""


def outcome(folder: Path, *said: tuple[str, dict[str, Any]], how: str = "reply", by: str = "") -> tuple[str, ...]:
    """Of a case that anna opened, after which these accounts said something."""
    register = parse(REGISTER.replace("HOW", how + (f", by: {by}" if by else "")))
    path = register.paths[0]
    with Session(connect(newest_sqlite(folder / "replies.db"))) as session:
        session.add_all(
            [Person(id=1, email="anna@x.example", team="ops"), Person(id=2, email="ben@x.example", team="ops")]
        )
        session.flush()
        session.add_all(
            [
                Account(source="slack", external_id="anna", person_id=1),
                Account(source="slack", external_id="ben", person_id=2),
                Account(source="slack", external_id="helper", bot=True),
                WorkItem(source="slack", external_id="C:1", kind="message", container="#incidents", created_at=AT),
            ]
        )
        for n, (account, detail) in enumerate((("anna", {}), *said)):
            at = AT + timedelta(minutes=5 * n)
            session.add(
                Signal(
                    source="slack",
                    external_id=f"C:{n}",
                    item="C:1",
                    kind="message",
                    at=at,
                    account=account,
                    detail=detail,
                )
            )
        session.flush()
        clock = WorkingClock(register, path)
        (case,) = load_cases(session, path, clock).cases
        judged = judge(path, case, clock, AT + timedelta(days=1))
    assert judged is not None
    return judged.outcomes[0].deviations


@pytest.mark.parametrize(
    ("said", "missing"),
    [
        ([], True),
        ([("anna", {})], True),
        ([("helper", {})], True),
        ([("B0HOOK", {"automated": True})], True),
        ([("anna", {}), ("helper", {}), ("ben", {})], False),
        ([("a customer whom nobody knows", {})], False),
    ],
)
def test_a_reply_is_of_somebody_else_and_of_no_program(
    tmp_path: Path, said: list[tuple[str, dict[str, Any]]], missing: bool
) -> None:
    assert outcome(tmp_path, *said) == ((MISSING,) if missing else ())


def test_what_is_asked_for_by_its_kind_or_team_counts_whoever_began(tmp_path: Path) -> None:
    assert outcome(tmp_path, how="message") == ()
    for name in ("again", "alone"):
        (tmp_path / name).mkdir()
    assert outcome(tmp_path / "again", ("anna", {}), by="ops") == ()
    assert outcome(tmp_path / "alone", by="ops") == (MISSING,), "what it began with is no answer to it"


def test_a_message_of_a_program_without_an_account_is_known_as_one() -> None:
    _, by_program = parse_message(
        {"ts": "1.0", "bot_id": "B0HOOK", "subtype": "bot_message", "text": "Received."}, "x", "C"
    )
    _, by_person = parse_message({"ts": "1.0", "user": "U1", "text": "Looking."}, "x", "C")
    assert by_program is not None
    assert by_program.detail == {"automated": True}
    assert by_person is not None
    assert by_person.detail == {}


def test_a_case_that_came_to_a_status_that_is_meant_is_not_judged(tmp_path: Path) -> None:
    register = parse(
        REGISTER.replace("HOW", "reply") + "    except: [{status: Duplicate, because: the other one is answered}]\n"
    )
    path = register.paths[0]
    with Session(connect(newest_sqlite(tmp_path / "replies.db"))) as session:
        for n, status in enumerate(("Duplicate", "In Progress")):
            given = {"source": "slack", "created_at": AT}
            session.add(WorkItem(external_id=f"C:{n}", kind="message", container="#incidents", **given))
            session.add(
                Signal(
                    source="slack",
                    external_id=f"S:{n}",
                    item=f"C:{n}",
                    kind="transition",
                    at=AT,
                    detail={"name": status, "to": "done"},
                )
            )
        session.flush()
        loaded = load_cases(session, path, WorkingClock(register, path))
    assert [case.exempt for case in loaded.cases] == [True, False]
