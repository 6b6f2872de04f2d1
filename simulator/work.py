"""Half a year of work, person by person and day by day, and the traces it leaves in the three tools."""

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import holidays

from simulator.bank import Bank
from simulator.company import (
    CHANNELS,
    PLAN,
    PROJECTS,
    STREAM_CHANNELS,
    WEEKS,
    ZONE,
    Person,
    closed_days,
    first_day,
    mix,
    people,
    planted,
)
from simulator.crm import Crm
from simulator.world import Issue, Message, World

_ZONE = ZoneInfo(ZONE)
_WORKLOG_TEAMS = {"workshop"}
_DEAL_STREAMS = {("sales", "O1.1"): 0.8, ("sales", "bau"): 0.4, ("iberia", "O4.2"): 0.8}


@dataclass(slots=True)
class Task:
    """What a person has in hand; `left` in person-days."""

    stream: str
    left: float
    issue: Issue | None = None
    deal: int | None = None


class Work:
    """Generates a World. Everything follows from the seed and the last day."""

    def __init__(self, today: date, seed: int = 7) -> None:
        self.rng = random.Random(f"work{seed}")
        self.bank = Bank(seed)
        self.world = World(today, people(), planted(today))
        self.crm = Crm(self.world, self.bank, self.rng)
        self.events = {event.kind: event for event in self.world.planted}
        self.epics: dict[tuple[str, str], list[Issue]] = {}
        self.tasks: dict[int, list[Task]] = {person.number: [] for person in self.world.people}
        self._numbers = dict.fromkeys(PROJECTS, 100)
        self._clock = 0
        self._resting: dict[int, set[date]] = {}

    def run(self) -> World:
        """Live through all days."""
        monday = first_day(self.world.today)
        self._make_epics(monday - timedelta(days=10))
        days = [monday + timedelta(days=n) for n in range(WEEKS * 7)]
        closed = {*closed_days(self.world.today), *holidays.country_holidays("DE", years=[days[0].year, days[-1].year])}
        self._plan_absence(days)
        for day in days:
            if day > self.world.today or day.weekday() >= 5 or day in closed:
                continue
            for person in self.world.people:
                if day not in self._resting[person.number]:
                    self._live(person, day)
            self._small_talk(day)
        return self.world

    def _plan_absence(self, days: list[date]) -> None:
        holiday = self.events["holiday"]
        for person in self.world.people:
            away: set[date] = set()
            for _ in range(2):
                start = self.rng.randrange(len(days))
                away |= set(days[start : start + self.rng.choice([5, 7, 9, 14])])
            away |= {day for day in days if self.rng.random() < 0.02}
            if self.rng.random() < 0.5:
                away |= {holiday.start + timedelta(days=n) for n in range(7)}
            if person.capacity < 1:  # part time means fixed free days
                free = {4} if person.capacity > 0.7 else {3, 4}
                away |= {day for day in days if day.weekday() in free}
            self._resting[person.number] = away

    def _make_epics(self, day: date) -> None:
        for stream in dict.fromkeys(stream for plan in PLAN.values() for stream in plan):
            for team, title, text in self.bank.epics(stream):
                lead = next(p for p in self.world.people if p.team == team)
                epic = self._issue(lead, day, stream, "Epic", title, text)
                epic.status = "In Progress"
                self.epics.setdefault((stream, team), []).append(epic)

    def _live(self, person: Person, day: date) -> None:
        """One person's day: split it, leave traces, keep the truth."""
        self._drop_what_is_not_wanted(person, day)
        tasks = self.tasks[person.number]
        while len(tasks) < 2:
            tasks.append(self._new_task(person, day))
        main = self.rng.uniform(0.55, 0.8)
        routine = self.rng.uniform(0.0, 0.12)
        parts = [(tasks[0], main * (1 - routine)), (tasks[1], (1 - main) * (1 - routine))]
        split: dict[str, float] = {}
        for task, part in parts:
            split[task.stream] = split.get(task.stream, 0.0) + part
        split["bau"] = split.get("bau", 0.0) + routine
        self.world.truth.append((day, person.number, split))
        for task, part in parts:
            self._trace(person, day, task, part)
            task.left -= part
        if self.rng.random() < routine * 2 and person.team != "care":
            self._talk(person, day, f"bau.{person.team}", CHANNELS[person.team], None)
        for task in [t for t in tasks if t.left <= 0]:
            self._finish(person, day, task)
            tasks.remove(task)
        if self.rng.random() < 0.3:
            tasks.reverse()

    def _drop_what_is_not_wanted(self, person: Person, day: date) -> None:
        """When the plan changes overnight, people put down what they had in hand."""
        before, now = (mix(person.team, d, self.events) for d in (day - timedelta(days=1), day))
        for task in list(self.tasks[person.number]):
            old, new = (
                plan.get(task.stream, 0.0) + (1 - sum(plan.values()) if task.stream == "bau" else 0.0)
                for plan in (before, now)
            )
            if new < old - 1e-9 and self.rng.random() < 1 - new / old:
                if task.issue and self.rng.random() < 0.85:
                    self._move(task.issue, person, self._at(day, 8.5, 9.2), "To Do")
                self.tasks[person.number].remove(task)

    def _new_task(self, person: Person, day: date) -> Task:
        plan = mix(person.team, day, self.events)
        streams = [*plan, "bau"]
        weights = [*plan.values(), max(0.02, 1 - sum(plan.values()))]
        stream = self.rng.choices(streams, weights)[0]
        task = Task(stream, min(9.0, self.rng.lognormvariate(0.75, 0.6)))
        if stream == "bau":
            task.left *= 0.55
        if person.team == "care" and stream == "bau":
            return task  # tickets come one by one, see _trace
        if self.rng.random() < _DEAL_STREAMS.get((person.team, stream), 0.0):
            task.left *= 1.6
            task.deal = self.crm.open_deal(person, self._at(day, 8, 9), self._texts(stream, person.team), stream)
            return task
        name = self._texts(stream, person.team)
        part = "jira" if self.bank.has(name, "jira") else "titles"
        text = self.bank.draw(name, "texts") if self.rng.random() < 0.6 else None
        kind = self.rng.choices(["Story", "Task", "Bug"], [4, 4, 2])[0]
        creator = person if self.rng.random() < 0.6 else self._mate(person)
        issue = self._issue(creator, day, stream, kind, self.bank.draw(name, part), text, team=person.team)
        epics = self.epics.get((stream, person.team)) or self.epics.get((stream, ""), [])
        if epics and self.rng.random() < 0.72:
            issue.parent = self.rng.choice(epics)
        issue.assignee = person.number
        if creator is not person:
            issue.changes.append(
                (issue.created + timedelta(minutes=2), creator.number, "assignee", None, person.number)
            )
        self._move(issue, person, self._at(day, 8.7, 9.9), "In Progress")
        task.issue = issue
        return task

    def _trace(self, person: Person, day: date, task: Task, part: float) -> None:
        """What the day's work on one task leaves behind."""
        name = self._texts(task.stream, person.team)
        if task.deal is not None:
            self.crm.work_on_deal(person, self._at(day, 9.5, 15), task.deal, part, name)
        elif task.issue is None:
            self.crm.answer_tickets(person, self._at(day, 8.5, 10), part, name)
        else:
            issue = task.issue
            if self.rng.random() < 0.22:
                issue.comments.append((self._at(day, 10, 17), person.number, self.bank.draw(name, "replies")))
                if self.rng.random() < 0.3:
                    mate = self._mate(person)
                    if day not in self._resting[mate.number]:
                        issue.comments.append((self._at(day, 17, 17.6), mate.number, self.bank.draw(name, "replies")))
            if person.team in _WORKLOG_TEAMS or person.number % 13 == 4:
                hours = max(0.25, round(part * 8 * self.rng.uniform(0.85, 1.1) * 4) / 4)
                issue.worklogs.append((self._at(day, 16, 17.8), person.number, hours))
            if task.left > 1 and self.rng.random() < 0.06 and issue.status == "In Progress":
                self._move(issue, person, self._at(day, 14, 17), "In Review")
        if self.rng.random() < 0.1 + 0.14 * part:
            channel = STREAM_CHANNELS.get(task.stream)
            if channel is None or self.rng.random() < 0.5:
                channel = CHANNELS[person.team]
            self._talk(person, day, name, channel, task.issue, task.stream)

    def _finish(self, person: Person, day: date, task: Task) -> None:
        at = self._at(day, 17, 17.9)
        if task.issue:
            self._move(task.issue, person, at, "Done")
        elif task.deal is not None:
            self.crm.close_deal(task.deal, at, won=self.rng.random() < 0.5)

    def _talk(
        self, person: Person, day: date, name: str, channel: str, issue: Issue | None, stream: str = "bau"
    ) -> None:
        text = self.bank.draw(name, "messages")
        if issue and self.rng.random() < 0.35:
            text = f"{issue.key} {text}" if self.rng.random() < 0.5 else f"{text} ({issue.key})"
        root = self._post(channel, self._at(day, 9, 16.5), person.number, text, stream)
        at = datetime.fromtimestamp(float(root.ts), UTC)
        for _ in range(self.rng.choices([0, 1, 2, 4], [5, 3, 2, 1])[0]):
            at += timedelta(minutes=self.rng.uniform(1, 40))
            other = self._mate(person) if self.rng.random() < 0.7 else person
            if day in self._resting[other.number]:
                continue
            self._post(channel, at, other.number, self.bank.draw(name, "replies"), stream, root.ts)

    def _small_talk(self, day: date) -> None:
        present = [p for p in self.world.people if day not in self._resting[p.number]]
        for _ in range(self.rng.randint(2, 4)):
            self._talk(
                self.rng.choice(present), day, "chatter", self.rng.choice(["random", "general"]), None, "chatter"
            )
        for _ in range(self.rng.randint(1, 2)):
            channel = self.rng.choice(["platform", "team-app", "general"])
            self._post(channel, self._at(day, 7, 18), None, self.bank.draw("chatter", "bot"), "chatter")

    def _post(
        self, channel: str, at: datetime, user: int | None, text: str, stream: str, thread: str | None = None
    ) -> Message:
        self._clock += 1
        ts = f"{int(at.timestamp())}.{self._clock:06d}"
        message = Message(channel, ts, user, text, thread, stream)
        self.world.messages.append(message)
        return message

    def _issue(
        self, creator: Person, day: date, stream: str, kind: str, title: str, text: str | None, team: str | None = None
    ) -> Issue:
        project = PROJECTS[team or creator.team]
        self._numbers[team or creator.team] += 1
        number = self._numbers[team or creator.team]
        id_ = 10_000 + len(self.world.issues)
        issue = Issue(id_, f"{project}-{number}", project, kind, title, text, creator.number, self._at(day, 8, 8.6))
        issue.stream = stream
        self.world.issues.append(issue)
        return issue

    def _move(self, issue: Issue, person: Person, at: datetime, status: str) -> None:
        issue.changes.append((at, person.number, "status", issue.status, status))
        issue.status = status

    def _mate(self, person: Person) -> Person:
        return self.rng.choice([p for p in self.world.people if p.team == person.team and p is not person])

    def _texts(self, stream: str, team: str) -> str:
        return f"bau.{team}" if stream == "bau" else stream

    def _at(self, day: date, first: float, last: float) -> datetime:
        hours = self.rng.uniform(first, last)
        local = datetime.combine(day, time(), _ZONE) + timedelta(hours=hours)
        return local.astimezone(UTC).replace(microsecond=0)


def live(today: date, seed: int = 7) -> World:
    """The company's half year that ends on `today`."""
    return Work(today, seed).run()
