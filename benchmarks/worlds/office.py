"""Worlds of our own: another process of work than the shared one.

Everybody has a few things in hand at once and gives each a part of the day; what is finished is replaced by what the team's plan
weighs most, so a change of plan reaches the days with a lag, as in life. Stretches of work land on the leaves of sub-task trees,
in threads, deals or meetings, and leave traces by the habits of the style. Some are handed over half done.
"""

import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from benchmarks.worlds.habits import BARE, CHATTER, FALLS, SAID, STYLES, Habits
from benchmarks.worlds.labelled import Labelled, document
from benchmarks.worlds.rows import BUSY, DONE, NEW, Done, Item, Person, Rows, World

WEEKS, EVENT_WEEK = 20, 13
TEAM_SIZE = (5, 9)


@dataclass
class Topic:
    """Work that belongs together: a key result, a theme or routine of one team, with what it can be seen in."""

    team: str
    name: str
    label: str | None
    noise: bool
    leaves: list[Item] = field(default_factory=list)
    talks: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class InHand:
    """Something somebody works on, and for how many more days."""

    topic: Topic
    item: Item | None
    talk: dict[str, Any] | None
    days: float


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
        self.done: list[Done] = []
        self.items: dict[str, Item] = {}
        self.children: dict[Item, list[Item]] = defaultdict(list)
        self.threads: dict[str, Item] = {}
        self.records: dict[str, Item] = {}
        self.topics = self._topics()
        self.drawn = {name: self.r.lognormvariate(0, 0.5) for name in sorted({t.name for t in self.topics})}
        teams = [team["key"] for team in labelled.register["teams"]]
        goal = {
            t.team: sum(len(u.leaves) for u in self.topics if u.team == t.team and self._is_top(u)) for t in self.topics
        }
        self.struck = max(teams, key=lambda key: goal.get(key, 0))
        top = sorted(labelled.top)
        self.swapped = (top[0], top[-1])

    def build(self) -> World:
        """Walk through the days."""
        hands: dict[int, list[InHand]] = {one.number: [] for one in self.people}
        day = self.start
        while day < self.end.date():
            if day.weekday() < 5:
                for person in self.people:
                    self._day(person, day, hands)
            day += timedelta(days=1)
        if self.event == "replan":
            registers = self._replanned()
        else:
            registers = [(self.start, self._document(self.labelled.register))]
        falls = self.event in FALLS
        return World(
            self.labelled.name,
            self.style,
            self.event,
            registers,
            self.rows.pages(),
            self.rows.labels,
            self.done,
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

    def _is_top(self, topic: Topic) -> bool:
        return self.labelled.objective_of.get(topic.label or "") in self.labelled.top

    def _weights(self, team: str, day: date) -> list[tuple[Topic, float]]:
        """What the team's plan weighs each of its topics on a day."""
        mine = [topic for topic in self.topics if topic.team == team and not topic.noise]
        size = {id(t): (len(t.leaves) + len(t.talks)) ** 0.5 * self.drawn[t.name] for t in mine}
        weight = {id(t): size[id(t)] * (2.0 if self._is_top(t) else 1.0 if t.label else 0.6) for t in mine}
        whole = sum(weight.values())
        weight = {key: value / whole for key, value in weight.items()}
        if day >= self.event_at and self.event != "none":
            self._strike(mine, weight, day, team)
        return [(topic, weight[id(topic)]) for topic in mine]

    def _strike(self, mine: list[Topic], weight: dict[int, float], day: date, team: str) -> None:
        objective = self.labelled.objective_of
        if self.event == "swap":
            lost, gained = self.swapped
            self._shift(
                mine,
                weight,
                lambda t: objective.get(t.label or "") == lost,
                lambda t: objective.get(t.label or "") == gained,
                0.25,
            )
            return
        if self.event == "replan":
            return
        points = FALLS[self.event]
        if self.event == "ramp":
            points *= min(1.0, (day - self.event_at).days / 35)
        if self.event in ("team", "side") and team != self.struck:
            return
        off = [t for t in mine if t.label is None]
        if self.event == "side" or not off:
            # One theme, taken up by the team of the goal: what looks most like it from outside.
            off = (
                sorted(
                    (t for t in self.topics if t.label is None and not t.noise and t.name != "bau"),
                    key=lambda t: (t.team != team, -len(t.leaves), t.name),
                )[:1]
                or off
            )
        for one in off:
            if id(one) not in weight:
                mine.append(one)
                weight[id(one)] = 1e-3
        names = {id(t) for t in off}
        # The lag of what is in hand, and that a part of each day goes elsewhere, would make the fall smaller than planted.
        points = 2.5 * points if self.event == "side" else points
        self._shift(mine, weight, self._is_top, lambda t: id(t) in names, 1.1 * points)

    def _shift(self, mine: list[Topic], weight: dict[int, float], loses: Any, gains: Any, points: float) -> None:
        lost = [id(t) for t in mine if loses(t)]
        gained = [id(t) for t in mine if gains(t)]
        total, into = sum(weight[i] for i in lost), sum(weight[i] for i in gained)
        if not lost or not gained:
            return
        moved = min(points, 0.9 * total)
        for i in lost:
            weight[i] *= 1 - moved / total
        for i in gained:
            weight[i] *= 1 + moved / into

    def _replanned(self) -> list[tuple[date, str]]:
        """A second plan: the third priority changes places with the fourth, and the work goes on as it was."""
        register = self.labelled.register
        ranked = sorted(register["objectives"], key=lambda o: o["priority"])
        swap = (
            {ranked[2]["key"]: ranked[3]["priority"], ranked[3]["key"]: ranked[2]["priority"]}
            if len(ranked) > 3
            else {}
        )
        second = {
            **register,
            "objectives": [{**o, "priority": swap.get(o["key"], o["priority"])} for o in register["objectives"]],
        }
        return [(self.start, self._document(register)), (self.event_at, self._document(second))]

    def _document(self, register: dict[str, Any]) -> str:
        return document(register, self.people, self.start, self.end.date())

    def _new(self, person: Person, day: date) -> InHand:
        weights = self._weights(person.team, day)
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
            self._meet(person, at, mine[0], 1 - busy)
        for held, cut in zip(list(mine), cuts, strict=True):
            amount = busy * cut / sum(cuts)
            if amount < 0.05:
                continue
            self._work(person, at + timedelta(minutes=self.r.randrange(30, 480)), held, amount)
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

    def _meet(self, person: Person, at: datetime, held: InHand, amount: float) -> None:
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

    def _work(self, person: Person, at: datetime, held: InHand, amount: float) -> None:
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


def build(labelled: Labelled, style: str, event: str, seed: int, end: datetime) -> World:
    """One world of our own."""
    return Office(labelled, style, event, seed, end).build()
