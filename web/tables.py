"""The tables of the pages as CSV and JSON. Shares are parts of one; points are whole, as everywhere."""

import csv
import io
import re
from datetime import date
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import FastAPI, HTTPException, Path
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from sqlalchemy.orm import Session

from alerts.gaps import view_of
from alerts.streams import streams, window
from alerts.weeks import last_week, weekly
from alerts.words import whole
from leeway.pace import progress_of, rows_of
from leeway.status import sources_of
from models.vocabulary import COMPANY
from pipeline.register.document import Register
from pipeline.spreadsheet import guarded
from web import data, reading
from web.auth import Id, Signed, Viewer
from web.frame import Frame
from web.reading import Day
from web.standings import standing_of

Kind = Literal["csv", "json"]
TABLES = ("shares", "objectives", "themes", "drifts", "progress")
Table = Annotated[str, Path(json_schema_extra={"enum": [*TABLES]})]
NO_SOURCES = "Only ops can see the sources."


class Tables:
    """The routes under /api, described in /openapi.json."""

    def __init__(self, web: FastAPI, frame: Frame) -> None:
        self.frame, self.app = frame, frame.app
        web.add_api_route("/api/sources.{kind}", self.sources_table, methods=["GET"], summary="Sources, for ops")
        web.add_api_route("/api/drifts/{id_}.{kind}", self.drift_table, methods=["GET"], summary="The parts of a drift")
        web.add_api_route("/api/{scope:path}/{table}.json", self.as_json, methods=["GET"], summary="A table of a scope")
        web.add_api_route(
            "/api/{scope:path}/{table}.csv",
            self.as_csv,
            methods=["GET"],
            summary="The same as CSV",
            response_class=PlainTextResponse,
        )

    def as_json(
        self, who: Signed, scope: str, table: Table, since: Day = None, until: Day = None
    ) -> list[dict[str, Any]]:
        """`shares` by week, `objectives` as they stand, `themes` off the plan, `drifts`, `progress`; parts of one. With `since`
        or `until` (days) the first four are of these days, as on the page."""
        return self._rows(who, scope, table, since, until)

    def as_csv(
        self,
        who: Signed,
        scope: str,
        table: Table,
        since: Day = None,
        until: Day = None,
        excel: bool = False,
    ) -> PlainTextResponse:
        """The same rows, with a line of names; with `excel` as Excel reads them."""
        days = "".join(f"-{one}" for one in (since, until) if one)
        return as_csv(self._rows(who, scope, table, since, until), f"{scope}-{table}{days}", excel=excel)

    def drift_table(self, who: Signed, id_: Id, kind: Kind, excel: bool = False) -> Response:
        """What took a drift's place and where it fell, in whole points."""
        found, register = self.frame.drift(who, id_)
        with self.app.sessions() as session:
            shown = view_of(session, found, register, self.frame.terms())
        rows: list[dict[str, Any]] = [
            {"part": "rest" if t.rest else "objective" if t.objective else "theme", "name": t.name, "points": t.points}
            for t in shown.taken
        ]
        rows += [{"part": "team", "name": t.name, "points": t.points} for t in shown.teams]
        return as_csv(rows, f"drift-{id_}", excel=excel) if kind == "csv" else JSONResponse(rows)

    def sources_table(self, who: Signed, kind: Kind, excel: bool = False) -> Response:
        """Sources with their lag and errors: for ops."""
        if who.role != "ops":
            raise HTTPException(403, NO_SOURCES)
        rows = [
            {"source": name, **one, "errors": " ".join(one["errors"])}
            for name, one in sources_of(self.app)["sources"].items()
        ]
        return as_csv(rows, "sources", excel=excel) if kind == "csv" else JSONResponse(rows)

    def _rows(
        self, who: Viewer, scope: str, table: Table, since: date | None, until: date | None
    ) -> list[dict[str, Any]]:
        _, register = self.frame.allowed(who, scope)
        if table not in TABLES:
            raise HTTPException(404, f"There is no such table. Available: {', '.join(TABLES)}.")
        with self.app.sessions() as session:
            if table == "progress":
                if scope != COMPANY:
                    raise HTTPException(404, "Numbers of key results are the company's: ask for company/progress.")
                return rows_of(progress_of(self.app, session, register))
            last = last_week(session, scope)
            period = None if last is None else reading.period("", register, last, since, until)
            if table == "themes":
                return _themes(session, register, scope, self.frame.least, period)
            if table == "drifts":
                seen = data.visible(register, self.frame.least, who)
                found = data.drifts(session, None if scope == COMPANY else scope)
                return [data.as_row(d) for d in found if d.scope in seen and (period is None or period.meets(d))]
            if period is None:
                raise HTTPException(404, "There are no figures yet.")
            if table == "shares":
                weeks = weekly(session, scope, *((period.since, period.until) if period.chosen else ()))
                return reading.share_rows(weeks if period.chosen else weeks[-reading.WEEKS :])
            stands = standing_of(session, register, scope, period)
        if stands is None:
            raise HTTPException(404, "There are no figures for these days. Choose others.")
        return reading.objective_rows(stands)


def _themes(
    session: Session, register: Register, scope: str, least: int, period: reading.Period | None
) -> list[dict[str, Any]]:
    """Streams; `person_days` are of the last four complete weeks, or of the weeks that were chosen."""
    chosen = period.weeks if period else None
    span = chosen or window(session)
    until, name = span[1].isoformat() if span else "", "until" if chosen else "four_weeks_to"
    return [
        {
            "name": t.name,
            "since": "" if t.before else t.since.isoformat(),
            "since_before": t.before.isoformat() if t.before else "",
            "teams": ", ".join(t.teams.values()),
            "said": t.said,
            "person_days": whole(t.days),
            name: until,
            "person_days_half_year": whole(t.total),
        }
        for t in streams(session, register, scope, least, span)
    ]


def as_csv(rows: list[dict[str, Any]], name: str, *, excel: bool = False) -> PlainTextResponse:
    """A CSV file; with the mark that Excel knows UTF-8 by, where a page links it: without, umlauts are broken there."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]) if rows else ["empty"])
    writer.writeheader()
    writer.writerows({name: guarded(value) for name, value in row.items()} for row in rows)
    # RFC 6266: a header is in Latin, and a file has no slash in its name; the second name is the true one.
    name = re.sub(r'[\\/:*?"<>|\x00-\x1f]', "-", name) + ".csv"
    latin = name.encode("ascii", "replace").decode().replace("?", "-")
    headers = {"Content-Disposition": f"attachment; filename=\"{latin}\"; filename*=UTF-8''{quote(name, safe='')}"}
    return PlainTextResponse(("\ufeff" if excel else "") + out.getvalue(), media_type="text/csv", headers=headers)
