"""What the places of the page have in common: their routes, the period they show, and what a viewer may see of it."""

from collections.abc import Callable
from datetime import date
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from fastapi.responses import Response
from sqlalchemy.orm import Session

from alerts.figures import Standing, standing
from alerts.weeks import last_week
from models import Drift
from models.vocabulary import COMPANY
from pipeline.register.document import Register
from web import data, reading
from web.auth import Viewer, viewer
from web.drawing import Drawing
from web.frame import Frame

Signed = Annotated[Viewer, Depends(viewer)]
NO_FIGURES = "There are no figures yet. They come with the first whole cycle (`leeway run`)."
PALE = "A week counts when it is over; the pale one is running."


def scope_of(who: Viewer) -> str:
    """The scope whose figures a viewer sees where the page is not of one: a team's its own, else the company."""
    return who.team or COMPANY if who.role == "team" else COMPANY


class Place:
    """Routes that show something."""

    def __init__(self, frame: Frame, drawing: Drawing) -> None:
        self.frame, self.app, self.least, self.drawing = frame, frame.app, frame.least, drawing

    @staticmethod
    def route(web: FastAPI, *routes: tuple[str, Callable[..., Response]]) -> None:
        """Serve each path by its handler."""
        for path, handler in routes:
            web.add_api_route(path, handler, methods=["GET"], include_in_schema=False, response_model=None)

    def standing(
        self, session: Session, register: Register, scope: str, path: str, since: date | None, until: date | None
    ) -> tuple[reading.Period, Standing]:
        """The period of a page and how the scope stands in it. Raises HTTPException where there are no figures."""
        last = last_week(session, scope)
        if last is None:
            raise HTTPException(404, NO_FIGURES)
        period = reading.period(path, register, last, since, until)
        found = self.of(session, register, scope, period)
        if found is None:
            raise HTTPException(404, "There are no figures of these days. Choose others.")
        return period, found

    @staticmethod
    def of(session: Session, register: Register, scope: str, period: reading.Period) -> Standing | None:
        return standing(session, register, scope, span=(period.since, period.until) if period.chosen else None)

    def shown(self, drift: Drift) -> bool:
        _, register = self.app.register()
        return drift.scope == COMPANY or drift.scope in dict(data.large_teams(register, self.least))
