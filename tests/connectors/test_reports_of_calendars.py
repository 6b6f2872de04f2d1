"""What users of other calendar readers reported, each tried on pulls: what takes time, once, and whose it is."""

import time
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from connectors.base import RateLimited, SignalKind
from connectors.calendar.client import Address, Client
from connectors.calendar.parse import Broken, Calendar
from connectors.limits import Limiter
from models import Account
from simulator.calendars import Entry, at
from tests.connectors.test_calendar import ANN, BEN, MONDAY, Desk, Row, desk, on

__all__ = ["desk"]
DAILY = ["DTSTART;TZID=Europe/Berlin:20260706T090000", "DTEND;TZID=Europe/Berlin:20260706T100000"]
FOUR = [*DAILY, "RRULE:FREQ=DAILY;COUNT=4"]


def entries(*components: list[str]) -> bytes:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//x//EN", "X-WR-TIMEZONE:Europe/Berlin"]
    for one in components:
        lines += ["BEGIN:VEVENT", "UID:a", "DTSTAMP:20260101T000000Z", "SUMMARY:Review", *one, "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode()


def read(desk: Desk, body: bytes) -> list[Row]:
    desk.company.calendars.raw["ann"] = body
    desk.enter("ann")
    desk.now = on(MONDAY, 0) + timedelta(days=14)
    desk.pull()
    assert "ValueError" not in desk.says()
    return desk.rows()


def nine(*days: int) -> list[Row]:
    return [(ANN, on(MONDAY + timedelta(days=day), 9), 1.0) for day in days]


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("EXDATE:20260707T070000Z", id="ics_parser_161"),
        pytest.param("EXDATE;VALUE=DATE:20260707", id="ical4android_147"),
        pytest.param("EXDATE:20260707", id="nextcloud_calendar_5199_and_4783"),
        pytest.param("EXDATE;TZID=Europe/Berlin:20260707T090000,", id="tutanota_5973"),
        pytest.param("EXDATE;TZID=W. Europe Standard Time:20260707T090000", id="outlookcaldavsynchronizer_253"),
    ],
)
def test_an_occurrence_is_taken_out_however_its_time_is_written(desk: Desk, line: str) -> None:
    assert read(desk, entries([*FOUR, line])) == nine(0, 2, 3)


@pytest.mark.parametrize("line", ["EXDATE;TZID=Europe/Berlin:", "EXDATE:", "RDATE:", "RRULE:"])
def test_a_list_of_dates_without_a_date_says_nothing_owncloud_calendar_729_icalendar_894(desk: Desk, line: str) -> None:
    assert read(desk, entries([*FOUR, line])) == nine(0, 1, 2, 3)


@pytest.mark.parametrize("until", ["20260708T100000", "20260708T070000Z", "20260708T235959Z"])
def test_an_end_in_local_time_or_in_utc_recurring_ical_events_27_keeper_397(desk: Desk, until: str) -> None:
    assert read(desk, entries([*DAILY, f"RRULE:FREQ=DAILY;UNTIL={until}"])) == nine(0, 1, 2)


@pytest.mark.parametrize(("series", "one"), [(5, 1), (0, 2), (1, 1)])
@pytest.mark.parametrize("named", [";TZID=Europe/Berlin:20260707T090000", ";VALUE=DATE:20260707"])
def test_a_moved_occurrence_counts_once_whatever_its_number_recurring_ical_events_45_icalevents_45(
    desk: Desk, series: int, one: int, named: str
) -> None:
    """Its sequence may be lower than the series', and some name it by its day alone (DDay.iCal 2)."""
    moved = ["DTSTART;TZID=Europe/Berlin:20260707T150000", "DTEND;TZID=Europe/Berlin:20260707T160000"]
    body = entries([*FOUR, f"SEQUENCE:{series}"], [*moved, f"RECURRENCE-ID{named}", f"SEQUENCE:{one}"])
    assert read(desk, body) == sorted([*nine(0, 2, 3), (ANN, on(MONDAY + timedelta(days=1), 15), 1.0)])


def test_of_two_versions_the_later_one_holds_node_ical_440(desk: Desk) -> None:
    later = ["DTSTART;TZID=Europe/Berlin:20260708T090000", "DTEND;TZID=Europe/Berlin:20260708T100000"]
    assert read(desk, entries([*later, "SEQUENCE:2"], [*DAILY, "SEQUENCE:1"])) == nine(2)


@pytest.mark.parametrize(
    "attendee",
    [
        pytest.param(f"ATTENDEE;CN=Ann;EMAIL={ANN};PARTSTAT=DECLINED:/aMTIz/principal/", id="biweekly_113"),
        pytest.param(f"ATTENDEE;EMAIL={ANN};PARTSTAT=DECLINED:mailto:2_GE3DA@imip.me.com", id="ical_generator_119"),
        pytest.param(f"ATTENDEE;EMAIL={ANN};PARTSTAT=DECLINED:urn:uuid:7f2d", id="ccs_calendarserver_325"),
        pytest.param(f"ATTENDEE;PARTSTAT=DECLINED:{ANN}", id="rapla_543"),
        pytest.param(f"ATTENDEE;PARTSTAT=DECLINED:MAILTO:{ANN.upper()}", id="thunderbird_appointment_1410"),
    ],
)
def test_who_declined_is_known_however_the_address_is_written(desk: Desk, attendee: str) -> None:
    assert read(desk, entries([*DAILY, f"ORGANIZER:mailto:{BEN}", attendee])) == []


def test_an_address_that_is_none_is_nobodys(desk: Desk) -> None:
    odd = ["ATTENDEE;PARTSTAT=ACCEPTED:invalid:nomail", "ATTENDEE;EMAIL=;PARTSTAT=ACCEPTED:", "ORGANIZER:/x/principal/"]
    assert read(desk, entries([*DAILY, *odd])) == nine(0)
    assert "nomail" not in desk.says()


def test_what_was_read_before_the_upgrade_is_read_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("connectors.calendar.connector._VERSION", "1")
        patch.setattr("connectors.calendar.parse._address", lambda _value: "")
        assert read(desk, entries([*DAILY, f"ATTENDEE;PARTSTAT=DECLINED:{ANN}"])) == nine(0)
    desk.pull()
    assert desk.rows() == []


@pytest.mark.parametrize("empty", ["ann", "ben"])
def test_a_calendar_that_is_empty_of_a_sudden_deletes_nothing_gas_ics_sync_118_ogcs_2215_keeper_136(
    desk: Desk, empty: str
) -> None:
    held = {
        "ann": [Entry("a", "Review", at(MONDAY, 9)), Entry("b", "Vacation", at(MONDAY + timedelta(days=1), 0), days=2)],
        "ben": [Entry("c", "Review", at(MONDAY, 11)), Entry("d", "Plan", at(MONDAY, 15))],
    }
    desk.keep(**held)
    desk.now = on(MONDAY, 0) + timedelta(days=14)
    desk.pull()
    before = desk.rows(), desk.rows(SignalKind.ABSENCE)
    assert all(before)
    desk.company.calendars.raw[empty] = entries()
    desk.now += timedelta(hours=1)
    desk.pull()
    desk.sweep()
    assert (desk.rows(), desk.rows(SignalKind.ABSENCE)) == before
    del desk.company.calendars.raw[empty]
    desk.company.calendars.entries[empty] = held[empty][:1]
    desk.pull()
    desk.sweep()
    assert len(desk.rows()) == (2 if empty == "ben" else 3)
    assert bool(desk.rows(SignalKind.ABSENCE)) == (empty == "ben")


DAY = MONDAY + timedelta(days=1)
LEAVE = ["SUMMARY:Vacation", "DTSTART;VALUE=DATE:20260707"]


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([*LEAVE, "DTEND;VALUE=DATE:20260707"], id="timeoff_management_388"),
        pytest.param([*LEAVE, "DURATION:PT0S"], id="calendar_links_53"),
        pytest.param(
            ["SUMMARY:Ann: vacation", "DTSTART;TZID=Europe/Berlin:20260707T000000", "DURATION:P1D"],
            id="ics_calendar_92",
        ),
        pytest.param(
            [
                "SUMMARY:Ann: vacation",
                "DTSTART;TZID=Europe/Berlin:20260707T000100",
                "DTEND;TZID=Europe/Berlin:20260707T235900",
            ],
            id="jorani_213",
        ),
        pytest.param(
            ["SUMMARY:Cong\udcc3\r\n \udca9", "DTSTART;VALUE=DATE:20260707"], id="ruby_icalendar_238_folded_in_a_letter"
        ),
    ],
)
def test_a_day_off_is_a_day_off_however_it_is_written(desk: Desk, lines: list[str]) -> None:
    desk.company.calendars.raw["ann"] = (
        entries(DAILY, [])
        .replace(b"SUMMARY:Review\r\nEND", "\r\n".join(["X-OTHER:1", *lines, "END"]).encode("utf-8", "surrogateescape"))
        .replace(b"UID:a\r\nDTSTAMP:20260101T000000Z\r\nX-OTHER", b"UID:b\r\nX-OTHER")
    )
    desk.enter("ann")
    desk.now = on(MONDAY, 0) + timedelta(days=14)
    desk.pull()
    assert desk.rows() == nine(0)
    assert [(who, at.date(), hours) for who, at, hours in desk.rows(SignalKind.ABSENCE)] == [(ANN, DAY, 8.0)]


HALVES = [
    "Half day off",
    "Vacation (1/2 day)",
    "PTO ½",
    "Urlaub 0,5 Tag",
    "Ann: halber Tag Urlaub",
    "Congé (demi-journée)",
]
WHOLES = ["Vacation 1/2 to 3/2", "Vacation 10.5 days", "Vacation, half of us"]
"""Days of February (or the first of two parts), and words that say something else."""


def test_half_a_day_off_is_half_a_day_vsts_team_calendar_114_dropplan_136(desk: Desk) -> None:
    days = [MONDAY + timedelta(days=n) for n in range(len(HALVES + WHOLES))]
    off = [Entry(f"off-{day}", title, at(day, 0), days=1) for day, title in zip(days, HALVES + WHOLES, strict=True)]
    desk.keep(ann=[*off, *(Entry(f"review-{day}", "Review", at(day, 9)) for day in days)])
    desk.now = on(MONDAY, 0) + timedelta(days=14)
    desk.pull()
    away = {at.date(): hours for _, at, hours in desk.rows(SignalKind.ABSENCE)}
    assert [away[day] for day in days] == [4.0] * len(HALVES) + [8.0] * len(WHOLES)
    assert [at.date() for _, at, _ in desk.rows()] == days[: len(HALVES)]  # what is met on the other half counts


@pytest.mark.parametrize("rule", ["COUNT=4", "UNTIL=20260709"])
def test_a_series_of_a_calendar_that_describes_its_zone_is_read_as_google_and_outlook_write_it(
    desk: Desk, rule: str
) -> None:
    zone = ["BEGIN:VTIMEZONE", "TZID:Europe/Berlin", "BEGIN:STANDARD", "DTSTART:19701025T030000"]
    zone += ["TZOFFSETFROM:+0200", "TZOFFSETTO:+0100", "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU", "END:STANDARD"]
    zone += ["BEGIN:DAYLIGHT", "DTSTART:19700329T020000", "TZOFFSETFROM:+0100", "TZOFFSETTO:+0200"]
    zone += ["RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU", "END:DAYLIGHT", "END:VTIMEZONE", "BEGIN:VEVENT"]
    body = entries([*DAILY, f"RRULE:FREQ=DAILY;{rule}"]).replace(b"BEGIN:VEVENT", "\r\n".join(zone).encode(), 1)
    assert read(desk, body) == nine(0, 1, 2, 3)


def test_a_rule_of_times_without_a_zone_ends_with_a_day_of_the_calendars_zone(desk: Desk) -> None:
    """Not with one of the zone of the machine that reads it."""
    times = ["DTSTART:20260706T233000", "DURATION:PT15M", "RRULE:FREQ=DAILY;UNTIL=20260708"]
    with pytest.MonkeyPatch.context() as there:
        there.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        rows = read(desk, entries(times))
    time.tzset()
    assert [at.date() for _, at, _ in rows] == [MONDAY + timedelta(days=n) for n in range(3)]


@pytest.mark.parametrize("end", ["20260708", "20260708T220000Z"])
def test_a_rule_that_ends_with_a_day_holds_on_it_php_rrule_13_classmoji_390(desk: Desk, end: str) -> None:
    assert read(desk, entries([*DAILY, f"RRULE:FREQ=DAILY;UNTIL={end}"])) == nine(0, 1, 2)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("DESCRIPTION:Agenda\r\nwhat we decided", id="ical4j_205_ics_py_311"),
        pytest.param('<P DIR=LTR><SPAN LANG="en-us">Agenda</SPAN></P>', id="icalendar_84_114"),
        pytest.param("GEO:nowhere", id="a_place"),
    ],
)
def test_a_line_that_nobody_reads_costs_no_entry_when_it_is_broken(desk: Desk, line: str) -> None:
    assert read(desk, entries([*FOUR, line])) == nine(0, 1, 2, 3)


@pytest.mark.parametrize("line", ["DTSTART 20260706T090000", "RRULE FREQ=DAILY", "EXDATE:never"])
def test_a_broken_line_that_says_when_sets_the_series_aside(desk: Desk, line: str) -> None:
    desk.company.calendars.raw["ann"] = entries([*FOUR, line])
    desk.enter("ann")
    desk.now = on(MONDAY, 0) + timedelta(days=14)
    desk.pull()
    assert desk.rows() == []
    assert "ValueError" in desk.says()


def test_a_calendar_that_does_not_say_its_zone_is_of_that_of_its_times_fluid_calendar_107_o365_homeassistant_6(
    desk: Desk,
) -> None:
    """Outlook's say none. Read as UTC, a private afternoon in Los Angeles was after hours."""
    begin = [f"DTSTART;TZID=Pacific Standard Time:20260706T{hour}0000" for hour in (14, 15)]
    private = [begin[0], "DURATION:PT1H", "CLASS:PRIVATE"]
    off = ["UID:c", "SUMMARY:Vacation", "DTSTART;VALUE=DATE:20260707"]
    body = entries(private, ["UID:b", begin[1], "DURATION:PT1H"], off).replace(b"X-WR-TIMEZONE:Europe/Berlin\r\n", b"")
    body = body.replace(
        b"UID:a\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:Review\r\nUID", b"DTSTAMP:20260101T000000Z\r\nUID"
    )
    desk.company.calendars.raw["ann"] = body
    desk.enter("ann")
    desk.now = on(MONDAY, 0) + timedelta(days=14)
    desk.pull()
    zone = "America/Los_Angeles"
    assert desk.rows() == [(ANN, on(MONDAY, hour, zone), 1.0) for hour in (14, 15)]
    assert [row[1] for row in desk.rows(SignalKind.ABSENCE)] == [on(DAY, 12, zone)]
    with desk.sessions() as session:
        assert session.scalars(select(Account.time_zone)).all() == [zone]


@pytest.mark.parametrize("zone", ["Pacific/Honolulu", "Pacific/Auckland"])
def test_a_day_off_without_any_zone_is_that_day_wherever_the_company_is(desk: Desk, zone: str) -> None:
    off = [line.replace("2026070", "2026010") for line in LEAVE]  # when Auckland is furthest ahead
    body = entries(off).replace(b"X-WR-TIMEZONE:Europe/Berlin\r\n", b"").replace(b"SUMMARY:Review\r\n", b"")
    desk.company.calendars.raw["ann"] = body
    desk.enter("ann")
    desk.pull()
    ((_, at, _),) = desk.rows(SignalKind.ABSENCE)
    assert at.astimezone(ZoneInfo(zone)).date() == date(2026, 1, 7)
    with desk.sessions() as session:
        assert session.scalars(select(Account.time_zone)).all() == [None]


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param("FREQ=MONTHLY;INTERVAL=0;BYDAY=MO;BYMONTHDAY=1;UNTIL=20261231T200000Z", id="dateutil_1441"),
        pytest.param("FREQ=DAILY;INTERVAL=0", id="home_assistant_128396"),
        pytest.param("FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30", id="webhookdb_880"),
        pytest.param("FREQ=DAILY;BYMONTH=4,6;BYMONTHDAY=31,-31", id="libical_140"),
        pytest.param("FREQ=DAILY;BYYEARDAY=1;BYMONTH=2", id="libical_140_by_year"),
        pytest.param("FREQ=HOURLY;BYSETPOS=2;BYDAY=MO", id="rrule_622"),
    ],
)
def test_a_rule_that_never_ends_is_set_aside_and_stops_nothing(desk: Desk, rule: str) -> None:
    body = entries([*DAILY, "UID:b", f"RRULE:{rule}"], DAILY).replace(b"UID:a\r\nDTSTAMP:20260101T000000Z\r\n", b"", 1)
    desk.company.calendars.raw["ann"] = body
    desk.enter("ann")
    desk.now = on(MONDAY, 0) + timedelta(days=14)
    assert desk.pull()["failures"] == 1
    assert "its rule" in desk.says()
    assert desk.rows() == nine(0)


@pytest.mark.parametrize("rule", ["FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", "FREQ=MONTHLY;BYMONTHDAY=-31;BYDAY=MO"])
def test_a_rule_of_rare_days_is_none_of_those(rule: str) -> None:
    found = list(Calendar(entries([*DAILY, f"RRULE:{rule}"])).events(on(MONDAY, 0), on(MONDAY, 23)))
    assert not any(isinstance(one, Broken) for one in found)


def test_entries_of_one_uid_that_begin_at_different_times_all_count_emfcamp_2097_serg_delft_90(desk: Desk) -> None:
    second, third = (
        [f"DTSTART;TZID=Europe/Berlin:2026070{day}T090000", f"DTEND;TZID=Europe/Berlin:2026070{day}T100000"]
        for day in (7, 9)
    )
    assert read(desk, entries(DAILY, second, third)) == nine(0, 1, 3)
    again = entries([*DAILY, "RRULE:FREQ=DAILY;COUNT=2"], third, ["RECURRENCE-ID:20260707T070000Z", *second])
    assert read(desk, again) == nine(0, 1, 3)


def zoned(name: str, offset: str) -> bytes:
    """At nine in a zone that the calendar defines itself."""
    zone = ["BEGIN:VTIMEZONE", f"TZID:{name}", "BEGIN:STANDARD", "DTSTART:16010101T000000"]
    zone += [f"TZOFFSETFROM:{offset}", f"TZOFFSETTO:{offset}", "END:STANDARD", "END:VTIMEZONE", "BEGIN:VEVENT"]
    entry = entries([f"DTSTART;TZID={name}:20260706T090000", f"DTEND;TZID={name}:20260706T100000"])
    return entry.replace(b"BEGIN:VEVENT", "\r\n".join(zone).encode() if offset else b"BEGIN:VEVENT", 1)


def test_a_zone_is_that_of_the_calendar_which_defines_it_vobject_153_gas_ics_sync_225() -> None:
    """The library keeps the first "Customized Time Zone" of a process; who has none is told so."""
    name, first, until = "Customized Time Zone", on(MONDAY, 0), on(MONDAY, 23)
    for offset, hours in (("+0200", 7), ("-0500", 14), ("+0530", 3.5)):
        (event,) = Calendar(zoned(name, offset)).events(first, until)
        assert not isinstance(event, Broken)
        assert event.start == datetime(2026, 7, 6, tzinfo=UTC) + timedelta(hours=hours)
    said = f'line 9: the time zone "{name}" is unknown and read as Europe/Berlin, 2 times'
    assert Calendar(zoned(name, "")).assumed() == [said]


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param("BEGIN:VTIMEZONE\nTZID:Else\nEND:VTIMEZONE", id="ical4j_531"),
        pytest.param(
            "BEGIN:VTIMEZONE\nTZID:Else\nBEGIN:STANDARD\nTZOFFSETTO:+0100\nEND:STANDARD\nEND:VTIMEZONE", id="ical4j_476"
        ),
        pytest.param("BEGIN:VTODO\nUID:t\nDUE:tomorrow\nBEGIN:VALARM\nEND:VTODO", id="ical_js_1015"),
        pytest.param("Albuquerque, NM 87101", id="super_productivity_6443"),
        pytest.param("END:VTODO", id="an_end_of_nothing"),
    ],
)
def test_what_is_broken_outside_of_entries_costs_none_of_them(desk: Desk, broken: str) -> None:
    body = entries(DAILY, ["UID:b", "BEGIN:VALARM"]).replace(b"BEGIN:VEVENT", f"{broken}\nBEGIN:VEVENT".encode(), 1)
    assert read(desk, body.replace(b"UID:a\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:Review\r\nUID:b", b"UID:b")) == nine(
        0
    )


@pytest.mark.parametrize("end", [b"\r", b"\r\r\n", b"\n"])
def test_lines_end_as_their_writer_ends_them_brainhack_26(desk: Desk, end: bytes) -> None:
    assert read(desk, entries(FOUR).replace(b"\r\n", end)) == nine(0, 1, 2, 3)


def test_a_name_that_is_given_twice_says_what_the_last_one_says(desk: Desk) -> None:
    assert read(desk, entries([*DAILY, "STATUS:CONFIRMED", "STATUS:CANCELLED"])) == []


def test_a_server_that_wants_to_be_left_alone_keeps_the_others_calendars_from_nothing_dakboard_2498(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def once(_: Client, calendar: Address) -> bytes:
        if "google" in calendar.url:
            raise RateLimited("calendar", 3_600)
        return b"read"

    monkeypatch.setattr(Client, "_once", once)
    client = Client(timeout=1, limiter=Limiter())
    for _ in range(2):
        with pytest.raises(RateLimited):
            client.fetch(Address("ann", "https://calendar.google.example/ann/basic.ics"))
    assert client.fetch(Address("ben", "webcal://cloud.velora.example/ben?export")) == b"read"
