"""The pages of the register: an objective, a key result, the register with its hints."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from functools import lru_cache
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from alerts.parts import Part
from alerts.streams import window, window_text
from alerts.view import cost_of, priced
from alerts.weeks import weekly
from alerts.words import in_path, sentence
from leeway.goals import goals_line, goals_status
from leeway.okrs_challenge import breaks
from models.vocabulary import COMPANY
from pipeline.register.document import Objective, Register, hints
from pipeline.register.edits import undoable
from pipeline.register.ended import local_day
from pipeline.register.gone import with_gone
from pipeline.register.versions import Load, history
from web import data, reading
from web.auth import Signed, Viewer
from web.drawing import Drawing
from web.frame import Frame
from web.key_result_days import KeyResultDays, key_result_days
from web.measured import chart_key, confidence_key, earlier, said
from web.place import Place, counted
from web.reading import Day
from web.standings import standing_in, teams_beside

LOADS, LINES = 10, 12
"""How many versions the register's page tells of, and of how many changes of each."""


class Objectives(Place):
    """Objectives and key results."""

    def __init__(self, web: FastAPI, frame: Frame, drawing: Drawing) -> None:
        super().__init__(frame, drawing)
        self._worked = lru_cache(maxsize=4)(self._key_result_days)
        self.route(
            web,
            ("/objectives/{key:path}", self.objective),
            ("/key-results/{key:path}", self.key_result),
            ("/register", self.register),
        )

    def objective(self, request: Request, who: Signed, key: str, since: Day = None, until: Day = None) -> Response:
        """Show one objective: its share, key results and teams."""
        scope = who.scope
        _, register = self.frame.allowed(who, scope)
        found = next((one for one in register.objectives if one.key == key), None)
        if found is None:
            with self.app.sessions() as session:
                was = next((one for one in with_gone(session, register, [key]).objectives if one.key == key), None)
            said = f"“{was.title}” is of an earlier plan" if was else f"There is no objective {key!r} in the register"
            raise HTTPException(404, f"{said}.")
        with self.app.sessions() as session:
            period, stands = standing_in(session, register, scope, f"/objectives/{in_path(key)}", since, until)
            names = data.large_teams(register, self.least, who)
            teams, _ = teams_beside(session, register, names, period, stands.week)
            days, span = self._days(session), window(session)
            note = counted(one.complete for one in weekly(session, scope, period.since, period.until))
            confident = self.drawing.measured.confidence(session, register, work=who.may_see(COMPANY))
            estimated = data.is_estimated(session, key)
        part = next((one for one in stands.parts if one.key == key), None)
        pairs = [(one, its) for one in teams for its in one.parts if its.key == key]
        values = {
            "o": found,
            "register": register,
            "p": period,
            "scope": scope,
            "colour": reading.colours(register)[key],
            "part": part if estimated else None,
            "estimated": estimated,
            "s": stands,
            "cost": self._cost(register, scope, part),
            "window": window_text(span),
            "teams_on": sorted((p for p in pairs if p[1].now >= 1 or p[1].planned), key=lambda p: -p[1].now),
            "key_results": _key_result_rows(found, dict(names), days, scope, self.least),
            "confidence": confident,
        }
        label = f"Share of work by week on {found.title}"
        values |= self._measured(register, who, key)
        values["c"] = self.drawing.of("objective", scope, period, label, note, key, chosen=period.chosen)
        return self.frame.page(request, who, "objective.html.j2", values)

    def _cost(self, register: Register, scope: str, part: Part | None) -> str:
        """What the person-days of a gap cost, where a rate is known."""
        days = abs(part.four_weeks.person_days) if part is not None and part.four_weeks is not None else 0
        return cost_of(days, priced(self.frame.terms(), register, scope))

    def key_result(self, request: Request, who: Signed, key: str) -> Response:
        """Show one key result: its teams and largest items."""
        scope = who.scope
        _, register = self.frame.allowed(who, scope)
        pair = next(((o, k) for o, k in register.key_results() if k.key == key), None)
        if pair is None:
            raise HTTPException(404, f"There is no key result {key!r} in the register.")
        objective, found = pair
        with self.app.sessions() as session:
            days, span = self._days(session), window(session)
            since = span[0] if span else date.min
            items = self.frame.largest.serving(session, key, who.team, since)
        names = dict(data.large_teams(register, self.least, who))
        mine = days.beside_each_other([one.key for one in objective.key_results], scope, self.least)[key]
        cells = days.by_team(key, [*names], self.least)
        rows = [
            {"key": k, "name": name, "planned": k in found.teams, "days": cells[k]}
            for k, name in names.items()
            if k in found.teams or (cells[k] or 0.0) >= 0.5
        ]
        return self.frame.page(
            request,
            who,
            "key_result.html.j2",
            {
                "o": objective,
                "k": found,
                "days": mine,
                "rows": sorted(rows, key=lambda row: -(row["days"] or 0.0)),
                "items": items,
                "window": window_text(span),
                **self._measured(register, who, key),
                **self._confidence(register, who, key),
            },
        )

    def _measured(self, register: Register, who: Viewer, key: str) -> dict[str, Any]:
        """What its number says, and its charts; nothing where it has no metric."""
        work = who.may_see(COMPANY)
        with self.app.sessions() as session:
            found = self.drawing.measured.of(session, register, key, work=work)
        if found is None:
            return {"m": None}
        span, name = reading.Period(register.period.start, register.period.end, False, ()), chart_key(found)
        charts: dict[str, Any] = {"number_chart": None, "work_chart": None}
        if found.points:
            # Of an outcome the page shows the objective's own share by week.
            note = "Dashed: the target. The fan: where 9 in 10 forecasts end."
            charts["number_chart"] = self.drawing.of(
                "number", who.scope, span, f"{key} by day, with its forecast", note, name
            )
        if found.shares and not found.outcome:
            label = f"Part of the company's work that went to {key}, by week"
            charts["work_chart"] = self.drawing.of("work", COMPANY, span, label, "", name)
        return {"m": said(found), **charts}

    def _confidence(self, register: Register, who: Viewer, key: str) -> dict[str, Any]:
        """How sure its owner is, week by week, and where that parts from the number and the work; nothing where nobody said."""
        with self.app.sessions() as session:
            found = self.drawing.measured.confidence(session, register, work=who.may_see(COMPANY)).get(key)
        if found is None:
            return {"sure": None}
        span = reading.Period(register.period.start, register.period.end, False, ())
        note = "From 1 to 10, as answered by its owner in that week."
        chart = self.drawing.of(
            "confidence", who.scope, span, f"Confidence in {key} by week", note, confidence_key(found)
        )
        return {"sure": found, "sure_chart": chart}

    def _days(self, session: Session) -> KeyResultDays:
        """Of the last four complete weeks, worked out once a cycle."""
        span = window(session)
        return self._worked(data.last_cycle(self.app)[0], *span) if span else KeyResultDays({}, {}, {})

    def _key_result_days(self, cycle: int, first: date, last: date) -> KeyResultDays:
        with self.app.sessions() as session:
            return key_result_days(session, self.app.register()[1], first, last)

    def register(self, request: Request, who: Signed) -> Response:
        """Show the register with its hints."""
        version, register = self.app.register()
        today = local_day(register, self.app.now())
        weak = hints(register, today, self.app.settings.drift.least_people)
        values: dict[str, Any] = {"version": version, "register": register, "hints": weak}
        with self.app.sessions() as session:
            values["earlier"] = earlier(session, register, today)
        if who.may_edit:
            given = self.app.settings.goals
            values["goals"] = given.source.capitalize() if given.type else ""
            with self.app.sessions() as session:
                values |= {"loads": _newest_loads(history(session)), "lines": LINES}
                values["undo"] = undoable(session, self.app.now()) is not None
                differs = goals_status(self.app, session)
                values["breaks"] = breaks(self.app, session)
            values["differs"] = sentence(goals_line(differs)) if differs else ""
        return self.frame.page(request, who, "register.html.j2", values)


def _newest_loads(loads: list[Load]) -> list[Load]:
    """The newest versions; of the first one only how much it holds."""
    first = replace(loads[0], changes=[f"the first register: {len(loads[0].changes)} entries"])
    return [first, *loads[1:]][: -LOADS - 1 : -1]


def _key_result_rows(
    found: Objective, named: Mapping[str, str], days: KeyResultDays, scope: str, least: int
) -> list[dict[str, Any]]:
    """The key results of an objective, each with its teams that may be named and its person-days in the scope, None where
    they are of few people."""
    shown = days.beside_each_other([one.key for one in found.key_results], scope, least)
    return [
        {
            "key": one.key,
            "title": one.title,
            "teams": [named[team] for team in one.teams if team in named],
            "days": shown[one.key],
        }
        for one in found.key_results
    ]
