"""Progress of a long stage: bars on a terminal, otherwise a line every ten seconds with the rate and the time left."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

Show = Callable[[str, int, int | None], None]
EVERY_SECONDS = 10.0


@dataclass(slots=True)
class Pace:
    """Says of each stage, at most every ten seconds, how far it is; `clock` counts seconds."""

    say: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic
    _begun: dict[str, tuple[float, int]] = field(default_factory=dict)
    _said: dict[str, float] = field(default_factory=dict)

    def __call__(self, stage: str, done: int, of: int | None) -> None:
        """Record a stage's progress."""
        now = self.clock()
        begun, at_first = self._begun.setdefault(stage, (now, done))
        if now - self._said.setdefault(stage, now) < EVERY_SECONDS:
            return
        self._said[stage] = now
        rate = (done - at_first) / (now - begun) if now > begun else 0.0
        text = f"{stage}: {done}" + (f" of {of}" if of else "")
        if rate > 0:
            text += f", {rate:.0f} a second" if rate >= 1 else f", {60 * rate:.0f} a minute"
            text += f", about {duration((of - done) / rate)} left" if of and of > done else ""
        self.say(text)


def duration(seconds: float) -> str:
    """Return a duration such as "40 s" or "3 min"."""
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


@contextmanager
def stage_progress(console: Console) -> Iterator[Show]:
    """Yields what stages report to."""
    if not console.is_terminal:
        yield Pace(lambda text: console.print(text, markup=False))
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as bars:
        tasks: dict[str, object] = {}

        def show(stage: str, done: int, of: int | None) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=of)
            bars.update(tasks[stage], completed=done, total=of)  # type: ignore[arg-type]

        yield show
