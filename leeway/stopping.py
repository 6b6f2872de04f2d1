"""How running work notices a request to stop: it finishes the current page or chunk, and the next start resumes."""

import mmap
import signal
from collections.abc import Callable

Show = Callable[[str, int, int | None], None]


class Stopped(Exception):
    """A stop was requested while work was under way."""


class Stop:
    """Whether to stop, known to this process and to all that it forks: Celery's main process hears the signal, its pool works."""

    def __init__(self) -> None:
        self._shared = mmap.mmap(-1, 1)

    def ask(self, *_: object, **__: object) -> None:
        """Ask to stop; takes what a signal brings along."""
        self._shared[0] = 1

    def is_asked(self) -> bool:
        """Whether somebody asked."""
        return bool(self._shared[0])

    def heard_in(self, show: Show) -> Show:
        """Return a progress callback that raises Stopped once a stop was requested."""

        def heard(stage: str, done: int, of: int | None) -> None:
            if self.is_asked():
                raise Stopped
            show(stage, done, of)

        return heard


def when_told(ask: Callable[..., None], *names: str) -> None:
    """Call `ask` at the signals of these names, except those that whoever started us had ignored: `nohup` does so with SIGHUP,
    and a script with SIGINT for what it starts in the background."""
    for name in names:
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, ask)
