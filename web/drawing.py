"""Charts of the page: drawn once per cycle as a picture, and served as the same specification for the interactive drawing."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import FastAPI, HTTPException, Query, Request
from fastapi.responses import JSONResponse, Response
from markupsafe import Markup
from sqlalchemy.orm import Session

from alerts import charts
from alerts.chart_frame import PAGE, Spec, svg
from alerts.charts import Fall
from alerts.figures import standing
from alerts.plan_end import held_against
from alerts.stacked_chart import stacked_shares
from alerts.streams import streams
from alerts.weeks import NONE, TOP, Weekly, points, unfinished, weekly
from alerts.words import in_path, percent, shortened
from models import Drift
from models.vocabulary import COMPANY
from pipeline.register.allocation import planned_shares
from pipeline.register.document import Register
from pipeline.register.gone import with_gone
from pipeline.register.schema import Objective
from web import data, reading
from web.auth import Signed
from web.frame import Frame
from web.measured import MeasuredKeyResults
from web.proxy import root_of
from web.steady import SteadySteps

Kind = Literal["stack", "objective", "stream", "drift", "number", "work", "confidence", "steps"]
WIDE, MIDDLE, PHONE = 1080, 700, 320
"""Pixels of the three pictures of a chart: words in one that is shown smaller than it was drawn cannot be read."""
BY_COLOUR, SHORT = 8, 6
"""Objectives that colours alone tell apart; characters of a key that has room beside a bar."""
MARGIN = 52
"""Pixels that the axis takes of a drawing's width."""


@dataclass(frozen=True, slots=True)
class _Chart:
    """Which chart is meant; `chosen` says that somebody picked the days."""

    kind: Kind
    scope: str
    key: str
    since: date
    until: date
    chosen: bool


class Drawing:
    """Specifications and pictures of the charts."""

    def __init__(self, web: FastAPI, frame: Frame) -> None:
        self.frame, self.app = frame, frame.app
        self.measured, self.steps = MeasuredKeyResults(self.app), SteadySteps(self.app)
        self._drawn = lru_cache(maxsize=512)(self._draw)
        web.add_api_route(
            "/charts/{kind}/{scope:path}", self.serve, methods=["GET"], include_in_schema=False, response_model=None
        )

    def of(
        self,
        kind: Kind,
        scope: str,
        period: reading.Period,
        label: str,
        note: str,
        key: str = "",
        *,
        chosen: bool = False,
    ) -> dict[str, Any]:
        """What a template needs to show a chart: a picture for each of three widths, and where its specification is."""
        cycle, _ = data.last_cycle(self.app)
        chart = _Chart(kind, scope, key, period.since, period.until, chosen)
        pictures = (Markup(self._drawn(cycle, width, chart)) for width in (WIDE, MIDDLE, PHONE))  # our own drawings  # noqa: S704
        address = f"/charts/{kind}/{in_path(scope)}?key={quote(key, safe='')}&since={period.since}&until={period.until}"
        return {
            "address": address + ("&chosen=1" if chosen else ""),
            "label": label,
            "note": note,
            "of_the_plan": kind not in ("stream", "steps"),
            "pictures": dict(zip(("wide", "middle", "phone"), pictures, strict=True)),
        }

    def serve(
        self,
        request: Request,
        who: Signed,
        kind: Kind,
        scope: str,
        since: date,
        until: date,
        key: str = "",
        width: Annotated[int, Query(ge=200, le=2000)] = WIDE,
        chosen: bool = False,
    ) -> Response:
        """The specification of a chart, as wide as it is shown."""
        if kind == "drift":
            self.frame.drift(who, int(key) if key.isdigit() else -1)
        self.frame.allowed(who, COMPANY if kind == "work" else scope)
        chart = _Chart(kind, scope, key, reading.calendar_day(since), reading.calendar_day(until), chosen)
        found = self._spec(chart, width, root_of(request), touched=True)
        if found is None:
            raise HTTPException(404, "There is nothing to draw.")
        return JSONResponse(found)

    def _draw(self, cycle: int, width: int, chart: _Chart) -> str:
        found = self._spec(chart, width, "", touched=False)
        return _picture(json.dumps(found)) if found else ""

    def _spec(self, chart: _Chart, width: int, root: str, *, touched: bool) -> Spec | None:
        """`touched` is of the drawing that answers to a pointer: its weeks lead to their pages, and a range can be chosen."""
        _, register = self.app.register()
        kind, scope, key = chart.kind, chart.scope, chart.key
        inner, address = _inner(width), root if touched else ""
        with self.app.sessions() as session:
            if kind in ("number", "work", "confidence"):
                return self.measured.spec(session, register, kind, key, inner)
            if kind == "steps":
                return self.steps.spec(scope, key, inner)
            if kind == "stream":
                return self._stream(session, register, scope, key, inner, address, touched=touched)
            weeks = weekly(session, scope, chart.since, chart.until)
            if not weeks:
                return None
            if kind == "drift":
                fall = reading.fall_of(session.get_one(Drift, int(key)))
                shown = held_against(points(weeks), register)
                return charts.top_share(shown, [fall], "", inner, 240, PAGE, address, linked=touched)
            falls = [] if chart.chosen else reading.falls(session, scope)
            if kind == "objective":
                drawn = self._falls_of(session, register, scope, key, falls)
                mine = held_against(points(weeks, frozenset([key])), register)
                plan = next((percent(p) for k, p in planned_shares(register, scope).items() if k == key), None)
                return charts.top_share(mine, drawn, "", inner, 220, PAGE, address, linked=touched, plan=plan)
            return _stack(session, register, scope, weeks, falls, width, address, touched=touched)

    def _stream(
        self, session: Session, register: Register, scope: str, key: str, inner: int, address: str, *, touched: bool
    ) -> Spec | None:
        every = streams(session, register, scope, self.frame.least)
        found = next((one for one in every if one.is_called(key)), None)
        if found is None:
            return None
        begun = unfinished(session, found.weeks)
        return charts.weekly_days(found.weeks, inner, 150, PAGE, address, linked=touched, unfinished=begun)

    @staticmethod
    def _falls_of(session: Session, register: Register, scope: str, key: str, falls: list[Drift]) -> list[Fall]:
        stands = standing(session, register, scope, falls[0] if falls and falls[0].scope == scope else None)
        part = next((one for one in stands.parts if one.key == key), None) if stands else None
        return [reading.fall_of(falls[0], part)] if falls and part and part.change else []


def _stack(
    session: Session,
    register: Register,
    scope: str,
    weeks: Sequence[Weekly],
    falls: list[Drift],
    width: int,
    address: str,
    *,
    touched: bool,
) -> Spec:
    """The weeks of all objectives, those of an earlier plan that figures are still of as well."""
    told = with_gone(session, register, {one for week in weeks for one in week.shares if one not in (NONE, TOP)})
    marks = _marks(told)
    names, marked = chart_names(told, marks, 60 if width > 500 else 38), _marked(falls, scope)
    rows, inner = reading.stack_rows(weeks, register), _inner(width)
    return stacked_shares(rows, names, marked, inner, 280, PAGE, address, touched=touched, marks=marks)


def _inner(width: int) -> int:
    """Pixels of the drawing itself."""
    return max(160, width - MARGIN)


@lru_cache(maxsize=512)
def _picture(spec: str) -> str:
    """A specification as SVG: it takes a tenth of a second, and most cycles leave most charts as they were."""
    return svg(json.loads(spec))


def _marks(register: Register) -> dict[str, str]:
    """What stands beside each objective's part where there are more than colours alone tell apart: keys, or where they are long
    the objectives' places in the order of priority."""
    ranked = _ranked(register)
    if len(ranked) <= BY_COLOUR:
        return {}
    short = all(len(one.key) <= SHORT for one in ranked)
    return {one.key: one.key if short else str(n) for n, one in enumerate(ranked, start=1)} | {NONE: "none"}


def _ranked(register: Register) -> list[Objective]:
    return sorted(register.objectives, key=lambda objective: objective.priority)


def chart_names(register: Register, marks: Mapping[str, str], most: int) -> dict[str, str]:
    """What the objectives are called in a drawing, in at most so many characters, by key in order of priority. No two have one
    name: they would have one colour and one line of the legend."""
    ranked = _ranked(register)
    cut = {o.key: shortened(f"{marks.get(o.key, o.priority)} {o.title}", most) for o in ranked}
    often = Counter(cut.values())
    named = {o.key: cut[o.key] if often[cut[o.key]] == 1 else shortened(f"{o.key} {o.title}", most) for o in ranked}
    return named | {NONE: "On no objective"}


def _marked(falls: list[Drift], scope: str) -> list[Fall]:
    """Falls as they are marked among all objectives: the company's with their levels, others by their day only."""
    if scope == COMPANY:
        return [reading.fall_of(one) for one in falls if one.scope == scope]
    return [Fall(one.start, -1, -1) for one in falls]
