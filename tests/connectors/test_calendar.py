"""Calendars as people keep them: what takes somebody's time, what does not, what must never be known."""

import logging
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session, sessionmaker

from connectors.base import Connector, CredentialError, NotReachable, SignalKind, SourceError
from connectors.calendar.parse import Broken, Calendar
from connectors.calendar.zones import unknown_zones
from connectors.registry import connector
from leeway import logs
from models import Capacity, Person, Signal, WorkItem, connect
from pipeline.effort.stage import estimate_effort
from pipeline.ingest import pull as ingest
from pipeline.ingest import sweep as sweeps
from pipeline.people import identity
from pipeline.register.document import Calendar as Workdays
from pipeline.register.document import Member, Period, Register, Team
from simulator.calendars import Entry, at, calendar_of
from simulator.server import Simulator
from tests.conftest import LONG_AGO, NOW, newest_sqlite

ANN, BEN, CEM, DEE = (f"{name}@velora.example" for name in ("ann", "ben", "cem", "dee"))
MONDAY = date(2026, 7, 6)
Row = tuple[str, datetime, float]


@dataclass
class Desk:
    """The calendars of a few people, and a database that pulls them."""

    company: Simulator
    sessions: sessionmaker[Session]
    file: Path
    given: dict[str, Any] = field(default_factory=dict)
    now: datetime = NOW

    def keep(self, **entries: list[Entry]) -> None:
        """Whose calendar holds what: ann, ben, cem are people, others shared calendars."""
        for name, held in entries.items():
            self.company.calendars.entries[name] = held
        self.enter(*entries)

    def enter(self, *names: str) -> None:
        base = self.company.addresses["calendar"]
        lines = [f"{_called(name)},{base}{self.company.calendars.path(name)}" for name in names]
        self.file.write_text("\n".join(["calendar,address", *lines]) + "\n", encoding="utf-8")

    def source(self) -> Connector:
        return connector(
            "calendar",
            file=str(self.file),
            own_domains=["velora.example"],
            now=lambda: self.now.timestamp(),
            **self.given,
        )

    def pull(self, since: datetime = LONG_AGO, **changes: Any) -> dict[str, int]:
        self.given |= changes
        return ingest.pull(self.source(), self.sessions, since)

    def sweep(self) -> None:
        sweeps.sweep(self.source(), self.sessions, force=True)

    def rows(self, kind: SignalKind = SignalKind.MEETING) -> list[Row]:
        """(who, when, hours), in order."""
        with self.sessions() as session:
            found = session.scalars(select(Signal).where(Signal.kind == kind))
            return sorted((row.account or "", row.at, round(row.hours or 0, 3)) for row in found)

    def says(self) -> str:
        """All that the database holds, as text."""
        with self.sessions() as session:
            tables = ("work_item", "signal", "account", "failure", "stream_cursor")
            return "\n".join(str(row) for table in tables for row in session.execute(text(f"SELECT * FROM {table}")))  # noqa: S608


def _called(name: str) -> str:
    return {"ann": ANN, "ben": BEN, "cem": CEM, "everybody": "*"}.get(name, name)


@pytest.fixture
def desk(company: Simulator, tmp_path: Path) -> Iterator[Desk]:
    engine = connect(newest_sqlite(tmp_path / "calendar.db"))
    yield Desk(company, sessionmaker(engine), tmp_path / "calendars.csv")
    engine.dispose()


def on(day: date, hour: float, zone: str = "Europe/Berlin") -> datetime:
    """That local time, in UTC."""
    from zoneinfo import ZoneInfo

    local = datetime.combine(day, datetime.min.time(), ZoneInfo(zone)) + timedelta(hours=hour)
    return local.astimezone(UTC)


# When it takes place


def test_recurrences_with_exceptions_across_the_change_of_clocks(desk: Desk) -> None:
    first = date(2026, 3, 20)
    entry = Entry("daily", "Stand-up", at(first, 9), 30, repeats=(1, 40))
    entry.without, entry.cancelled = [date(2026, 3, 31)], [date(2026, 4, 1)]
    entry.moved = {date(2026, 4, 2): at(date(2026, 4, 3), 15)}
    desk.keep(ann=[entry])
    desk.pull()
    expected = sorted((ANN, begin.astimezone(UTC), 0.5) for begin, _ in entry.occurrences())
    assert desk.rows() == expected
    assert len(expected) == 38
    assert {row[1].hour for row in expected} == {7, 8, 13}  # nine o'clock, before and after the clocks change


@pytest.mark.parametrize("named", ["as the series", "in UTC", "without a zone"])
def test_a_moved_occurrence_counts_once_however_it_names_its_first_time_ics_parser_341_twake_819_ical4j_85(
    desk: Desk, named: str
) -> None:
    entry = Entry("weekly", "Review", at(MONDAY - timedelta(days=14), 9), 60, repeats=(7, 3))
    entry.moved = {MONDAY: at(MONDAY + timedelta(days=1), 14)}
    body = calendar_of([entry])
    told = b"RECURRENCE-ID;TZID=Europe/Berlin:20260706T090000"
    assert told in body
    other = {"in UTC": b"RECURRENCE-ID:20260706T070000Z", "without a zone": b"RECURRENCE-ID:20260706T090000"}
    desk.company.calendars.raw["ann"] = body.replace(told, other.get(named, told))
    desk.enter("ann")
    desk.pull()
    days = [MONDAY - timedelta(days=14), MONDAY - timedelta(days=7)]
    assert desk.rows() == [*((ANN, on(day, 9), 1.0) for day in days), (ANN, on(MONDAY + timedelta(days=1), 14), 1.0)]


def test_an_alarm_within_an_entry_is_no_entry_gocal_5(desk: Desk) -> None:
    alarm = (
        b"BEGIN:VALARM\r\nUID:alarm\r\nTRIGGER:-PT15M\r\nACTION:DISPLAY\r\nDESCRIPTION:x\r\nEND:VALARM\r\nEND:VEVENT"
    )
    body = calendar_of([Entry("one", "Review", at(MONDAY, 9))])
    desk.company.calendars.raw["ann"] = body.replace(b"END:VEVENT", alarm)
    desk.enter("ann")
    desk.pull()
    assert desk.rows() == [(ANN, on(MONDAY, 9), 1.0)]


@pytest.mark.parametrize(
    ("zone", "hour"), [("America/New_York", 9), ("Asia/Kolkata", 9), ("UTC", 9), ("W. Europe Standard Time", 9)]
)
def test_time_zones_and_the_names_windows_has_for_them(desk: Desk, zone: str, hour: int) -> None:
    known = "Europe/Berlin" if zone.startswith("W.") else zone
    body = calendar_of([Entry("one", "Review", at(MONDAY, hour), 90, zone=known)])
    desk.company.calendars.raw["ann"] = body.replace(f"TZID={known}".encode(), f"TZID={zone}".encode())
    desk.enter("ann")
    desk.pull()
    assert desk.rows() == [(ANN, on(MONDAY, hour, known), 1.5)]


@pytest.mark.parametrize("name", ["Asia/Tokyo", "Tokyo Standard Time"])
def test_a_time_without_a_zone_is_the_calendars_own(desk: Desk, name: str) -> None:
    body = calendar_of([Entry("one", "Review", at(MONDAY, 9))], zone=name).replace(b";TZID=Europe/Berlin", b"")
    desk.company.calendars.raw["ann"] = body
    desk.enter("ann")
    desk.pull()
    assert desk.rows() == [(ANN, on(MONDAY, 9, "Asia/Tokyo"), 1.0)]


def test_an_unknown_zone_is_said_with_its_line_and_what_was_assumed(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    series = Entry(
        "one", "Review", at(MONDAY, 9), lines=["RRULE:FREQ=DAILY;COUNT=3", "EXDATE;TZID=Mars/Phobos:20260707T090000"]
    )
    body = calendar_of([series]).replace(b"DTSTART;TZID=Europe/Berlin", b'DTSTART;TZID="Mars/\r\n Phobos"')
    line = body[: body.index(b'DTSTART;TZID="Mars')].count(b"\n") + 1
    desk.company.calendars.raw["ann"] = body
    desk.enter("ann")
    said = f'line {line}: the time zone "Mars/Phobos" is unknown and read as Europe/Berlin, 2 times'
    assert {row.name: row for row in desk.source().check(LONG_AGO)}[ANN].found.endswith(f"; {said}")
    desk.now = on(MONDAY, 0) + timedelta(days=7)
    desk.pull()
    assert desk.rows() == [(ANN, on(MONDAY, 9), 1.0), (ANN, on(MONDAY + timedelta(days=2), 9), 1.0)]
    assert "Phobos" in capsys.readouterr().err
    desk.pull()
    assert "Phobos" not in capsys.readouterr().err  # once for each text
    known = [Entry("two", "x", at(MONDAY, 9), zone="America/New_York"), Entry("three", "x", at(MONDAY, 9))]
    assert unknown_zones(calendar_of(known).decode()) == []
    part = "BEGIN:STANDARD\r\nDTSTART:16010101T0\r\nTZOFFSETFROM:+01\r\nTZOFFSETTO:+01\r\nEND:STANDARD\r\n"
    own = f"BEGIN:VTIMEZONE\r\nTZID:Ours\r\n{part}END:VTIMEZONE\r\nDTSTART;TZID=Ours:20260706T090000"
    assert unknown_zones(own) == []
    assert [one.name for one in unknown_zones(own.replace(part, ""))] == ["Ours"]
    whole = unknown_zones("BEGIN:VCALENDAR\r\nX-WR-TIMEZONE:Nowhere\r\nDTEND;VALUE=DATE-TIME;TZID=CET:20260706T090000")
    assert [(one.name, one.line, one.times) for one in whole] == [("Nowhere", 2, 1)]


def test_whole_days_are_working_days_of_eight_hours(desk: Desk) -> None:
    desk.keep(ann=[Entry("fair", "Trade fair", at(MONDAY - timedelta(days=4), 0), days=5)])  # Thursday to Monday
    desk.pull()
    days = [MONDAY - timedelta(days=4), MONDAY - timedelta(days=3), MONDAY]
    assert desk.rows() == [(ANN, on(day, 9), 8.0) for day in days]


def test_what_overlaps_shares_the_time(desk: Desk) -> None:
    desk.keep(ann=[Entry("a", "A", at(MONDAY, 10), 120), Entry("b", "B", at(MONDAY, 11), 60)])
    desk.pull()
    assert desk.rows() == [(ANN, on(MONDAY, 10), 1.5), (ANN, on(MONDAY, 11), 0.5)]


def test_only_what_is_over_counts_and_the_next_pull_has_the_rest(desk: Desk) -> None:
    desk.keep(ann=[Entry("daily", "Stand-up", at(MONDAY, 9), 30, repeats=(1, 10))])
    desk.now = on(MONDAY + timedelta(days=1), 9.25)
    desk.pull()
    assert len(desk.rows()) == 1
    desk.now += timedelta(hours=1)
    desk.pull()
    assert len(desk.rows()) == 2
    desk.now += timedelta(days=30)
    desk.pull()
    assert len(desk.rows()) == 10


# Whose time it takes


@pytest.mark.parametrize(
    ("lines", "counts"),
    [
        (["TRANSP:TRANSPARENT"], False),
        (["X-MICROSOFT-CDO-BUSYSTATUS:FREE"], False),
        (["X-MICROSOFT-CDO-BUSYSTATUS:WORKINGELSEWHERE"], False),
        (["STATUS:CANCELLED"], False),
        (["STATUS:TENTATIVE"], True),
        (["TRANSP:OPAQUE", "X-MICROSOFT-CDO-BUSYSTATUS:BUSY"], True),
    ],
)
def test_what_leaves_the_time_free_does_not_count(desk: Desk, lines: list[str], counts: bool) -> None:
    desk.keep(ann=[Entry("one", "Review", at(MONDAY, 9), lines=lines), Entry("nothing", "Reminder", at(MONDAY, 12), 0)])
    desk.pull()
    assert len(desk.rows()) == counts


def test_who_declined_was_not_there(desk: Desk) -> None:
    answers = {ANN: "ACCEPTED", BEN: "DECLINED", CEM: "NEEDS-ACTION", DEE: "DECLINED"}
    entry = Entry("one", "Review", at(MONDAY, 9), organizer=ANN, answers=answers)
    desk.keep(ann=[entry], ben=[entry], cem=[entry])
    desk.pull()
    assert [row[0] for row in desk.rows()] == [ANN, CEM]


def test_a_meeting_in_three_calendars_is_one_and_takes_each_persons_time_once(desk: Desk) -> None:
    answers = {ANN: "ACCEPTED", BEN: "ACCEPTED", DEE: "ACCEPTED", "visitor@elsewhere.example": "ACCEPTED"}
    entry = Entry("one", "Review", at(MONDAY, 9), organizer=ANN, answers=answers)
    entry.lines = ["ATTENDEE;CUTYPE=ROOM;PARTSTAT=ACCEPTED:mailto:room-1@velora.example"]
    desk.keep(ann=[entry], ben=[entry], fleet=[entry])
    desk.pull()
    assert [row[0] for row in desk.rows()] == [ANN, BEN, DEE]  # Dee's own calendar is not read; Ann asked her
    with desk.sessions() as session:
        assert len(list(session.scalars(select(WorkItem)))) == 1
    assert "visitor" not in desk.says()
    assert "room-1" not in desk.says()


def test_a_shared_calendar_counts_for_those_who_said_yes(desk: Desk) -> None:
    entry = Entry("one", "Workshop", at(MONDAY, 9), organizer=DEE, answers={BEN: "ACCEPTED", CEM: "TENTATIVE"})
    desk.keep(fleet=[entry])
    desk.pull()
    assert [row[0] for row in desk.rows()] == [BEN, DEE]


def test_somebody_who_declines_afterwards(desk: Desk) -> None:
    entry = Entry("one", "Review", at(MONDAY, 9), organizer=BEN, answers={ANN: "ACCEPTED", DEE: "ACCEPTED"})
    desk.keep(ann=[entry], ben=[entry])
    desk.pull()
    assert [row[0] for row in desk.rows()] == [ANN, BEN, DEE]
    entry.answers = {ANN: "DECLINED", DEE: "DECLINED"}
    desk.pull()
    assert [row[0] for row in desk.rows()] == [BEN]


# What is known of it


def test_no_words_are_kept_unless_titles_are_allowed(desk: Desk) -> None:
    entry = Entry("one", "Battery PAY-12 review", at(MONDAY, 9), lines=["LOCATION:Harbour room"])
    desk.keep(ann=[entry])
    desk.pull()
    assert desk.rows()
    said = desk.says()
    assert [word for word in ("Battery", "PAY-12", "Harbour", "nobody looks") if word in said] == []
    desk.pull(titles=True)
    with desk.sessions() as session:
        [item] = session.scalars(select(WorkItem))
        assert (item.title, item.text, item.mentions) == ("Battery PAY-12 review", None, ["PAY-12"])
    assert "Harbour" not in desk.says()
    desk.pull(titles=False)
    assert "Battery" not in desk.says()


@pytest.mark.parametrize("mark", ["PRIVATE", "CONFIDENTIAL"])
def test_a_private_entry_is_busy_without_words(desk: Desk, mark: str) -> None:
    mine = Entry("one", "Urlaub-Gespräch Dr. Weiss", at(MONDAY, 9), lines=[f"CLASS:{mark}"])
    evening = Entry("two", "Secret dinner", at(MONDAY, 19), 180, lines=[f"CLASS:{mark}"])
    weekend = Entry("three", "Secret trip", at(MONDAY - timedelta(days=1), 10), 180, lines=[f"CLASS:{mark}"])
    others = Entry("one", "Review", at(MONDAY, 9), answers={ANN: "ACCEPTED"}, organizer=BEN)
    desk.keep(ann=[mine, evening, weekend], ben=[others])
    desk.pull(titles=True)
    assert desk.rows() == [(ANN, on(MONDAY, 9), 1.0), (ANN, on(MONDAY, 19), 1.0), (BEN, on(MONDAY, 9), 1.0)]
    assert not any(word in desk.says() for word in ("Urlaub", "Weiss", "Secret"))
    with desk.sessions() as session:
        words = {row.title for row in session.scalars(select(WorkItem))}
    assert words == {None, "Review"}  # Ben's entry has words, Ann's copy of the same meeting none


# Absences


def register_of(*people: str) -> Register:
    team = Team(key="fleet", name="Fleet", members=tuple(Member(email=one) for one in people))
    period = Period(name="Q3", start=date(2026, 7, 1), end=date(2026, 9, 30))
    return Register.model_construct(period=period, teams=(team,), calendar=Workdays(time_zone="Europe/Berlin"))


def capacity(desk: Desk, *people: str) -> dict[tuple[str, date], float]:
    """What is expected of them on each day of the week of MONDAY."""
    with desk.sessions.begin() as session:
        session.execute(delete(Capacity))
        identity.resolve(session, register_of(*people))
    estimate_effort(desk.sessions, register_of(*people), date(2026, 7, 10))
    with desk.sessions() as session:
        rows = session.execute(
            select(Person.email, Capacity.day, Capacity.expected).join(Person, Person.id == Capacity.person_id)
        )
        return {(str(email), day): round(amount, 3) for email, day, amount in rows if day >= MONDAY}


def test_absences_lower_what_is_expected_of_somebody(desk: Desk) -> None:
    desk.keep(
        ann=[
            Entry("before", "Review", at(MONDAY - timedelta(days=7), 9)),
            Entry("leave", "Urlaub", at(MONDAY + timedelta(days=1), 0), days=2),
            Entry("doctor", "Out of office", at(MONDAY, 13), 240),
            Entry(
                "travel", "In the air", at(MONDAY + timedelta(days=4), 9), 240, lines=["X-MICROSOFT-CDO-BUSYSTATUS:OOF"]
            ),
            Entry("held", "Weekly", at(MONDAY + timedelta(days=1), 10)),
        ],
        ben=[
            Entry("before", "Review", at(MONDAY - timedelta(days=7), 9)),
            Entry("plan", "Holiday campaign", at(MONDAY, 9), organizer=BEN, answers={ANN: "ACCEPTED"}),
            Entry("late", "Plan the holiday campaign", at(MONDAY, 11)),
            Entry("fyi", "Vacation Ann", at(MONDAY, 0), days=5, lines=["TRANSP:TRANSPARENT"]),
        ],
        everybody=[Entry("closed", "Summer party", at(MONDAY + timedelta(days=3), 0), days=1)],
    )
    desk.pull()
    here = capacity(desk, ANN, BEN)
    days = [MONDAY + timedelta(days=n) for n in range(5)]
    assert [here.get((ANN, day)) for day in days] == [0.5, None, None, None, 0.5]
    assert [here.get((BEN, day)) for day in days] == [1.0, 1.0, 1.0, None, 1.0]
    assert on(days[1], 10) not in [row[1] for row in desk.rows()]  # nobody is at a meeting on their leave
    assert "Urlaub" not in desk.says()


def test_who_is_away_today_is_known_in_the_morning(desk: Desk) -> None:
    desk.now = on(MONDAY, 7)
    desk.keep(ann=[Entry("leave", "Urlaub", at(MONDAY, 0), days=2)])
    desk.pull()
    assert [row[1].date() for row in desk.rows(SignalKind.ABSENCE)] == [MONDAY]


def test_an_absence_that_is_taken_back(desk: Desk) -> None:
    leave = Entry("leave", "Vacation", at(MONDAY, 0), days=3)
    desk.keep(ann=[leave, Entry("before", "Review", at(MONDAY - timedelta(days=7), 9))])
    desk.pull()
    assert (ANN, MONDAY) not in capacity(desk, ANN)
    leave.days = 1
    leave.start = at(MONDAY + timedelta(days=1), 0)
    desk.pull()
    here = capacity(desk, ANN)
    assert [here.get((ANN, MONDAY + timedelta(days=n))) for n in range(3)] == [1.0, None, 1.0]


# What is no longer there, and what cannot be read


def half_a_year(seed: int) -> dict[str, list[Entry]]:
    """Calendars of three people who meet, without overlaps."""
    rng = random.Random(seed)
    found: dict[str, list[Entry]] = {"ann": [], "ben": [], "cem": []}
    whole = {"ann": ANN, "ben": BEN, "cem": CEM}
    for n in range(24):
        organizer = rng.choice(list(whole))
        start = at(MONDAY - timedelta(days=rng.randrange(170)), 8 + n % 9, n % 4 * 15)
        answers = {whole[one]: rng.choice(["ACCEPTED", "DECLINED", "TENTATIVE", "NEEDS-ACTION"]) for one in whole}
        entry = Entry(f"uid-{n}@velora.example", f"Meeting {n}", start, 15, organizer=whole[organizer], answers=answers)
        entry.repeats = rng.choice([(1, 1), (7, 12), (1, 5), (14, 6)])
        if entry.repeats[1] > 3:
            entry.without = [start.date() + timedelta(days=entry.repeats[0])]
            entry.moved = {
                start.date() + timedelta(days=2 * entry.repeats[0]): start
                + timedelta(days=2 * entry.repeats[0], minutes=5)
            }
        for one in whole:
            found[one].append(entry)
    return found


def truth_of(held: dict[str, list[Entry]]) -> list[Row]:
    """Minutes by person and start, read off the entries minute by minute."""
    found: list[Row] = []
    for name, entries in held.items():
        who = _called(name)
        there = [
            (start.astimezone(UTC), end.astimezone(UTC), entry)
            for entry in entries
            for start, end in entry.occurrences()
            if entry.answers.get(who) != "DECLINED" and end.astimezone(UTC) <= NOW
        ]
        crowd: dict[datetime, int] = {}
        for start, end, _ in there:
            for n in range(int((end - start) / timedelta(minutes=1))):
                minute = start + n * timedelta(minutes=1)
                crowd[minute] = crowd.get(minute, 0) + 1
        for start, end, _ in there:
            minutes = [start + n * timedelta(minutes=1) for n in range(int((end - start) / timedelta(minutes=1)))]
            found.append((who, start, round(sum(1 / 60 / crowd[minute] for minute in minutes), 3)))
    return sorted(found)


@pytest.mark.parametrize("kind", ["", "truncate", "cut", "html", "500", "reset", "429"])
def test_what_is_kept_equals_the_truth_whatever_the_server_does(desk: Desk, kind: str) -> None:
    held = half_a_year(3)
    desk.keep(**held)
    if kind:
        desk.company.config.faults.plan.append(["/ical/", kind, 2])
    desk.pull()
    there = truth_of(held)
    assert [row[:2] for row in desk.rows()] == [row[:2] for row in there]
    assert sum(row[2] for row in desk.rows()) == pytest.approx(sum(row[2] for row in there), abs=0.05)
    desk.sweep()
    assert len(desk.rows()) == len(there)


def test_what_was_deleted_goes_and_a_calendar_that_cannot_be_read_deletes_nothing(desk: Desk) -> None:
    held = half_a_year(4)
    desk.keep(**held)
    desk.pull()
    for entries in held.values():
        del entries[:8]
    desk.company.calendars.status["ben"] = 404
    with pytest.raises(NotReachable, match=r"ben@velora\.example was not found"):
        desk.sweep()
    with pytest.raises(NotReachable):
        desk.pull()  # the others are read all the same
    assert len(desk.rows()) > len(truth_of(held))
    del desk.company.calendars.status["ben"]
    desk.pull()
    desk.sweep()
    assert [row[:2] for row in desk.rows()] == [row[:2] for row in truth_of(held)]


def test_an_entry_that_is_broken_or_endless_is_set_aside_and_the_others_are_read(desk: Desk) -> None:
    good = Entry("good", "Review", at(MONDAY, 8))
    broken = Entry("broken", "x", at(MONDAY, 10))
    endless = Entry("endless", "x", at(MONDAY, 11), lines=["RRULE:FREQ=SECONDLY"])
    minutes = ",".join(str(n) for n in range(60))
    often = Entry("often", "x", at(MONDAY, 12), lines=[f"RRULE:FREQ=DAILY;BYMINUTE={minutes}"])
    body = calendar_of([good, broken, endless, often]).replace(b"20260706T100000", b"2026XX06T100000")
    desk.company.calendars.raw["ann"] = body
    desk.enter("ann")
    assert desk.pull()["failures"] == 3
    assert desk.rows() == [(ANN, on(MONDAY, 8), 1.0)]
    desk.sweep()
    assert desk.rows() == [(ANN, on(MONDAY, 8), 1.0)]
    del desk.company.calendars.raw["ann"]
    desk.keep(ann=[good, broken])
    assert sweeps.retry_failed(desk.source(), desk.sessions)["failures"] == 0
    assert [row[1] for row in desk.rows()] == [on(MONDAY, 8), on(MONDAY, 10)]


def test_a_longer_history_is_read_when_the_setting_grows(desk: Desk) -> None:
    held = half_a_year(5)
    desk.keep(**held)
    desk.pull(NOW - timedelta(days=10))
    assert len(desk.rows()) < len(truth_of(held))
    desk.pull()
    assert [row[:2] for row in desk.rows()] == [row[:2] for row in truth_of(held)]


def test_the_address_is_in_no_error_and_no_log(
    desk: Desk, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.retry.ATTEMPTS", 1)
    secret = desk.company.calendars.secret
    desk.keep(ann=[Entry("one", "Review", at(MONDAY, 9))])
    logs.set_up(level=logging.DEBUG)
    with caplog.at_level(logging.DEBUG):
        desk.pull()
        for kind in ("500", "html", "truncate", "reset", "401", "cut", "429"):
            desk.company.config.faults.rates = {kind: 1.0}
            with pytest.raises(SourceError) as caught:
                desk.pull()
            assert secret not in str(caught.value)
            assert caught.value.__cause__ is None
    assert secret not in caplog.text + "".join(capsys.readouterr()) + desk.says()


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("name,address\n", "line 1: the column 'calendar' is missing"),
        ("calendar,address,address\na,https://a,https://b\n", "line 1: the column 'address' is there twice"),
        ("calendar,address\nann@velora.example,ftp://x/y\n", "line 2: .*https://"),
        ("calendar,address\na,https://x/y\na,https://x/z\n", "line 3: .*unique"),
    ],
)
def test_a_broken_list_of_calendars_is_said_with_its_line(desk: Desk, lines: str, said: str) -> None:
    desk.file.write_text(lines, encoding="utf-8")
    with pytest.raises(NotReachable, match=said):
        desk.pull()
    assert [row.ok for row in desk.source().check(LONG_AGO)] == [False]


def test_check_says_of_each_calendar_whether_it_can_be_read(desk: Desk) -> None:
    desk.keep(ann=[Entry("one", "Review", at(MONDAY, 9))], ben=[])
    desk.company.calendars.status["ben"] = 403
    rows = {row.name: row for row in desk.source().check(LONG_AGO)}
    assert rows["file"].found == "2 calendars; titles are not kept (calendar.titles)"
    assert (rows[ANN].ok, rows[ANN].found) == (True, "1 entries in the window, 0 unreadable")
    assert (rows[BEN].ok, "secret address" in rows[BEN].fix) == (False, True)
    with pytest.raises(CredentialError):
        desk.pull()


@given(st.integers(0, 2_000), st.binary(min_size=1, max_size=12))
@settings(max_examples=60)
def test_any_damage_to_a_calendar_is_an_error_or_a_series_set_aside(place: int, damage: bytes) -> None:
    body = calendar_of(
        [
            Entry("one", "Review", at(MONDAY, 9), repeats=(7, 3), answers={ANN: "ACCEPTED"}),
            Entry("two", "Fair", at(MONDAY, 0), days=2),
        ]
    )
    place %= len(body)
    try:
        calendar = Calendar(body[:place] + damage + body[place + len(damage) :])
    except (ValueError, KeyError, IndexError, AttributeError, TypeError):
        return  # said as one: CalendarConnector._parsed
    for event in calendar.events(LONG_AGO, NOW):
        assert isinstance(event, Broken) or event.start.tzinfo is not None
