"""Events on a company's tickets, threads and changes, from two different generators.

`tasks`: a waiting time is drawn when the wait begins, with a long tail. `pool`: a team goes through its queue every day and takes
each item with the same probability. Both contain things that only look like trouble: planning meetings that open many tickets at
once, which are then worked on, imports by a program, clean-ups of old items, questions that a few people discuss.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta

import numpy as np

from benchmarks.findings.company import START, WEEKS, Plan
from connectors.base import SignalKind, State
from pipeline.findings.found import Inputs
from pipeline.findings.lives import Event, Life

BEGIN = datetime.combine(START, time(9), UTC)
END = BEGIN + timedelta(weeks=WEEKS, days=-1)


@dataclass
class Trouble:
    """What is planted: `unanswered` is the part of what is asked of the teams in `mute` that stays so; `bulk` tickets opened at a
    time, so many `times`; `people` and `longer` are what the last eight weeks' decisions have more of, as factors."""

    unanswered: float = 0.1
    mute: tuple[int, ...] = ()
    bulk: int = 0
    times: int = 0
    people: float = 1.0
    longer: float = 1.0


@dataclass
class _World:
    company: Plan
    rng: np.random.Generator
    generator: str
    trouble: Trouble
    lives: list[Life] = field(default_factory=list)

    def member(self, team: int) -> int:
        return int(self.rng.choice([n for n, of in enumerate(self.company.people) if of == team]))

    def day(self, first: float = 0.0, last: float = 7.0 * WEEKS - 1) -> datetime:
        return BEGIN + timedelta(days=float(self.rng.uniform(first, last)))

    def add(self, team: int, made: datetime, events: list[Event], **more: object) -> Life:
        seen = tuple(sorted((one for one in events if one.at <= END), key=lambda one: one.at))
        one = Life(len(self.lives) + 1, f"t{team}", made, seen, **more)  # type: ignore[arg-type]
        self.lives.append(one)
        return one

    def wait(self, mean: float) -> timedelta:
        """Until somebody acts: an own draw for each, or days that each have a chance."""
        if self.generator == "tasks":
            return timedelta(days=float(self.rng.lognormal(np.log(mean), 0.8)))
        return timedelta(days=int(self.rng.geometric(min(0.9, 1 / mean))), hours=float(self.rng.uniform(0, 6)))


def with_lives(company: Plan, given: Inputs, generator: str, trouble: Trouble | None = None) -> Inputs:
    """The inputs with half a year of tickets, threads and reviewed changes."""
    world = _World(company, np.random.default_rng([company.seed, 11]), generator, trouble or Trouble())
    teams = range(len(company.teams))
    tickets = [_ticket(world, team, world.day()) for team in teams for _ in range(70)]
    for team in teams:
        for _ in range(22):
            _ask(world, team, tickets)
        for _ in range(3):
            _planning(world, team)
        for _ in range(25):
            _decision(world, team)
    _import(world)
    _clean_up(world)
    for n in range(world.trouble.times):
        _placeholders(world, 10 * n + 20)
    return replace(given, lives=world.lives)


def _ticket(world: _World, team: int, made: datetime, answers: float = 0.85) -> Life:
    """An ordinary one: opened, given to somebody, begun, talked about, mostly done."""
    by, owner = world.member(team), world.member(team)
    events = [Event(made, SignalKind.CREATED, by, f"t{team}")]
    owned, state = bool(world.rng.random() < answers), State.TODO
    if owned:
        begun = made + world.wait(4)
        events.append(Event(begun, SignalKind.TRANSITION, owner, f"t{team}", (), State.DOING))
        for _ in range(int(world.rng.poisson(2))):
            at = begun + world.wait(3)
            events.append(Event(at, SignalKind.COMMENT, world.member(team), f"t{team}"))
        done = begun + world.wait(9)
        events.append(Event(done, SignalKind.TRANSITION, owner, f"t{team}", (), State.DONE))
        state = State.DONE if done <= END else State.DOING if begun <= END else State.TODO
    return world.add(
        team, made, events, owned=owned, stated=True, state=state, serves=float(world.rng.beta(2, 2)), days=1.5
    )


def _ask(world: _World, team: int, tickets: list[Life]) -> None:
    """A ticket of the team is held up by one of another team, and names it; that team answers, or does not."""
    other = int(world.rng.choice([n for n in range(len(world.company.teams)) if n != team]))
    at = world.day(7 * (WEEKS - 15))
    muted = not world.trouble.mute or other in world.trouble.mute
    quiet = world.rng.random() < (world.trouble.unanswered if muted else 0.1)
    made = at - timedelta(days=float(world.rng.uniform(0, 10)))
    events = [Event(made, SignalKind.CREATED, world.member(team), f"t{team}")]
    if quiet:
        owned = bool(world.rng.random() < 0.4)
        awaited = world.add(other, made, events, owned=owned, stated=True, state=State.TODO)
    else:
        answer = Event(at + world.wait(3), SignalKind.COMMENT, world.member(other), f"t{other}")
        done = Event(at + world.wait(10), SignalKind.TRANSITION, answer.person, f"t{other}", (), State.DONE)
        state = State.DONE if done.at <= END else State.DOING
        awaited = world.add(other, made, [*events, answer, done], owned=True, stated=True, state=state)
    who = world.member(team)
    own = [Event(at, SignalKind.COMMENT, who, f"t{team}", (awaited.item,))]
    ended = not quiet or world.rng.random() < 0.1
    if ended:
        own.append(Event(at + world.wait(12), SignalKind.TRANSITION, who, f"t{team}", (), State.DONE))
    state = State.DONE if ended and own[-1].at <= END else State.DOING
    world.add(team, at - timedelta(days=2), own, owned=True, stated=True, state=state)


def _planning(world: _World, team: int) -> None:
    """Twenty tickets in an hour, by one person; nearly all are worked on."""
    at, by = world.day(), world.member(team)
    for _ in range(int(world.rng.integers(12, 25))):
        at += timedelta(seconds=float(world.rng.uniform(30, 240)))
        life = _ticket(world, team, at, 0.85)
        world.lives[-1] = replace(life, events=(Event(at, SignalKind.CREATED, by, f"t{team}"), *life.events[1:]))


def _import(world: _World) -> None:
    """A program opens two hundred under somebody's account in three minutes, for no key result; few are ever looked at."""
    at, team = world.day(7 * (WEEKS - 8), 7 * (WEEKS - 3)), 0
    by = world.member(team)
    for _ in range(200):
        at += timedelta(seconds=float(world.rng.exponential(0.9)))
        events = [Event(at, SignalKind.CREATED, by, "t0")]
        world.add(team, at, events, stated=True, state=State.TODO, serves=float(world.rng.beta(3, 2)))


def _clean_up(world: _World) -> None:
    """Somebody closes forty that are old."""
    at, team = world.day(7 * (WEEKS - 8), 7 * (WEEKS - 3)), 1
    by = world.member(team)
    for _ in range(40):
        at += timedelta(seconds=float(world.rng.uniform(8, 60)))
        made = at - timedelta(days=float(world.rng.uniform(90, 300)))
        events = [Event(at, SignalKind.TRANSITION, by, f"t{team}", (), State.DONE)]
        world.add(team, made, events, stated=True, state=State.DONE, serves=float(world.rng.beta(3, 2)))


def _placeholders(world: _World, days_before: int) -> None:
    """Tickets that are opened in an afternoon, believed to serve key results; half are closed a week later, none is worked on."""
    at = END - timedelta(days=days_before + float(world.rng.uniform(0, 3)))
    team = int(world.rng.integers(len(world.company.teams)))
    by, closing = world.member(team), at + timedelta(days=7)
    for n in range(world.trouble.bulk):
        at += timedelta(seconds=float(world.rng.uniform(20, 200)))
        closing += timedelta(seconds=float(world.rng.uniform(10, 60)))
        events = [Event(at, SignalKind.CREATED, by, f"t{team}")]
        state = State.TODO
        if world.rng.random() < 0.12:
            events.append(Event(at + timedelta(days=3), SignalKind.COMMENT, world.member(team), f"t{team}"))
        if n % 2:
            events.append(Event(closing, SignalKind.TRANSITION, by, f"t{team}", (), State.DONE))
            state = State.DONE
        world.add(team, at, events, owned=True, stated=True, state=state, serves=float(world.rng.beta(5, 2)), days=0.8)


def _decision(world: _World, team: int) -> None:
    """A thread that asks something, or a reviewed change."""
    made = world.day(7 * (WEEKS - 20), 7 * WEEKS - 9)
    late = made > END - timedelta(weeks=9)
    more, longer = (world.trouble.people, world.trouble.longer) if late else (1.0, 1.0)
    count = max(2, round(float(world.rng.lognormal(np.log(4.5), 0.45)) * more))
    own = [n for n, of in enumerate(world.company.people) if of == team]
    everybody = [n for n in range(len(world.company.people)) if n not in own]
    few = min(len(own), max(1, round(0.7 * count)))
    people = [
        *world.rng.choice(own, few, replace=False),
        *world.rng.choice(everybody, max(0, count - few), replace=False),
    ]
    took = float(world.rng.lognormal(np.log(1.5), 0.7)) * longer
    review = bool(world.rng.random() < 0.4)
    kind = SignalKind.REVIEW if review else SignalKind.MESSAGE
    said = [*people, *world.rng.choice(people, int(world.rng.poisson(count)))]
    times = sorted([0.0, 1.0, *world.rng.uniform(0, 1, len(said) - 2)])
    events = [
        Event(made + timedelta(days=took * t), kind, int(p), f"t{world.company.people[int(p)]}")
        for t, p in zip(times, said, strict=True)
    ]
    if review:
        end = events[-1].at
        events.append(Event(end, SignalKind.TRANSITION, int(people[0]), f"t{team}", (), State.DONE))
        world.add(team, made, events, owned=True, stated=True, state=State.DONE if end <= END else State.DOING)
    else:
        world.add(team, made, events, asks=bool(world.rng.random() < 0.9))
