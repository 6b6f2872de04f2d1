"""The teams' plans in our own worlds, and how the planted event changes them."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from benchmarks.worlds.habits import FALLS
from benchmarks.worlds.labelled import Labelled
from benchmarks.worlds.rows import Item


@dataclass
class Topic:
    """Work that belongs together: a key result, a theme or routine of one team, with what it can be seen in."""

    team: str
    name: str
    label: str | None
    noise: bool
    leaves: list[Item] = field(default_factory=list)
    talks: list[dict[str, Any]] = field(default_factory=list)


class Plan:
    """What each team's plan weighs each of its topics, before and after the event."""

    def __init__(
        self, labelled: Labelled, topics: Sequence[Topic], event: str, event_at: date, r: random.Random
    ) -> None:
        self.labelled, self.topics, self.event, self.event_at = labelled, topics, event, event_at
        self.drawn = {name: r.lognormvariate(0, 0.5) for name in sorted({t.name for t in topics})}
        teams = [team["key"] for team in labelled.register["teams"]]
        goal = {t.team: sum(len(u.leaves) for u in topics if u.team == t.team and self.is_top(u)) for t in topics}
        self.struck = max(teams, key=lambda key: goal.get(key, 0))
        top = sorted(labelled.top)
        self.swapped = (top[0], top[-1])

    def is_top(self, topic: Topic) -> bool:
        """Return True if a topic serves a top priority."""
        return self.labelled.objective_of.get(topic.label or "") in self.labelled.top

    def weights(self, team: str, day: date) -> list[tuple[Topic, float]]:
        """What the team's plan weighs each of its topics on a day."""
        mine = [topic for topic in self.topics if topic.team == team and not topic.noise]
        size = {id(t): (len(t.leaves) + len(t.talks)) ** 0.5 * self.drawn[t.name] for t in mine}
        weight = {id(t): size[id(t)] * (2.0 if self.is_top(t) else 1.0 if t.label else 0.6) for t in mine}
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
        self._shift(mine, weight, self.is_top, lambda t: id(t) in names, 1.1 * points)

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

    def second_plan(self) -> dict[str, Any]:
        """The register once the third priority has changed places with the fourth; the work goes on as it was."""
        register = self.labelled.register
        ranked = sorted(register["objectives"], key=lambda o: o["priority"])
        swap = (
            {ranked[2]["key"]: ranked[3]["priority"], ranked[3]["key"]: ranked[2]["priority"]}
            if len(ranked) > 3
            else {}
        )
        return {
            **register,
            "objectives": [{**o, "priority": swap.get(o["key"], o["priority"])} for o in register["objectives"]],
        }
