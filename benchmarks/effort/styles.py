"""Styles in which companies work: how work is divided (sizes, parallel tickets, interruptions), where it is kept (issues,
threads, deals) and what traces it leaves. benchmarks/effort/desk.py simulates a company in one of them.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Style:
    """Habits of a company. Chances are of a day's work on an item unless told otherwise."""

    size: float = 3.0
    """Median person-days of a piece of work."""
    spread: float = 0.8
    """Standard deviation of its logarithm."""
    most: float = 20.0
    """Most person-days of a piece of work."""
    parallel: int = 1
    """Pieces of work that a person has in hand at a time, each day's time drawn among them."""
    aside: float = 0.3
    """Chance that a day has a side matter, of a tenth to half of it."""
    paused: float = 0.0
    """Chance a day that work in hand is put aside for weeks, in whatever state it is."""
    places: dict[str, float] = field(default_factory=lambda: {"issue": 1.0})
    """Where a piece of work lives."""
    moves: float = 1.0
    """Chance that an issue is put in progress when work on it starts."""
    early: float = 0.0
    """Chance that it was put in progress up to three weeks before work starts."""
    closes: float = 1.0
    """Chance that it is closed when it is done; what is not stays in progress."""
    sweep: float = 0.0
    """Chance a week that somebody closes all that is done and still open."""
    log: float = 0.0
    comment: float = 0.0
    mention: float = 0.0
    """Chance of a message that names the issue."""
    talk: float = 3.0
    """Messages of a whole day's work in a thread or on a deal."""
    lines: bool = False
    """A day's work in a thread is told in one line, which begins a thread of its own."""
    silent: float = 0.1
    """Chance that a day's work in a thread or on a deal leaves nothing."""
    chatter: float = 0.3
    """Passing remarks a person and day on matters of others: minutes, not work."""
    social: float = 0.25
    """Chance of a person's day that they say something in a channel where nobody works; three in ten are answered."""
    reopened: float = 0.0
    """Chance that a closed issue comes back within weeks."""
    handed: float = 0.0
    """Chance a day that a piece of work goes to somebody else."""
    subtasks: bool = False
    """Issues are sub-tasks of a story which its owner keeps in progress."""
    fte: tuple[float, ...] = (1.0,)
    planned: float = 0.0
    """Chance that an issue was created, and maybe edited, by a colleague up to a month before."""
    commits: float = 0.0
    """Commits of a whole day's work on an issue; a colleague reviews one day in four of them."""
    unseen: float = 0.05
    """Part of the days that goes to what no tool shows."""


STYLES: dict[str, Style] = {
    "one long ticket, states only": Style(size=12, spread=0.9, most=62, aside=0.05, chatter=0, social=0),
    "several tickets at a time, states only": Style(size=8, parallel=3, most=40, aside=0.1, chatter=0, social=0),
    "tickets set aside, states only": Style(size=4, paused=0.12, most=30, aside=0.2, chatter=0.05, social=0),
    "states and small talk": Style(size=8, parallel=3, most=40, aside=0.1, chatter=0),
    "many small tickets": Style(size=0.3, spread=0.6, most=2, comment=0.3, aside=0.1),
    "untidy boards": Style(size=3, closes=0.15, sweep=0.04, comment=0.45, mention=0.2, early=0.2),
    "everything logged": Style(size=3, parallel=2, log=0.97, moves=0.5, closes=0.5),
    "a third logged": Style(size=3, parallel=2, log=0.33, comment=0.2, mention=0.2, closes=0.5),
    "comments only": Style(size=3, moves=0, comment=0.7, parallel=2),
    "threads and deals, no issues": Style(size=2, places={"thread": 0.6, "deal": 0.4}, talk=4),
    "issues open, days in threads and deals": Style(
        size=3, places={"issue": 0.45, "thread": 0.35, "deal": 0.2}, closes=0.5, comment=0.3, aside=0.5
    ),
    "a line a day in a channel": Style(size=2, places={"thread": 1.0}, lines=True),
    "lines beside issues": Style(size=3, places={"issue": 0.7, "thread": 0.3}, lines=True, comment=0.4, closes=0.6),
    "reopened": Style(size=2, reopened=0.4, comment=0.3, mention=0.2),
    "handed over": Style(size=5, handed=0.12, comment=0.3),
    "part time": Style(size=3, fte=(0.5, 0.6, 0.8, 1.0), comment=0.3, mention=0.3, chatter=0.5),
    "sub-tasks of a story": Style(size=1.5, subtasks=True, comment=0.2, mention=0.2),
    "started early, closed late": Style(size=2, early=0.8, closes=0.3, sweep=0.15, comment=0.2),
    "code in pull requests": Style(size=3, commits=3, comment=0.15, planned=0.6, closes=0.8, aside=0.2),
    "a backlog that others write": Style(size=2, planned=0.9, comment=0.35, mention=0.2, early=0.2, closes=0.8),
    "chatty": Style(size=3, comment=0.6, mention=0.6, chatter=3.0, closes=0.6, sweep=0.1),
    "half kept": Style(size=3, moves=0.4, closes=0.6, comment=0.5, parallel=2),
    "messages on issues": Style(size=4, moves=0.2, mention=0.5, parallel=2, closes=0.5),
}
