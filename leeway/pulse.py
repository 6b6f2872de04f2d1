"""The pulse as configured: who is asked when, what an answer does, and its status."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, TextIO
from zoneinfo import ZoneInfo

from rich.console import Console
from sqlalchemy.orm import Session

from alerts import pulse as words
from alerts.asking import Question, Round, Way, ask_all
from alerts.words import day
from leeway.app import App, NotReady
from leeway.as_json import json_text
from leeway.asking import Reach, asked_in, not_asked, still_to_ask
from leeway.notify import may_notify
from leeway.pace import work_by_week
from pipeline.progress.pace import WEEKS, Weeks, standings
from pipeline.pulse import answers
from pipeline.pulse.answers import Said, by_week, in_week
from pipeline.pulse.away import away, zones
from pipeline.pulse.owners import owned, owner_of, unowned
from pipeline.pulse.parting import parting
from pipeline.queue import lease
from pipeline.register.document import KeyResult, Register
from pipeline.register.ended import local_day
from pipeline.register.versions import key_now
from pipeline.register.workdays import monday

ROUND = timedelta(minutes=5)
"""How often workers check whether somebody is to be asked."""


class PulseError(Exception):
    """The answer is not stored; the message says why."""


def this_week(app: App, register: Register) -> date:
    """Return this week's Monday in the company's time zone."""
    return monday(local_day(register, app.now()))


def is_due(app: App, register: Register) -> bool:
    """Whether the pulse is on, its day and hour of this week have come, it is an hour of alerts, and the period holds."""
    given, today = app.settings.pulse, local_day(register, app.now())
    if not given.on or not register.period.start <= today <= register.period.end:
        return False
    zone = ZoneInfo(register.calendar.time_zone)
    begins = datetime.combine(monday(today) + timedelta(days=given.weekday), time(given.hour), zone)
    return app.now() >= begins and may_notify(app, register)


def send_pulse(app: App, *, due_only: bool = False) -> Round:
    """Ask whoever was not asked this week, and remind once; with `due_only`, only where its time has come. Who is away today is
    asked, or reminded, on a day of the week on which they are back.

    Raises NotReady where no register is loaded; with `due_only` nothing is done then.
    """
    try:
        _, register = app.register()
    except NotReady:
        if due_only:
            return Round()
        raise
    if due_only and not is_due(app, register):
        return Round()
    week = this_week(app, register)
    with app.sessions() as session:
        mine = _at_work(app, session, register)
        if due_only:
            night = _at_night(app, session, register, mine)
            mine = {address: asked for address, asked in mine.items() if address not in night}

    def waits(question: Question) -> bool:
        keys = [one.key for one in mine[question.recipient]]
        with app.sessions() as session:
            return len(in_week(session, keys, week)) < len(keys)

    return ask_all(app.sessions, _questions(app, week, mine), app.now, waits)


def _at_work(app: App, session: Session, register: Register) -> dict[str, list[KeyResult]]:
    """Return the key results of each owner who is not away today."""
    mine = owned(register)
    gone = away(session, register, mine, local_day(register, app.now()))
    return {address: asked for address, asked in mine.items() if address not in gone}


def _at_night(app: App, session: Session, register: Register, addresses: Collection[str]) -> set[str]:
    """Those for whom the pulse's hour has not come, or the day is over, where they are; nobody for whom both days never meet."""
    alerts, now = app.settings.alerts, app.now().astimezone(ZoneInfo(register.calendar.time_zone))
    day_there = range(app.settings.pulse.hour, alerts.to_hour)
    meeting = [now.replace(hour=hour, minute=0) for hour in range(alerts.from_hour, alerts.to_hour)]
    found = set()
    for address, zone in zones(session, addresses).items():
        late = now.astimezone(zone).hour not in day_there
        if late and any(one.astimezone(zone).hour in day_there for one in meeting):
            found.add(address)
    return found


def pulse_is_due(app: App) -> bool:
    """Return True once every ROUND where the pulse is on, for workers, which are woken more often."""
    return app.settings.pulse.on and lease.once_every(app.sessions, "pulse round", ROUND)


def _questions(app: App, week: date, mine: dict[str, list[KeyResult]]) -> list[tuple[Question, Way]]:
    reach, (version, _) = Reach(app, words.KIND), app.register()
    found = []
    for address, asked in mine.items():
        way = reach.way(address)
        if way is None:
            continue
        account = reach.accounts.get(address, "")
        with app.sessions() as session:
            said = in_week(session, [one.key for one in asked], week)
        question = Question(
            words.KIND,
            week.isoformat(),
            address,
            words.subject(len(asked)) + ("" if account else f" Week of {day(week)}"),
            words.opening(len(asked)),
            tuple(words.line(one) for one in asked if one.key not in said),
            words.blocks(week, asked, said, version) if account else (),
            account,
            "" if account else reach.link(address, week.isoformat()),
            note=words.NOTE,
        )
        found.append((question, way))
    return found


def plan_of(app: App) -> list[str]:
    """What `--send` would do, a sentence an owner; nobody is asked, and nothing is said of who answered."""
    _, register = app.register()
    week, reach = this_week(app, register), Reach(app, words.KIND)
    with app.sessions() as session:
        done = asked_in(session, words.KIND, week.isoformat())
        here = _at_work(app, session, register)
    lines = []
    for address, asked in owned(register).items():
        keys = ", ".join(one.key for one in asked)
        how = "in Slack" if address in reach.accounts else "by mail" if reach.way(address) else ""
        back = "" if address in here else ", once they are back: they are away today"
        said = f"was already asked this week: {keys}" if address in done else f"would be asked {how}: {keys}{back}"
        lines.append(f"{address} {said if how or address in done else f'cannot be asked: {keys}. {reach.why_not()}'}")
    if missing := unowned(register):
        lines.append(f"nobody can be asked about {', '.join(missing)}: set `owner:` with an address in okrs.yaml.")
    return lines


def key_by_now(app: App, key: str, seen: int) -> str:
    """The key of what was asked about under `key` in version `seen` of the register (0: the present one). Raises PulseError."""
    if seen in (0, app.register()[0]):
        return key
    with app.sessions() as session:
        now = key_now(session, key, seen)
    if now is None:
        raise PulseError("The plan has changed, and this key result is no longer in it.")
    return now


def answer(app: App, by: str, key: str, week: date, value: int, note: str | None = None) -> Said:
    """Keep what an owner says of this week. Raises PulseError where it is not theirs, or that week is over."""
    _, register = app.register()
    if not by or owner_of(register, key) != by:
        raise PulseError("This key result now has another owner, so the answer is not saved.")
    if week != this_week(app, register):
        raise PulseError("That week is over, and its answers are final. The next message asks again.")
    if not answers.LOWEST <= value <= answers.HIGHEST:
        raise PulseError("Give a number from 1 to 10.")
    with app.sessions.begin() as session:
        return answers.keep(session, key, week, value, by, app.now(), note)


@dataclass(frozen=True, slots=True)
class Confident:
    """What is said of a key result over the weeks, and where it parts from its number and its work."""

    key: str
    title: str
    said: Sequence[Said]
    sentence: str


def confidences(
    app: App, session: Session, register: Register, weeks: Weeks, only: str | None = None
) -> list[Confident]:
    """Every key result of which something was said in this period, in the order of the register. `weeks` as of progress_of."""
    said, today = by_week(session, register), local_day(register, app.now())
    count = sum(1 for _ in register.key_results())
    found = []
    for _, one in register.key_results():
        if one.key not in said or only not in (None, one.key):
            continue
        stands = next(iter(standings(session, register, today, weeks, one.key)), None)
        lately = [by_key[one.key] for by_key in weeks.values() if one.key in by_key][-WEEKS:]
        share = sum(lately) / len(lately) if lately else None
        pace, expected = (stands.pace, stands.due) if stands else (None, 0.0)
        found.append(
            Confident(one.key, one.title, said[one.key], parting(said[one.key], today, pace, expected, share, count))
        )
    return found


def rows_of(found: Sequence[Confident]) -> list[dict[str, Any]]:
    """A row a key result, for machines."""
    return [
        {
            "key_result": one.key,
            "title": one.title,
            "confidence": one.said[-1].value,
            "week": one.said[-1].week.isoformat(),
            "weeks": [{"week": s.week.isoformat(), "confidence": s.value, "note": s.note} for s in one.said],
            "sentence": one.sentence,
        }
        for one in found
    ]


def show_pulse(app: App, out: Console, to: TextIO, *, as_json: bool = False) -> None:
    """Print the trend of each key result."""
    _, register = app.register()
    with app.sessions() as session:
        found = confidences(app, session, register, work_by_week(app, session, register))
    if as_json:
        to.write(json_text(rows_of(found)))
        return
    for one in found:
        trend = " ".join(str(said.value) for said in one.said[-13:])
        last = one.said[-1]
        out.print(
            f"{one.key}  {last.value} of 10 in the week of {day(last.week)}  ({trend})  {one.title}", markup=False
        )
        for text in (one.said[-1].note, one.sentence):
            if text:
                out.print(f"      {text}", markup=False)
    if not found:
        how = (
            "It is asked every week."
            if app.settings.pulse.on
            else "Write `on = true` under [pulse] in leeway.toml; see docs/pulse.md."
        )
        out.print(f"No key result has an answer in this period yet. {how}", markup=False)


def pulse_status(app: App, session: Session) -> dict[str, Any] | None:
    """How many were asked this week, and whom it did not reach; None where it is off. Not who, nor how many, answered."""
    if not app.settings.pulse.on:
        return None
    try:
        _, register = app.register()
    except NotReady:
        return None
    week, whom = this_week(app, register).isoformat(), dict[str, tuple[str, str]]()
    for address, asked in owned(register).items():
        of = f"the owner of {', '.join(one.key for one in asked)}"
        whom[address] = (of, f"Correct {of} in okrs.yaml and load it, or make it reachable.")
    asked_now = len(asked_in(session, words.KIND, week))
    waiting = (
        still_to_ask(app, session, words.KIND, week, _at_work(app, session, register)) if is_due(app, register) else 0
    )
    failed = not_asked(session, words.KIND, week, whom)
    return {"week": week, "asked": asked_now, "waiting": waiting, "failed": failed}
