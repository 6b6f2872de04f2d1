"""Streams confirmed on the command line: asked in a terminal, by file, and printed."""

import csv
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker

from leeway.app import NotReady
from leeway.confirming import Asking, import_answers, show, write_template
from models import Effort, Label, Match, Person, Stream, WorkItem
from pipeline.drift.detector import DriftSettings
from pipeline.files import InputError
from pipeline.match.stage import match_all
from pipeline.register.document import Register, parse
from pipeline.register.versions import load_register
from pipeline.register.workdays import last_complete_day
from tests.conftest import HashedWords
from tests.pipeline.streams.test_stage import add, item, keep

REGISTER = """
company: Small
period: {name: Q3, start: 2026-07-01, end: 2026-09-30}
teams: [{key: app, name: App, members: [p0@x.example]}]
objectives:
  - {key: O1, title: Riders unlock at once, priority: 1, key_results: [{key: O1.1, title: Bluetooth unlock works}]}
  - {key: O4, title: Fewer refunds, priority: 4, key_results: [{key: O4.1, title: refund invoice}]}
"""
FRIDAY = date(2026, 7, 10)
ITEMS = [
    item("A-1", "Bluetooth unlock", "epic"),
    item("A-2", "Unlock in the garage", "story", "A-1"),
    item("A-3", "Signal strength", "story", "A-1"),
    item("A-4", "Refund wrong invoice"),
    item("A-5", "wrong invoice Refund"),
    item("A-6", '=HYPERLINK("x") lunch \x1b[2J'),
    item("A-7", "Printer"),
]
BELIEVED = {"A-1": 0.5, "A-2": 0.6, "A-3": 0.5, "A-4": 0.3, "A-5": 0.3, "A-6": 0.2, "A-7": 0.2}
WORKED = {"A-2": 1.0, "A-3": 0.8, "A-4": 0.5, "A-5": 0.4, "A-6": 0.05}
WHO = {"A-2": range(6), "A-3": range(6), "A-6": range(1, 5)}


class Small:
    """A company as the commands see it."""

    def __init__(self, sessions: sessionmaker[Session]) -> None:
        self.sessions = sessions

    def now(self) -> datetime:
        return datetime(2026, 7, 12, 9, tzinfo=UTC)

    def register(self) -> tuple[int, Register]:
        return 1, parse(REGISTER)

    def drift_settings(self) -> DriftSettings:
        return DriftSettings()


@pytest.fixture
def app(sessions: sessionmaker[Session]) -> Any:
    """Six people who worked on five items; the refunds only one of them, and lunch four others: together enough for what is not
    shown."""
    with sessions.begin() as session:
        load_register(session, parse(REGISTER), REGISTER)
        session.add_all(Person(id=n + 1, email=f"p{n}@x.example", team="app") for n in range(6))
    add(sessions, ITEMS)
    with sessions.begin() as session:
        ids = dict(session.execute(select(WorkItem.external_id, WorkItem.id)).all())
        for name, p in BELIEVED.items():
            session.add(Match(work_item_id=ids[name], version_id=1, probabilities={"O1.1": p}, none=1 - p, evidence=[]))
        for name, days in WORKED.items():
            for person in WHO.get(name, range(1)):
                session.add(Effort(day=FRIDAY, person_id=person + 1, work_item_id=ids[name], person_days=days))
    keep(sessions, FRIDAY)
    return Small(sessions)


def template(app: Any, path: Path) -> list[dict[str, str]]:
    with path.open("w", newline="") as target:
        write_template(app, 40, target)
    with path.open(newline="") as source:
        return list(csv.DictReader(source))


def fill(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", newline="") as target:
        writer = csv.DictWriter(target, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def labels(app: Any) -> dict[str, tuple[str | None, str]]:
    with app.sessions() as session:
        query = select(WorkItem.external_id, Label.key_result, Label.origin).join(
            Label, Label.work_item_id == WorkItem.id
        )
        return {name: (key, origin) for name, key, origin in session.execute(query)}


def written(out: Console) -> str:
    assert isinstance(out.file, StringIO)
    return out.file.getvalue()


def asked(app: Any, keys: str) -> tuple[int, str]:
    pressed: Iterator[str] = iter(keys)
    out = Console(file=StringIO(), width=200)
    asking = Asking(app, out, lambda: next(pressed))
    return asking.run(), written(out)


def test_thousands_of_days_are_a_number_for_a_spreadsheet(app: Any, tmp_path: Path) -> None:
    with app.sessions.begin() as session:
        session.execute(update(Effort).values(person_days=100 * Effort.person_days))
    assert int(template(app, tmp_path / "streams.csv")[0]["person_days_in_8_weeks"]) > 1000


def test_what_moves_the_shares_most_comes_first_and_figures_only_of_enough_people(app: Any, tmp_path: Path) -> None:
    rows = template(app, tmp_path / "streams.csv")
    assert [row["name"] for row in rows][:2] == ["Bluetooth unlock", "Refund wrong invoice"]
    first, second = rows[:2]
    assert (first["serves"], first["belief"], first["person_days_in_8_weeks"]) == ("O1.1", "perhaps", "11")
    assert (second["serves"], second["belief"], second["person_days_in_8_weeks"]) == ("none", "probably", "")
    assert first["examples"] == "Unlock in the garage | Signal strength"
    formula = next(row for row in rows if "HYPERLINK" in row["name"])
    assert formula["name"].startswith("'=")
    assert "\x1b" not in formula["name"]


def test_one_key_confirms_and_an_answer_holds_for_all_of_the_stream(app: Any) -> None:
    count, said = asked(app, "\r2q")
    assert count == 2
    assert labels(app) == {"A-1": ("O1.1", "stream"), "A-4": ("O4.1", "stream"), "A-5": ("O4.1", "with stream")}
    assert "1 of 3: Bluetooth unlock (epic in A)" in said
    assert "98% of the last eight weeks' effort is confirmed" in said
    assert asked(app, "q")[1].count("Bluetooth unlock (epic") == 0  # what was answered is not asked again


def test_an_answer_is_undone_as_if_it_had_not_been_given(app: Any) -> None:
    assert asked(app, "\rnuuq") == asked(app, "\rnuuq")
    assert labels(app) == {}
    with app.sessions() as session:
        assert set(session.scalars(select(Stream.answer))) == {""}
    assert asked(app, "u\rq")[0] == 1


def test_of_a_mixed_stream_the_items_are_asked_next(app: Any) -> None:
    count, said = asked(app, "m1nq")
    assert count == 1
    assert labels(app) == {"A-2": ("O1.1", "terminal"), "A-3": (None, "terminal")}
    assert said.index("in it: A-2 Unlock in the garage") < said.index("in it: A-3 Signal strength")


def test_undoing_a_mixed_stream_takes_back_what_was_said_in_it(app: Any) -> None:
    asked(app, "m1quq")
    assert labels(app) == {}


def test_without_a_terminal_the_streams_are_printed(app: Any) -> None:
    out = Console(file=StringIO(), width=200)
    show(app, out)
    said = written(out)
    last = last_complete_day(app.now(), app.register()[1].calendar.time_zone)
    assert f"perhaps O1.1 Bluetooth unlock works; 11 person-days in the 8 weeks to {last}, 3 items" in said
    assert "probably none of the key results; 2 items" in said
    assert "0% of the last eight weeks' effort is confirmed" in said


def test_a_filled_template_is_kept_whole(app: Any, tmp_path: Path) -> None:
    file = tmp_path / "streams.csv"
    rows = template(app, file)
    for row, said in zip(rows, ("yes", "o4.1", "Mixed", ""), strict=False):
        row["key_result"] = said
    fill(file, rows)
    out = Console(file=StringIO(), width=200)
    import_answers(app, file, out)
    assert "3 streams answered" in written(out)
    assert {name: key for name, (key, _) in labels(app).items()} == {"A-1": "O1.1", "A-4": "O4.1", "A-5": "O4.1"}
    assert len(template(app, file)) == len(rows) - 3


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("stream,answer\n1,none\n", ("line 1", "'key_result'", "--template")),
        ("stream,key_result\n{id},none\n77,none\n", ("line 3", "'77'", "--template")),
        ("stream,key_result\n{id},O77\n", ("line 2", "O77", "O1.1", "mixed")),
        ("stream,key_result\n{id},none\n{id},O1.1\n", ("line 3", "twice")),
        ("stream,key_result\n{id},yes\n", ("line 2", "serves")),
        ("stream,key_result\n{id},\n", ("no row with an answer",)),
        ("", ("line 1", "'stream'")),
    ],
)
def test_a_faulty_file_names_the_line_and_keeps_nothing(
    app: Any, tmp_path: Path, text: str, parts: tuple[str, ...]
) -> None:
    with app.sessions() as session:
        id_ = session.scalar(select(Stream.id).where(Stream.name == "Bluetooth unlock"))
    (tmp_path / "bad.csv").write_text(text.replace("{id}", str(id_)))
    with pytest.raises(InputError) as refused:
        import_answers(app, tmp_path / "bad.csv", Console(quiet=True))
    for part in parts:
        assert part in str(refused.value)
    assert labels(app) == {}


def test_a_file_with_semicolons_is_read(app: Any, tmp_path: Path) -> None:
    with app.sessions() as session:
        id_ = session.scalar(select(Stream.id).where(Stream.name == "Bluetooth unlock"))
    (tmp_path / "streams.csv").write_text(f"stream;name;key_result\n{id_};Bluetooth, unlock;none\n")
    import_answers(app, tmp_path / "streams.csv", Console(quiet=True))
    assert labels(app) == {"A-1": (None, "stream")}


def test_before_any_analysis_it_says_what_to_do(sessions: sessionmaker[Session]) -> None:
    with pytest.raises(NotReady, match="leeway run --once"):
        show(Small(sessions), Console(quiet=True))


def test_an_answer_reaches_what_hangs_on_the_root_and_what_joins_later(app: Any) -> None:
    asked(app, "\r2q")
    add(app.sessions, [item("A-8", "Refund a wrong invoice"), item("A-9", "Cables and drills", "story", "A-1")])
    keep(app.sessions, FRIDAY + timedelta(days=1))
    match_all(app.sessions, parse(REGISTER), 1, HashedWords())
    with app.sessions() as session:
        query = select(WorkItem.external_id, Match.probabilities).join(Match, Match.work_item_id == WorkItem.id)
        found = {name: max(p, key=p.get) if p and max(p.values()) > 0.9 else None for name, p in session.execute(query)}
    expected = dict.fromkeys(["A-1", "A-2", "A-3", "A-9"], "O1.1") | dict.fromkeys(["A-4", "A-5", "A-8"], "O4.1")
    assert {name: found[name] for name in expected} == expected
