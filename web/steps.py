"""The page of steps that must be stable: each path with its steps, by week, and what would make the right way easier."""

from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import Response

from pipeline.steps.case import DEVIATIONS
from pipeline.steps.report import WEEKS, PathReport, StepReport
from pipeline.steps.words import easier, findable, insight, signal, together
from web import reading
from web.auth import Signed
from web.drawing import Drawing
from web.frame import Frame
from web.place import Place
from web.steady import scope_of


class Steps(Place):
    """The routes that show steps."""

    def __init__(self, web: FastAPI, frame: Frame, drawing: Drawing) -> None:
        super().__init__(frame, drawing)
        self.route(web, ("/steps", self.every), ("/steps/{key:path}", self.one))

    def every(self, request: Request, who: Signed) -> Response:
        """All paths that the viewer may see."""
        rows = [_row(one) for one in self.drawing.steps.reports() if who.may_see(scope_of(one.path))]
        return self.frame.page(request, who, "steps.html.j2", {"paths": rows, "weeks": WEEKS, "kinds": DEVIATIONS})

    def one(self, request: Request, who: Signed, key: str) -> Response:
        """One path with a chart of each step."""
        found = next((one for one in self.drawing.steps.reports() if one.path.key == key), None)
        if found is None:
            raise HTTPException(404, "There are no such steps in the register.")
        if not who.may_see(scope_of(found.path)):
            raise HTTPException(403, "These are another team's steps.")
        values = {"p": _row(found), "charts": self._charts(found), "weeks": WEEKS, "kinds": DEVIATIONS}
        return self.frame.page(request, who, "step.html.j2", values)

    def _charts(self, found: PathReport) -> dict[str, Any]:
        known = [week.first for step in found.steps for week in step.weeks]
        if not known:
            return {}
        period = reading.Period(min(known), max(known), False, ())
        note = (
            "Line: the part that went as written; bar: 9 in 10 sure; dashed: since when it softens. A case counts in the week in "
            "which its time was over. A pale week is not complete yet."
        )
        scope = scope_of(found.path)
        return {
            step.key: self.drawing.of(
                "steps",
                scope,
                period,
                f"Cases as written by week: {step.title or found.path.title}",
                note,
                f"{found.path.key}.{step.key}",
            )
            for step in found.steps
            if step.weeks
        }


def _row(one: PathReport) -> dict[str, Any]:
    return {
        "key": one.path.key,
        "title": one.path.title,
        "scope": scope_of(one.path),
        "untold": one.untold,
        "unseen": one.unseen,
        "never": one.never,
        "cases": one.cases,
        "open": one.open,
        "exempt": one.exempt,
        "steps": [_step(step) for step in one.steps],
        "findable": findable(one.steps),
    }


def _step(step: StepReport) -> dict[str, Any]:
    rate = step.recent
    return {
        "key": step.key,
        "title": step.title,
        "limit": step.limit,
        "cases": rate.cases if rate else None,
        "part": rate.value if rate and rate.cases else None,
        "low": rate.low if rate else None,
        "high": rate.high if rate else None,
        "counts": [step.deviations.get(name, 0) for name in DEVIATIONS],
        "soft": step.soft,
        "said": together((signal(step), insight(step))) if step.soft or step.factors or step.effects else "",
        "easier": easier(step) if step.soft or step.factors else "",
    }
