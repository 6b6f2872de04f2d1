"""Simulate a company at work, day by day, with its true person-days. Independent of the product and its simulator.

Companies differ in style (benchmarks/effort/styles.py). From `drift_week` on, the top goals lose `points` of all *new* work.
"""

import random
from dataclasses import dataclass
from datetime import date, timedelta

from benchmarks.effort.rows import Company, Item, weekdays
from benchmarks.effort.styles import STYLES, Style

GOALS = {"A": 0.25, "B": 0.22, "C": 0.17, "D": 0.12, "E": 0.09, "": 0.15}
TOP = frozenset("ABC")
START = date(2025, 1, 6)


@dataclass(slots=True)
class _Job:
    item: int
    left: float
    begun: bool = False
    until: date | None = None
    """Put aside until then."""


class Desk:
    """Plays a company, day by day."""

    def __init__(
        self,
        name: str,
        style: Style,
        seed: int,
        weeks: int = 40,
        drift_week: int = 22,
        points: float = 0.22,
        people: int = 10,
    ) -> None:
        self.random = random.Random(f"{name} {seed}")
        self.aside = random.Random(f"{name} {seed} social")
        self.style, self.people, self.points = style, people, points
        last = START + timedelta(weeks=weeks, days=-3)
        self.company = Company(name, START, last, top=TOP, drift=START + timedelta(weeks=drift_week))
        self.hands: dict[int, list[_Job]] = {person: [] for person in range(people)}
        self.rested: dict[int, list[_Job]] = {person: [] for person in range(people)}
        self.state: dict[int, str] = {}
        self.owner: dict[int, int] = {}
        self.story: dict[int, int] = {}
        self.finished: set[int] = set()
        self.back: dict[date, list[tuple[int, int]]] = {}

    def play(self) -> Company:
        """All days of all people. Traces are in the order in which they happened."""
        days = weekdays(self.company.first, self.company.last)
        away = {person: self._absences(days) for person in range(self.people)}
        for day in days:
            for person in range(self.people):
                fte = self.style.fte[person % len(self.style.fte)]
                self.company.capacity[person, day] = fte
                # Part time is worked in whole days as often as in short ones.
                works = fte if person % 2 else float(self.random.random() < fte)
                if day not in away[person] and works > 0:
                    self._day(person, day, works)
            if day.weekday() == 4 and self.random.random() < self.style.sweep:
                self._sweep(day)
        self.company.traces.sort(key=lambda trace: trace.day)
        return self.company

    def _absences(self, days: list[date]) -> set[date]:
        away = {day for day in days if self.random.random() < 0.02}
        for _ in range(max(1, len(days) // 60)):
            first = self.random.randrange(len(days))
            away |= set(days[first : first + self.random.choice((5, 5, 10, 10, 15))])
        return away

    def _goal(self, day: date) -> str:
        weights = dict(GOALS)
        if self.company.drift and day >= self.company.drift:
            top = sum(weights[key] for key in TOP)
            for key in TOP:
                weights[key] *= (top - self.points) / top
            weights[""] += self.points * 0.7
            weights["E"] += self.points * 0.3
        return self.random.choices(list(weights), list(weights.values()))[0]

    def _new(self, person: int, day: date, scale: float = 1.0) -> _Job:
        random, style = self.random, self.style
        where = random.choices(list(style.places), list(style.places.values()))[0]
        item = len(self.company.items)
        goal = self._goal(day)
        if style.subtasks and where == "issue":
            goal = self._story(person, day, goal)
            item = len(self.company.items)
        self.company.items[item] = Item(item, where, goal)
        size = min(style.most, scale * style.size * random.lognormvariate(0, style.spread))
        if where == "issue":
            self._plan(item, person, day)
            early = day - timedelta(days=random.randrange(3, 21)) if random.random() < style.early else day
            self._assign(item, person, early, person)
            if early < day:
                self._move(item, "doing", person, early)
        return _Job(item, max(0.1, size))

    def _plan(self, item: int, person: int, day: date) -> None:
        """Who works on an issue creates it then, or a colleague did before."""
        random = self.random
        if random.random() >= self.style.planned:
            self.company.leave(day, person, item, "created")
            return
        author, before = random.randrange(min(3, self.people)), day - timedelta(days=random.randrange(1, 30))
        self.company.leave(before, author, item, "created")
        if random.random() < 0.3:
            self.company.leave(before + timedelta(days=random.randrange(1, 6)), author, item, "edit")

    def _story(self, person: int, day: date, goal: str) -> str:
        """A story of the owner's that stays in progress while its sub-tasks are worked on; they serve what it serves."""
        open_one = self.story.get(person)
        if open_one is None or self.random.random() < 0.2:
            if open_one is not None:
                self._move(open_one, "done", person, day)
            open_one = self.story[person] = len(self.company.items)
            self.company.items[open_one] = Item(open_one, "issue", goal, "story")
            self._assign(open_one, person, day, person)
            self._move(open_one, "doing", person, day)
        return self.company.items[open_one].goal

    def _assign(self, item: int, to: int, day: date, by: int) -> None:
        self.owner[item] = to
        self.company.leave(day, by, item, "assignment", to=to)

    def _move(self, item: int, to: str, person: int, day: date) -> None:
        if self.state.get(item, "todo") != to:
            self.state[item] = to
            self.company.leave(day, person, item, "transition", to=to)

    def _day(self, person: int, day: date, works: float) -> None:
        random, style, hands = self.random, self.style, self.hands[person]
        for item, who in self.back.pop(day, []):
            self.hands[who].insert(0, _Job(item, random.uniform(0.5, 2)))
            self._move(item, "doing", who, day)
        ready = [job for job in self.rested[person] if job.until is not None and job.until <= day]
        for job in ready:
            self.rested[person].remove(job)
            hands.insert(0, job)
        if random.random() < style.unseen:
            return
        if self.aside.random() < style.social * works:
            self._socialise(person, day)
        left = works
        if random.random() < style.aside:
            part = left * random.uniform(0.1, 0.5)
            self._side(person, day, part)
            left -= part
        while left > 0.02:
            while len(hands) < style.parallel:
                hands.append(self._new(person, day))
            job = hands[0] if style.parallel == 1 else random.choice(hands)
            part = min(left, job.left) if style.parallel == 1 else min(left, job.left, random.uniform(0.3, 1.0))
            self._work(person, day, job, part, hands)
            left -= part

    def _socialise(self, person: int, day: date) -> None:
        """Lunch, thanks, a lost umbrella: nobody's work."""
        item = len(self.company.items)
        self.company.items[item] = Item(item, "thread", "")
        self.company.leave(day, person, item, "message")
        if self.aside.random() < 0.3:
            self.company.leave(day, self.aside.randrange(self.people), item, "message")

    def _side(self, person: int, day: date, part: float) -> None:
        """Half of the side matters are those of a colleague, the others own small ones."""
        others = [job for who in range(self.people) if who != person for job in self.hands[who] if job.begun]
        if others and self.random.random() < 0.5:
            self._truth(person, day, self.random.choice(others).item, part)
            return
        job = self._new(person, day, 0.2)
        self._work(person, day, job, part, [job])
        if job.left > 0.02:
            self.rested[person].append(job)
            job.until = day + timedelta(days=self.random.randrange(1, 20))

    def _work(self, person: int, day: date, job: _Job, part: float, hands: list[_Job]) -> None:
        random, style = self.random, self.style
        if self.company.items[job.item].where == "issue" and not job.begun and random.random() < style.moves:
            self._move(job.item, "doing", person, day)
        job.begun = True
        self._truth(person, day, job.item, part)
        job.left -= part
        if job.left <= 0.02:
            hands.remove(job)
            self._finish(job.item, person, day)
        elif random.random() < style.paused:
            hands.remove(job)
            job.until = day + timedelta(days=random.randrange(5, 60))
            self.rested[person].append(job)
        elif random.random() < style.handed:
            hands.remove(job)
            other = random.randrange(self.people)
            self.hands[other].append(job)
            if self.company.items[job.item].where == "issue":
                self._assign(job.item, other, day, person)

    def _finish(self, item: int, person: int, day: date) -> None:
        if self.company.items[item].where != "issue":
            return
        if self.random.random() < self.style.closes:
            self._move(item, "done", person, day)
            if self.random.random() < self.style.reopened:
                back = day + timedelta(days=self.random.choice((1, 3, 7, 14, 21)))
                back += timedelta(days=max(0, 7 - back.weekday()) if back.weekday() > 4 else 0)
                self.back.setdefault(back, []).append((item, person))
        else:
            self.finished.add(item)

    def _sweep(self, day: date) -> None:
        who = self.random.randrange(self.people)
        for item in sorted(self.finished):
            self._move(item, "done", who if self.random.random() < 0.5 else self.owner[item], day)
        self.finished.clear()

    def _truth(self, person: int, day: date, item: int, part: float) -> None:
        random, style = self.random, self.style
        if style.lines and self.company.items[item].where == "thread":
            self._line(person, day, item, part)
            return
        self.company.truth[day, person, item] += part
        # A short side matter leaves a trace less often than a whole day's work.
        weight = min(1.0, 0.35 + part)
        where = self.company.items[item].where
        if where == "issue":
            if random.random() < style.log:
                hours = max(0.25, round(part * 8 * random.gauss(1, 0.1) * 4) / 4)
                self.company.leave(day, person, item, "worklog", hours=hours)
            if random.random() < style.comment * weight:
                self.company.leave(day, person, item, "comment")
            if random.random() < style.mention * weight:
                self.company.leave(day, person, item, "mention")
            for _ in range(_poisson(random, style.commits * part)):
                self.company.leave(day, person, item, "commit")
            if style.commits and random.random() < 0.25 * part:
                self.company.leave(day, random.randrange(self.people), item, "review")
        elif random.random() >= style.silent:
            self._talk(person, day, item, part, where)
        for _ in range(_poisson(random, style.chatter * part)):
            other = random.randrange(len(self.company.items))
            kind = "comment" if self.company.items[other].where == "issue" and random.random() < 0.5 else "message"
            self.company.leave(day, person, other, kind)

    def _line(self, person: int, day: date, item: int, part: float) -> None:
        """What was done of it today, in a thread of its own; of an hour nobody writes."""
        line = len(self.company.items)
        self.company.items[line] = Item(line, "thread", self.company.items[item].goal)
        self.company.truth[day, person, line] += part
        if self.random.random() >= self.style.silent and part >= 0.1:
            self.company.leave(day, person, line, "message")

    def _talk(self, person: int, day: date, item: int, part: float, where: str) -> None:
        random = self.random
        if where == "deal" and random.random() < 0.4:
            self.company.leave(
                day, person, item, random.choice(("call", "meeting")), hours=round(part * random.uniform(1, 6), 2)
            )
        for _ in range(max(1, _poisson(random, self.style.talk * part))):
            kind = "message" if where == "thread" else random.choice(("email", "note", "stage", "task"))
            self.company.leave(day, person, item, kind)


def _poisson(draw: random.Random, mean: float) -> int:
    count, left = 0, draw.expovariate(1)
    while left < mean:
        count += 1
        left += draw.expovariate(1)
    return count


def company(name: str, seed: int, **more: float) -> Company:
    """A company of that style."""
    return Desk(name, STYLES[name], seed, **more).play()  # type: ignore[arg-type]
