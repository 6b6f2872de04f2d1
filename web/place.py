"""Shared by the page's routes: registration, the viewer, and charts."""

from collections.abc import Callable, Iterable

from fastapi import FastAPI
from fastapi.responses import Response

from web.drawing import Drawing
from web.frame import Frame


def counted(complete: Iterable[bool]) -> str:
    """What is said under a chart of weeks of which these are complete: which one is pale, and why; nothing where none is."""
    return "" if all(complete) else "A week counts once it is over; the pale one is not complete yet."


class Place:
    """Routes that show something."""

    def __init__(self, frame: Frame, drawing: Drawing) -> None:
        self.frame, self.app, self.least, self.drawing = frame, frame.app, frame.least, drawing

    @staticmethod
    def route(web: FastAPI, *routes: tuple[str, Callable[..., Response]]) -> None:
        """Serve each path by its handler."""
        for path, handler in routes:
            web.add_api_route(path, handler, methods=["GET"], include_in_schema=False, response_model=None)
