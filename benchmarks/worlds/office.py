"""Our own worlds, with a different work process from the shared ones.

Everybody works on a few things at once and divides the day among them; finished work is replaced by what the team's plan weights
most, so a change of plan shows with a lag, as in reality. Work happens on the leaves of sub-task trees, in threads, deals or
meetings, and leaves traces according to the style's habits. Some of it is handed over half done.
"""

import random
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from benchmarks.worlds.habits import BARE, CHATTER, FALLS, STYLES, Habits
from benchmarks.worlds.labelled import Labelled, document
from benchmarks.worlds.plan import Plan, Topic
from benchmarks.worlds.rows import DONE, Item, Person, Rows, World
from benchmarks.worlds.trail import InHand, Trail

WEEKS, EVENT_WEEK = 20, 13
TEAM_SIZE = (5, 9)


class Office:
    """Builds one world; the same seed gives the same one."""

    def __init__(self, labelled: Labelled, style: str, event: str, seed: int, end: datetime) -> None:
        self.labelled, self.style, self.event = labelled, style, event
        self.habits: Habits = STYLES[style]
        self.r = random.Random(f"{labelled.name} {style} {event in ('none',)} {seed}")
        self.end = end
        monday = end.date() - timedelta(days=end.weekday())
        self.start = monday - timedelta(weeks=WEEKS)
        self.event_at = self.start + timedelta(weeks=EVENT_WEEK, days=self.r.choice((0, 0, 1, 2)))
        self.people = self._people()
        self.rows = Rows(self.people)
        self.trail = Trail(self.habits, self.rows, self.people, self.r)
        self.items: dict[str, Item] = {}
        self.plan = Plan(labelled, self._topics(), event, self.event_at, self.r)

    def build(self) -> World:
        """Walk through the days."""
        hands: dict[int, list[InHand]] = {one.number: [] for one in self.people}
        day = self.start
        while day < self.end.date():
            if day.weekday() < 5:
                for person in self.people:
                    self._day(person, day, hands)
            day += timedelta(days=1)
        registers = [(self.start, self._document(self.labelled.register))]
        if self.event == "replan":
            registers.append((self.event_at, self._document(self.plan.second_plan())))
        falls = self.event in FALLS
        return World(
            self.labelled.name,
            self.style,
            self.event,
            registers,
            self.rows.pages(),
            self.rows.labels,
            self.trail.done,
            self.start,
            self.end,
            None if self.event == "none" else self.event_at,
            falls,
        )

    def _people(self) -> list[Person]:
        found: list[Person] = []
        for team in self.labelled.register["teams"]:
            for _ in range(self.r.randint(*TEAM_SIZE)):
                part = self.r.choice((0.5, 0.6, 0.8)) if self.r.random() < self.habits.part_time else 1.0
                number = len(found)
                found.append(Person(number, f"p{number}@{self.labelled.name}.example", team["key"], part))
        return found

    def _topics(self) -> list[Topic]:
        teams = [team["key"] for team in self.labelled.register["teams"]]
        found: dict[tuple[str, str], Topic] = {}
        rows = {row["id"]: row for row in self.labelled.signals}
        for row in self.labelled.signals:
            if row["source"] == "jira":
                self._issue(row, rows)
        for row in self.labelled.signals:
            team = row["team"] or self.r.choice(teams)
            name = row["label"] or (row["theme"] if row["category"] == "off" and row["theme"] else row["category"])
            topic = found.setdefault((team, name), Topic(team, name, row["label"], row["category"] == "noise"))
            if row["source"] != "jira":
                topic.talks.append(row)
            elif row["kind"] != "epic":
                topic.leaves += self._grown(self.items[row["id"]], row, self.habits.depth)
        return [topic for _, topic in sorted(found.items())]

    def _issue(self, row: dict[str, Any], rows: dict[str, dict[str, Any]]) -> Item:
        if row["id"] not in self.items:
            above = rows.get(row["parent"] or "")
            parent = self._issue(above, rows) if above and above["source"] == "jira" else None
            self.items[row["id"]] = self.rows.issue(
                row["id"], row["kind"], row["title"], row["text"], parent, row["label"]
            )
        return self.items[row["id"]]

    def _grown(self, item: Item, row: dict[str, Any], depth: int) -> list[Item]:
        """The leaves below an issue after sub-tasks grew on it."""
        if not depth:
            return [item]
        leaves = [] if self.r.random() < 0.6 else [item]
        for n in range(self.r.randint(1, self.habits.children)):
            title = self.r.choice(BARE[self.habits.words])
            words = (row["title"] or "").split()
            if words and self.r.random() > self.habits.bare:
                first = self.r.randrange(len(words))
                title = f"{title} {' '.join(words[first : first + 3])}"
            project = row["container"]
            key = f"{project}-{7000 + len(self.rows.items)}"
            child = self.rows.issue(key, "sub-task", title, None, item, row["label"])
            leaves += self._grown(child, row, depth - 1 if n == 0 else 0)
        return leaves

    def _document(self, register: dict[str, Any]) -> str:
        return document(register, self.people, self.start, self.end.date())

    def _new(self, person: Person, day: date) -> InHand:
        weights = self.plan.weights(person.team, day)
        topic = self.r.choices([t for t, _ in weights], [w for _, w in weights])[0]
        days = self.r.expovariate(1 / self.habits.patience) + 1
        talking = self.r.random() < self.habits.threads
        if topic.talks and (talking or not topic.leaves):
            return InHand(topic, None, self.r.choice(topic.talks), days)
        item = self.r.choice(topic.leaves) if topic.leaves else None
        return InHand(topic, item, None, days)

    def _day(self, person: Person, day: date, hands: dict[int, list[InHand]]) -> None:
        if self.r.random() < 0.06:
            return
        mine = hands[person.number]
        while len(mine) < self.habits.at_once:
            mine.append(self._new(person, day))
        part = person.part
        if part < 1 and self.r.random() > part:
            return  # a day off in a part-time week; the others are whole
        cuts = [self.r.gammavariate(1.2, 1) for _ in mine]
        busy = 1.0
        at = datetime.combine(day, time(8, self.r.randrange(60)), UTC)
        if self.r.random() < 2 * self.habits.meetings:
            busy -= 0.25 + 0.25 * self.r.random()
            self.trail.meet(person, at, mine[0], 1 - busy)
        for held, cut in zip(list(mine), cuts, strict=True):
            amount = busy * cut / sum(cuts)
            if amount < 0.05:
                continue
            self.trail.work(person, at + timedelta(minutes=self.r.randrange(30, 480)), held, amount)
            held.days -= 1 if len(mine) == 1 else 2 * amount
            if held.days <= 0:
                self._finish(person, held, day, hands)
        if self.r.random() < 0.15:
            self.rows.message(
                "#random", at + timedelta(hours=3, minutes=self.r.randrange(60)), person, self.r.choice(CHATTER)
            )

    def _finish(self, person: Person, held: InHand, day: date, hands: dict[int, list[InHand]]) -> None:
        hands[person.number].remove(held)
        at = datetime.combine(day, time(16, self.r.randrange(60)), UTC)
        if held.item and held.item[0] == "jira":
            others = [one for one in self.people if one.team == person.team and one.number != person.number]
            if others and self.r.random() < self.habits.hand_over:
                heir = self.r.choice(others)
                self.rows.assign(held.item, heir, at)
                hands[heir.number].append(InHand(held.topic, held.item, None, self.r.expovariate(1 / 2) + 1))
                hands[heir.number].pop(0) if len(hands[heir.number]) > self.habits.at_once + 1 else None
            elif self.r.random() < self.habits.closed:
                self.rows.move(held.item, DONE, at, person)


def build(labelled: Labelled, style: str, event: str, seed: int, end: datetime) -> World:
    """One world of our own."""
    return Office(labelled, style, event, seed, end).build()
