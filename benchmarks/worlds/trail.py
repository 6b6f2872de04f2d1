"""The traces that work leaves in the tools of our own worlds, according to people's habits."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from benchmarks.worlds.habits import SAID, Habits
from benchmarks.worlds.plan import Topic
from benchmarks.worlds.rows import BUSY, DONE, NEW, Done, Item, Person, Rows


@dataclass
class InHand:
    """Something somebody works on, and for how many more days."""

    topic: Topic
    item: Item | None
    talk: dict[str, Any] | None
    days: float


class Trail:
    """Writes the traces of each stretch of work into `rows`, and what was truly worked into `done`."""

    def __init__(self, habits: Habits, rows: Rows, people: Sequence[Person], r: random.Random) -> None:
        self.habits, self.rows, self.people, self.r = habits, rows, people, r
        self.done: list[Done] = []
        self.threads: dict[str, Item] = {}
        self.records: dict[str, Item] = {}

    def meet(self, person: Person, at: datetime, held: InHand, amount: float) -> None:
        """A meeting about what is in hand; a third of them are in the CRM's calendar."""
        item = None
        if self.r.random() < 0.33:
            title = (held.talk or {}).get("title") or self.r.choice(("Weekly", "Sync", "Jour fixe", "Planning", "1:1"))
            label = held.topic.label if held.talk else None
            item = self.rows.engagement("meeting", title, None, at, person, None, label, 8 * amount)
            if not held.talk:
                self.done.append(Done(at.date(), person.number, person.team, None, amount, item))
                return
        self.done.append(Done(at.date(), person.number, person.team, held.topic.label, amount, item))

    def work(self, person: Person, at: datetime, held: InHand, amount: float) -> None:
        """A stretch of work on what is in hand: a conversation, or an issue."""
        label = held.topic.label
        item = self._talk(person, at, held.talk, amount) if held.talk else held.item
        if item and not held.talk:
            self._touch(person, at, item, amount)
        self.done.append(Done(at.date(), person.number, person.team, label, amount, item))

    def _touch(self, person: Person, at: datetime, item: Item, amount: float) -> None:
        r, habits, rows = self.r, self.habits, self.rows
        lead = next(one for one in self.people if one.team == person.team)
        rows.created(item, at - timedelta(days=r.randrange(1, 9)), lead)
        if rows.assignee[item] != person.number and r.random() < max(0.5, habits.moved):
            rows.assign(item, person, at)
        if r.random() < habits.moved and rows.status[item] in (NEW, DONE):
            rows.move(item, BUSY, at, person)
        if r.random() < habits.log:
            rows.log(item, at, person, 8 * amount)
        if r.random() < habits.comment:
            rows.comment(item, at, person, r.choice(SAID[habits.words]))
        if r.random() < habits.chat:
            self._chat(person, at, item)

    def _chat(self, person: Person, at: datetime, item: Item) -> None:
        """About an issue, by its key, by a few words of its title, or by nothing at all."""
        r, row = self.r, self.rows.items[item]
        said = r.choice(SAID[self.habits.words])
        if r.random() < self.habits.keyed:
            text = f"{row['key']}: {said}"
        else:
            words = (row["title"] or "").split()
            text = f"{' '.join(words[: r.randint(0, 4)])} {said}".strip()
        channel = f"#{person.team}"
        name = f"{item[1]} {at.date().isocalendar()[1]}"
        if name in self.threads and r.random() < 0.6:
            self.rows.message(channel, at, person, said, self.threads[name])
        else:
            self.threads[name] = self.rows.message(channel, at, person, text, None, self.rows.labels[item])

    def _talk(self, person: Person, at: datetime, row: dict[str, Any], amount: float) -> Item:
        """Work that lives in a thread, a deal or a ticket."""
        r, rows = self.r, self.rows
        if row["source"] == "slack":
            channel = row["container"] or f"#{person.team}"
            if row["id"] not in self.threads or r.random() < 0.2:
                self.threads[row["id"]] = rows.message(
                    channel, at, person, row["text"] or row["title"] or "?", None, row["label"]
                )
            thread = self.threads[row["id"]]
            for n in range(r.randint(1, 1 + int(6 * amount))):
                rows.message(
                    channel, at + timedelta(minutes=11 * (n + 1)), person, r.choice(SAID[self.habits.words]), thread
                )
            return thread
        if row["kind"] in ("deal", "ticket"):
            if row["id"] not in self.records:
                self.records[row["id"]] = rows.record(
                    row["kind"], row["container"] or "Sales", row["title"], row["text"], at, person, row["label"]
                )
            parent = self.records[row["id"]]
            kind = r.choice(("note", "email", "call"))
            hours = 8 * amount * 0.7 if kind == "call" else None
            return rows.engagement(
                kind, r.choice(("next step", "update", "call notes")), None, at, person, parent, None, hours
            )
        deal = self.records.get(row["parent"] or "")
        hours = 8 * amount if row["kind"] in ("call", "meeting") else None
        return rows.engagement(row["kind"], row["title"], row["text"], at, person, deal, row["label"], hours)
