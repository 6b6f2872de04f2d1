"""Reading one step ahead: the next page is being fetched while this one is parsed."""

import queue
import threading
from collections.abc import Iterator
from typing import TypeVar

T = TypeVar("T")


def ahead(steps: Iterator[T]) -> Iterator[T]:
    """Yield the same steps, each started while the previous one is in use. Exceptions are raised at their own step."""
    ready: queue.Queue[tuple[T | None, BaseException | None, bool]] = queue.Queue(maxsize=1)
    stop = threading.Event()

    def put(one: tuple[T | None, BaseException | None, bool]) -> bool:
        while not stop.is_set():
            try:
                ready.put(one, timeout=0.2)
            except queue.Full:
                continue
            return True
        return False

    def work() -> None:
        try:
            for step in steps:
                if not put((step, None, False)):
                    return
        except BaseException as error:  # carried over to who reads
            put((None, error, True))
        else:
            put((None, None, True))

    threading.Thread(target=work, daemon=True).start()
    try:
        while True:
            step, error, end = ready.get()
            if error is not None:
                raise error
            if end:
                return
            yield step  # type: ignore[misc]
    finally:
        stop.set()
