"""`leeway streams`: what streams of work seem to serve, and one key press to confirm each."""

import csv
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.text import Text

from alerts.words import amount, done, person_days, whole
from leeway.app import App, NotReady
from models.stream import CONFIRMED, MIXED
from pipeline.feedback.decisions import unlabel
from pipeline.feedback.labels import NONE, VERSION, keep_one
from pipeline.feedback.questions import about
from pipeline.feedback.stream_answers import Answer, Before, keep_answer, read_answers, take_back
from pipeline.feedback.stream_questions import StreamQuestion, confirmed_part, items_of, stream_questions
from pipeline.register.document import Register
from pipeline.register.workdays import last_complete_day
from pipeline.spreadsheet import guarded

ASKED = 200
"""The most streams asked about in the terminal, most valuable first, so stopping early loses least."""
SHOWN = 40
TERMINAL = "terminal"
_COLUMNS = (
    "stream",
    "name",
    "serves",
    "belief",
    "key_result",
    "person_days_in_8_weeks",
    "items",
    "since",
    "examples",
    VERSION,
)
Key = Callable[[], str]
"""Reads one key: a character, "\\r" for Enter."""


def questions(app: App, count: int) -> tuple[list[StreamQuestion], Register]:
    """Return the streams most worth an answer. Raises NotReady if none is known yet."""
    _, register = app.register()
    last = _last(app, register)
    with app.sessions() as session:
        found = stream_questions(session, register, last, app.drift_settings().least_people, count)
        if not found and confirmed_part(session, register, last) == 0:
            raise NotReady("no streams are known yet. `leeway run --once` finds them, once all sources are read.")
    return found, register


def _last(app: App, register: Register) -> date:
    """The last day counted here; `leeway diagnoses` counts whole weeks, so its person-days of a stream may differ."""
    return last_complete_day(app.now(), register.calendar.time_zone)


def confirmed(app: App, register: Register) -> str:
    """Return how much of the work is confirmed so far, as a sentence."""
    last = _last(app, register)
    with app.sessions() as session:
        part = confirmed_part(session, register, last)
    return f"{done(part)}% of the last eight weeks' effort is confirmed."


def write_template(app: App, count: int, target: TextIO) -> None:
    """Write the streams as CSV, with an empty answer column."""
    (found, _), (version, _) = questions(app, count), app.register()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for one in found:
        days = "" if one.person_days is None else str(whole(one.person_days))
        row = [
            one.id,
            one.name,
            one.serves or NONE,
            one.belief_in_words,
            "",
            days,
            one.items,
            one.first_day.isoformat(),
            " | ".join(one.examples),
            version,
        ]
        writer.writerow([guarded(cell) for cell in row])


def import_answers(app: App, file: Path, out: Console) -> None:
    """Store the file's answers, all or none."""
    _, register = app.register()
    with app.sessions.begin() as session:
        answers = read_answers(file, session, register)
        for one in answers:
            keep_answer(session, one, app.now())
    out.print(
        f"{answered(len(answers))} (`leeway run --once`). {confirmed(app, register)}",
        markup=False,
    )


def show(app: App, out: Console) -> None:
    """Print the streams as a table, for use without a terminal."""
    found, register = questions(app, SHOWN)
    titles, last = titles_of(register), _last(app, register)
    for one in found:
        out.print(f"{one.id:>6}  {one.name}", markup=False)
        out.print(f"        {_serves(one, titles)}; {_work(one, last)}", markup=False)
        for example in one.examples:
            out.print(f"        - {example}", markup=False)
    out.print(
        f"\n{confirmed(app, register)} To answer: `leeway streams` in a terminal, or\n"
        f"`leeway streams --template {SHOWN} > streams.csv`, fill in key_result, `leeway streams streams.csv`.",
        markup=False,
    )


def answered(count: int) -> str:
    """Return how many streams were answered, and from when that counts."""
    return f"{amount(count, 'stream')} answered; answers count from the next cycle"


def titles_of(register: Register) -> dict[str | None, str]:
    """Return the title of each key result; None means none of them."""
    found: dict[str | None, str] = {k.key: f"{k.key} {k.title}" for _, k in register.key_results()}
    return {**found, None: "none of the key results"}


def _serves(one: StreamQuestion, titles: dict[str | None, str]) -> str:
    return f"{one.belief_in_words} {titles[one.serves]}"


def _work(one: StreamQuestion, last: date) -> str:
    items = f"{amount(one.items, 'item')}, the oldest from {one.first_day.isoformat()}"
    return items if one.person_days is None else f"{person_days(one.person_days)} in the 8 weeks to {last}, {items}"


def _plain(text: str) -> str:
    """Return it on one line, without characters that move a terminal's cursor."""
    return "".join(c for c in " ".join(text.split()) if c.isprintable())


class Asking:
    """Asks about streams one by one; each answer is stored at once."""

    def __init__(self, app: App, out: Console, key: Key) -> None:
        self.app, self.out, self.key = app, out, key
        self.found, self.register = questions(app, ASKED)
        self.titles, self.last = titles_of(self.register), _last(app, self.register)
        self.done: list[tuple[int, Before, list[int]]] = []

    def run(self) -> int:
        """Ask until all are answered or the user quits; returns how many were answered."""
        n = 0
        while n < len(self.found):
            self._show(n)
            pressed = self._pressed(self.found[n])
            if pressed == "q":
                break
            if pressed == "u":
                n = self._undo(n)
                continue
            if pressed != "s":
                self._keep(n, pressed)
            n += 1
        return len(self.done)

    def _show(self, n: int) -> None:
        one = self.found[n]
        place = f" ({_plain(one.place)})" if one.place else ""
        asked = Text.assemble("\n", (f"{n + 1} of {len(self.found)}: {one.name}", "bold"), place)
        self.out.print(asked)
        self.out.print(f"   {_work(one, self.last)}", markup=False)
        for example in one.examples:
            self.out.print(f"   - {example}", markup=False)
        self.out.print(f"   Serves {_serves(one, self.titles)}?", markup=False)
        for choice, key in enumerate(one.likely, 1):
            self.out.print(f"     {choice}  {self.titles[key]}", markup=False)
        self.out.print("   Enter yes, a number for another, n none, m mixed, s skip, u undo, q quit", markup=False)

    def _pressed(self, one: StreamQuestion) -> str:
        """The key of a key result, NONE or MIXED; or s, u, q."""
        while True:
            key = self.key().lower()
            if key in ("\x03", "\x04", ""):
                return "q"
            if key in ("\r", "\n", "y"):
                return one.serves or NONE
            if key in ("s", "u", "q"):
                return key
            if key in ("n", "m"):
                return NONE if key == "n" else MIXED
            if key.isdecimal() and 0 < int(key) <= len(one.likely):
                return one.likely[int(key) - 1]
            self.out.print("   Enter, a number, n, m, s, u or q.", markup=False)

    def _keep(self, n: int, said: str) -> None:
        one = self.found[n]
        given = Answer(one.id, MIXED) if said == MIXED else Answer(one.id, CONFIRMED, None if said == NONE else said)
        try:
            with self.app.sessions.begin() as session:
                self.done.append((n, keep_answer(session, given, self.app.now()), []))
        except LookupError:
            self.out.print("   This stream no longer exists.", markup=False)
            return
        if said == MIXED:
            self._items(one)
        else:
            self.out.print(f"   {self.titles[given.key_result]}. {confirmed(self.app, self.register)}", markup=False)

    def _items(self, one: StreamQuestion) -> None:
        """Ask about the items of a mixed stream, one by one."""
        with self.app.sessions() as session:
            asked = about(session, self.register, items_of(session, one.id), None)
        for place, item in enumerate(asked, 1):
            likely = [k["key"] for k in item["likely"]] or list(one.likely)
            name = _plain(item["name"] or item["text"])[:100]
            self.out.print(f"   {place} of {len(asked)} in it: {item['key'] or ''} {name}", markup=False)
            for choice, key in enumerate(likely, 1):
                self.out.print(f"     {choice}  {self.titles[key]}", markup=False)
            self.out.print("   a number, n none, s skip, q back to the streams", markup=False)
            pressed = self._choice(likely)
            if pressed == "q":
                return
            if pressed != "s":
                with self.app.sessions.begin() as session:
                    keep_one(session, item["id"], None if pressed == NONE else pressed, TERMINAL, self.app.now())
                self.done[-1][2].append(item["id"])

    def _choice(self, likely: Sequence[str]) -> str:
        while True:
            key = self.key().lower()
            if key in ("\x03", "\x04", "", "q"):
                return "q"
            if key in ("s", "n"):
                return NONE if key == "n" else "s"
            if key.isdecimal() and 0 < int(key) <= len(likely):
                return likely[int(key) - 1]
            self.out.print("   A number, n, s or q.", markup=False)

    def _undo(self, n: int) -> int:
        if not self.done:
            self.out.print("   Nothing to undo.", markup=False)
            return n
        back, before, items = self.done.pop()
        for item in items:
            unlabel(self.app.sessions, item, TERMINAL)
        with self.app.sessions.begin() as session:
            take_back(session, before)
        return back
