"""Numbers that are measured once a day and kept as a series: through real databases, files, HTTP and the simulated company."""

import sqlite3
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session, sessionmaker
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from models import Measurement
from pipeline.progress.cannot import CannotMeasure
from pipeline.progress.csv_number import csv_number
from pipeline.progress.series import latest, series
from pipeline.progress.sql_number import sql_number
from pipeline.progress.stage import Means, binding_of, keep, measure_due
from pipeline.register.document import KeyResult, Register, parse
from simulator.server import Simulator
from tests.conftest import connect_to
from tests.web.conftest import listening

TODAY = date(2026, 7, 10)


def register(*metrics: str) -> Register:
    rows = "".join(f'\n      - {{key: O1.{n}, title: "Number {n}", metric: {one}}}' for n, one in enumerate(metrics, 1))
    return parse(f"""\
period: {{name: Q3, start: 2026-07-01, end: 2026-09-30}}
objectives:
  - key: O1
    title: Customers stay
    priority: 1
    key_results:{rows}
""")


def key_results(given: Register) -> list[KeyResult]:
    return [one for _, one in given.key_results()]


@pytest.fixture
def warehouse(tmp_path: Path) -> str:
    file = tmp_path / "warehouse.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE sold (amount REAL)")
        connection.executemany("INSERT INTO sold VALUES (?)", [(10,), (20,), (12.5,)])
    return f"sqlite:///{file}"


def test_each_way_is_measured_and_a_failure_stops_no_other(
    sessions: sessionmaker[Session], company: Simulator, warehouse: str, tmp_path: Path
) -> None:
    (tmp_path / "churn.csv").write_text("month,churn\n2026-06,2.4\n2026-07,2.1\n")
    given = register(
        "{sql: SELECT profit FROM sold, database: warehouse}",
        "{jql: statusCategory = Done}",
        "{hubspot: deals}",
        "{sql: SELECT sum(amount) FROM sold, database: warehouse}",
        f"{{csv: {tmp_path}/churn.csv, column: churn}}",
        "{checkin: true}",
        "{sql: SELECT 1, database: lake}",
    )
    sources = {name: connect_to(company, name) for name in ("jira", "hubspot")}
    means = Means(sources, {"warehouse": warehouse})
    assert measure_due(sessions, given, TODAY, means) == {"measured": 4, "failed": 2}
    with sessions() as session:
        last = {one.key: latest(session, one) for one in key_results(given)}
    assert {key: row.value for key, row in last.items() if row and not row.fault} == {
        "O1.2": sum(one.status == "Done" for one in company.world.issues),
        "O1.3": sum(one.type == "deals" for one in company.world.records),
        "O1.4": 42.5,
        "O1.5": 2.1,
    }
    assert {key: row.fault for key, row in last.items() if row and row.fault} == {
        "O1.1": "the database refused the statement: no such column: profit.",
        "O1.7": "there is no database 'lake' in metrics.databases of leeway.toml.",
    }
    assert last["O1.6"] is None  # somebody types it


class Counting:
    """A source that counts how often it is asked, and breaks where it is told to."""

    def __init__(self) -> None:
        self.asked, self.breaks = 0, False

    def measure(self, metric: Any) -> float:
        self.asked += 1
        if self.breaks:
            raise RuntimeError("somebody's words")
        return float(self.asked)


def test_a_key_result_is_asked_for_once_a_day_whatever_came_of_it(sessions: sessionmaker[Session]) -> None:
    given, source = register("{jql: status = Done}"), Counting()
    means = Means({"jira": source})
    for _ in range(96):
        measure_due(sessions, given, TODAY, means)
    assert source.asked == 1
    source.breaks = True
    for _ in range(3):
        measure_due(sessions, given, TODAY + timedelta(1), means)
    assert source.asked == 2
    source.breaks = False
    measure_due(sessions, given, TODAY + timedelta(1), means, again=True)
    measure_due(sessions, given, TODAY + timedelta(2), means)
    with sessions() as session:
        assert series(session, key_results(given)[0]) == [
            (TODAY, 1.0),
            (TODAY + timedelta(1), 3.0),
            (TODAY + timedelta(2), 4.0),
        ]
    measure_due(sessions, given, date(2026, 10, 1), means)
    assert source.asked == 4  # the period is over


def test_an_error_that_nobody_foresaw_is_kept_without_its_words(sessions: sessionmaker[Session]) -> None:
    given, source = register("{jql: status = Done}"), Counting()
    source.breaks = True
    assert measure_due(sessions, given, TODAY, Means({"jira": source})) == {"measured": 0, "failed": 1}
    with sessions() as session:
        row = latest(session, key_results(given)[0])
    assert row is not None
    assert row.fault == "an unexpected RuntimeError; the log has more."


def test_what_is_measured_in_another_way_is_another_series(sessions: sessionmaker[Session]) -> None:
    before, after = register("{jql: status = Done, target: 9}"), register("{jql: status = Open, target: 9}")
    means = Means({"jira": Counting()})
    measure_due(sessions, before, TODAY, means)
    measure_due(sessions, after, TODAY, means)  # on the same day
    measure_due(sessions, register("{jql: status = Done, target: 50}"), TODAY, means)  # only the target is another
    with sessions() as session:
        assert series(session, key_results(before)[0]) == [(TODAY, 1.0)]
        assert series(session, key_results(after)[0]) == [(TODAY, 2.0)]
        assert session.query(Measurement).count() == 2


def test_a_later_check_in_of_a_day_takes_the_place_of_the_earlier(sessions: sessionmaker[Session]) -> None:
    one = key_results(register("{checkin: true}"))[0]
    assert one.metric is not None
    for value in (3.0, 4.0):
        with sessions.begin() as session:
            keep(session, one.key, binding_of(one.metric), TODAY, value, note="counted by hand")
    with sessions() as session:
        assert series(session, one) == [(TODAY, 4.0)]


# SQL


@pytest.fixture(params=["sqlite", "postgresql"])
def sold(request: pytest.FixtureRequest, warehouse: str) -> str:
    if request.param == "sqlite":
        return warehouse
    address: str = request.getfixturevalue("postgres_url")
    engine: Engine = create_engine(address)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE sold (amount numeric)"))
        connection.execute(text("INSERT INTO sold VALUES (10), (20), (12.5)"))
    engine.dispose()
    return address


def test_one_number_of_a_database(sold: str) -> None:
    assert sql_number(sold, "SELECT sum(amount) FROM sold WHERE amount % 5 < 1;", 5) == 30
    assert sql_number(sold, "WITH many AS (SELECT * FROM sold) SELECT count(*) FROM many", 5) == 3


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("SELECT amount FROM sold", "more than one row"),
        ("SELECT amount FROM sold WHERE amount > 99", "no row"),
        ("SELECT 1, 2", "2 columns"),
        ("SELECT max(amount) FROM sold WHERE amount > 99", "nothing instead of a number"),
        ("SELECT 'many'", "'many' instead of a number"),
        ("SELECT x FROM sold", "the database refused the statement"),
    ],
)
def test_anything_but_one_number_is_refused_with_a_reason(sold: str, statement: str, words: str) -> None:
    with pytest.raises(CannotMeasure, match=words):
        sql_number(sold, statement, 5)


def test_a_database_is_only_read(sold: str) -> None:
    for statement in (
        "DELETE FROM sold",
        "WITH x AS (SELECT 1) INSERT INTO sold SELECT 1",
        "CREATE TABLE more (x int)",
    ):
        with pytest.raises(CannotMeasure, match=r"read.?only"):
            sql_number(sold, statement, 5)
    assert sql_number(sold, "SELECT count(*) FROM sold", 5) == 3


def test_a_statement_that_takes_too_long_is_stopped(sold: str) -> None:
    endless = (
        "SELECT pg_sleep(60)"
        if sold.startswith("postgresql")
        else "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"
    )
    began = time.monotonic()
    with pytest.raises(CannotMeasure, match=r"longer than 0.5 s \(metrics.sql_seconds\)"):
        sql_number(sold, endless, 0.5)
    assert time.monotonic() - began < 30


def test_no_sentence_holds_the_address() -> None:
    for address in (
        "postgresql://reader:s3cret@127.0.0.1:1/x",
        "mysql://reader:s3cret@h/x",
        "s3cret",
        "sqlite:////s3cret",
    ):
        with pytest.raises(CannotMeasure) as caught:
            sql_number(address, "SELECT 1", 2)
        assert "s3cret" not in str(caught.value)


# CSV


@pytest.fixture
def sheets() -> Iterator[str]:
    async def answer(request: Request) -> Response:
        if request.url.path == "/away.csv":
            return RedirectResponse("/churn.csv")
        if request.url.path == "/large.csv":
            return PlainTextResponse("x" * 6_000_000)
        if request.url.path == "/twice.csv":
            return PlainTextResponse("month,churn,churn\n2026-06,2.4,9.9\n")
        found = "month;churn\r\n2026-06;2,4\r\n2026-07;2,1\r\n2026-08;\r\n" if request.url.path == "/churn.csv" else ""
        return PlainTextResponse(found, 200 if found else 404)

    with listening(Starlette(routes=[Route("/{path:path}", answer)])) as address:
        yield address


def test_a_csv_behind_an_address(sheets: str) -> None:
    metric = {"csv": f"{sheets}/churn.csv?key=s3cret", "column": "churn"}
    assert csv_number(metric, ["127.0.0.1"], 5) == 2.1
    assert csv_number(metric | {"row": {"month": "2026-06"}}, ["127.0.0.1"], 5) == 2.4


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        ({"csv": "SHEETS/churn.csv?key=s3cret", "column": "nps"}, "has no column 'nps'; it has month, churn"),
        (
            {"csv": "SHEETS/churn.csv?key=s3cret", "column": "churn", "row": {"month": "2026-08"}},
            "'' instead of a number",
        ),
        ({"csv": "SHEETS/churn.csv?key=s3cret", "column": "churn", "row": {"month": "May"}}, "no row with 'May'"),
        ({"csv": "SHEETS/twice.csv?key=s3cret", "column": "churn"}, "the column 'churn' is there twice"),
        ({"csv": "SHEETS/none.csv?key=s3cret", "column": "churn"}, "answered 404"),
        ({"csv": "SHEETS/away.csv?key=s3cret", "column": "churn"}, "answered 307"),
        ({"csv": "SHEETS/large.csv?key=s3cret", "column": "churn"}, "is larger than 5 MB"),
        ({"csv": "https://other.example/a.csv?key=s3cret", "column": "x"}, "list it in metrics.csv_hosts"),
        ({"csv": "file:///etc/passwd", "column": "x"}, "list it in metrics.csv_hosts"),
        ({"csv": "nowhere.csv", "column": "x"}, "nowhere.csv does not exist"),
    ],
)
def test_what_a_csv_does_not_hold_is_said(sheets: str, metric: dict[str, Any], words: str) -> None:
    with pytest.raises(CannotMeasure, match=words) as caught:
        csv_number(metric | {"csv": metric["csv"].replace("SHEETS", sheets)}, ["127.0.0.1"], 5)
    assert "s3cret" not in str(caught.value)


def test_an_outcome_is_measured_as_a_key_result_s_number_is(sessions: sessionmaker[Session], tmp_path: Path) -> None:
    (tmp_path / "churn.csv").write_text("month,churn\n2026-07,2.1\n")
    given = register("{checkin: true}")
    outcome = {"csv": str(tmp_path / "churn.csv"), "column": "churn", "start": 3, "target": 1}
    objective = given.objectives[0].model_validate({**given.objectives[0].model_dump(), "outcome": outcome})
    given = given.model_copy(update={"objectives": (objective,)})
    assert measure_due(sessions, given, TODAY, Means()) == {"measured": 1, "failed": 0}
    assert measure_due(sessions, given, TODAY, Means()) == {"measured": 0, "failed": 0}, "once a day"
    with sessions() as session:
        assert series(session, objective) == [(TODAY, 2.1)]
