"""The places of the page: company, teams, objectives, key results, streams, weeks, findings, search."""

import secrets
from datetime import date, timedelta
from functools import lru_cache
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from alerts.falls import alert_of
from alerts.figures import Standing, standing
from alerts.gaps import open_gaps, view_of
from alerts.parts import Part, part_of
from alerts.plan_turn import plan_turn
from alerts.promise import promise
from alerts.streams import Stream, streams, window, window_text
from alerts.view import Taken, cost_of, priced
from alerts.weeks import NONE, WEEK, complete_through, last_week, points, weekly
from alerts.words import short_day
from leeway.status import days_known
from models import OPEN_STATES, Drift
from models.vocabulary import COMPANY
from pipeline.drift.detector import LEAST_HISTORY
from pipeline.drift.gaps import GAP
from pipeline.drift.stage import detectable_points
from pipeline.feedback.decisions import ANSWERS
from pipeline.register.document import Register, hints
from pipeline.register.workdays import monday
from web import data, reading
from web.auth import Viewer, viewer
from web.drawing import Drawing
from web.frame import Frame

Signed = Annotated[Viewer, Depends(viewer)]
NO_FIGURES = "There are no figures yet. They come with the first whole cycle (`leeway run`)."
FEW = 60
"""Members above which a company's fall can be told from chance anyhow."""
LEAST_STREAM = 1
"""Person-days of the window below which a stream is not listed."""
PALE = "A week counts when it is over; the pale one is running."


class Places:
    """The routes that show something."""

    def __init__(self, web: FastAPI, frame: Frame) -> None:
        self.frame, self.app, self.least = frame, frame.app, frame.least
        self.drawing = Drawing(web, frame)
        self._worked = lru_cache(maxsize=4)(self._key_result_days)
        self._limits: dict[date | None, int | None] = {}
        for path, handler in (
            ("/", self.company),
            ("/teams", self.teams),
            ("/teams/{key}", self.team),
            ("/objectives/{key}", self.objective),
            ("/key-results/{key}", self.key_result),
            ("/streams", self.streams),
            ("/streams/{name:path}", self.stream),
            ("/weeks/{week}", self.week),
            ("/drifts", self.drifts),
            ("/drifts/{id_}", self.drift),
            ("/search", self.search),
            ("/register", self.register),
        ):
            web.add_api_route(path, handler, methods=["GET"], include_in_schema=False, response_model=None)

    def company(self, request: Request, who: Signed, since: date | None = None, until: date | None = None) -> Response:
        """The company's shares, findings and streams."""
        if who.role == "team":
            return RedirectResponse(f"/teams/{who.team}")
        return self._scope(request, who, COMPANY, since, until)

    def team(
        self, request: Request, who: Signed, key: str, since: date | None = None, until: date | None = None
    ) -> Response:
        """The same of one team."""
        return self._scope(request, who, key, since, until)

    def _promise(self, session: Session, register: Register) -> str | None:
        """What few people cannot tell, once a day: it reads all effort, of which few people have little."""
        day = complete_through(session)
        if (
            sum(len(team.members) for team in register.teams) > FEW
            or day is None
            or days_known(session) < LEAST_HISTORY
        ):
            return None
        if day not in self._limits:
            self._limits = {day: detectable_points(session, register, day, self.app.drift_settings())}
        return promise(self._limits[day])

    def _scope(self, request: Request, who: Viewer, key: str, since: date | None, until: date | None) -> Response:
        _, register = self.frame.allowed(who, key)
        with self.app.sessions() as session:
            period, found = self._standing(
                session, register, key, "/" if key == COMPANY else f"/teams/{key}", since, until
            )
            rows = [d for d in reading.findings(session, key) if self._shown(d)]
            falls = [] if period.chosen else reading.falls(session, key)
            worked = streams(session, register, key, self.least)
            weeks = weekly(session, key, period.since, period.until)
            values: dict[str, Any] = {
                "s": found,
                "head": found.head,
                "cards": _cards(found),
                "colours": reading.colours(register),
                "p": period,
                "open": [
                    (d, view_of(session, d, register, self.frame.terms()))
                    for d in (*falls, *(() if period.chosen else open_gaps(session, key)))
                    if d.scope == key
                ],
                "planned": any(part.plan is not None for part in found.parts),
                "suggestions": any(part.suggested is not None for part in found.parts),
                "plan_window": next(
                    (f"{short_day(g.first)} to {short_day(g.last)}" for part in found.parts if (g := part.four_weeks)),
                    "",
                ),
                "with_company": found if found.fell and all(d.scope != key for d in falls) and falls else None,
                "drifts": rows[:12],
                "streams": [one for one in worked if one.days >= LEAST_STREAM][:8],
                "window": window_text(window(session)),
                "api": f"/api/{key}",
                "nonce": secrets.token_urlsafe(9),
                "days_missing": max(0, LEAST_HISTORY - days_known(session)),
                "turn": None if period.chosen else plan_turn(session, register, key, found.week),
                "promise": self._promise(session, register) if key == COMPANY else None,
                "took": [],
                "moved": 0,
                "heat": reading.heat(session, register, self.least, period.since, period.until, reading.HEAT_WEEKS)
                if key == COMPANY
                else None,
            }
            if own := next((d for d in falls if d.scope == key), None):
                shown = next(a for d, a in values["open"] if d is own)
                values |= {"took": _largest(shown.taken), "moved": shown.points}
        keys = (
            None
            if key == COMPANY or found.own is None or found.own.key == "top"
            else frozenset(part.key for part in found.parts if part.planned)
        )
        whole = [one.share for one in points([w for w in weeks if w.complete], keys)]
        values["sparks"] = {found.head.key: reading.spark(whole)} if found.head else {}
        values["stack"] = self.drawing.of(
            "stack", key, period, "Weekly shares by objective, the top priorities lowest", PALE, chosen=period.chosen
        )
        return self.frame.page(request, who, "scope.html.j2", values)

    def teams(self, request: Request, who: Signed, since: date | None = None, until: date | None = None) -> Response:
        """Heat maps: teams by week, teams by objective."""
        if who.role == "team":
            return RedirectResponse(f"/teams/{who.team}")
        _, register = self.app.register()
        with self.app.sessions() as session:
            period, company = self._standing(session, register, COMPANY, "/teams", since, until)
            found = [self._of(session, register, key, period) for key, _ in data.large_teams(register, self.least)]
            heat = reading.heat(session, register, self.least, period.since, period.until, 13)
        ranked = sorted(register.objectives, key=lambda objective: objective.priority)
        return self.frame.page(
            request,
            who,
            "teams.html.j2",
            {
                "p": period,
                "heat": heat,
                "standings": [one for one in found if one],
                "objectives": ranked,
                "since": company.since,
                "week": company.week,
            },
        )

    def objective(
        self, request: Request, who: Signed, key: str, since: date | None = None, until: date | None = None
    ) -> Response:
        """One objective: its share, key results and teams."""
        scope = who.team or COMPANY if who.role == "team" else COMPANY
        _, register = self.frame.allowed(who, scope)
        found = next((one for one in register.objectives if one.key == key), None)
        if found is None:
            raise HTTPException(404, f"There is no objective {key!r} in the register.")
        with self.app.sessions() as session:
            period, stands = self._standing(session, register, scope, f"/objectives/{key}", since, until)
            names = [(k, n) for k, n in data.large_teams(register, self.least) if who.may_see(k)]
            teams = [one for one in (self._of(session, register, team, period) for team, _ in names) if one]
            days, span = self._days(session), window(session)
        part = next((one for one in stands.parts if one.key == key), None)
        pairs = [(one, its) for one in teams for its in one.parts if its.key == key]
        named = dict(names)
        return self.frame.page(
            request,
            who,
            "objective.html.j2",
            {
                "o": found,
                "register": register,
                "p": period,
                "scope": scope,
                "colour": reading.colours(register)[key],
                "part": part,
                "cost": self._cost(register, scope, part),
                "window": window_text(span),
                "teams_on": sorted((p for p in pairs if p[1].now >= 1 or p[1].planned), key=lambda p: -p[1].now),
                "key_results": [
                    {
                        "key": k.key,
                        "title": k.title,
                        "teams": [named[t] for t in k.teams if t in named],
                        "days": sum(
                            v for (team, name), v in days.items() if name == k.key and scope in (COMPANY, team)
                        ),
                    }
                    for k in found.key_results
                ],
                "c": self.drawing.of(
                    "objective",
                    scope,
                    period,
                    f"Share of work by week on {found.title}",
                    PALE,
                    key,
                    chosen=period.chosen,
                ),
            },
        )

    def _cost(self, register: Register, scope: str, part: Part | None) -> str:
        """What the person-days of a gap cost, where a rate is known."""
        days = abs(part.four_weeks.person_days) if part is not None and part.four_weeks is not None else 0
        return cost_of(days, priced(self.frame.terms(), register, scope))

    def key_result(self, request: Request, who: Signed, key: str) -> Response:
        """One key result: its teams and largest items."""
        scope = who.team or COMPANY if who.role == "team" else COMPANY
        _, register = self.frame.allowed(who, scope)
        pair = next(((o, k) for o, k in register.key_results() if k.key == key), None)
        if pair is None:
            raise HTTPException(404, f"There is no key result {key!r} in the register.")
        objective, found = pair
        with self.app.sessions() as session:
            days, span = self._days(session), window(session)
            since = span[0] if span else date.min
            items = reading.items_on(session, key, who.team, since)
        rows = [
            {"key": k, "name": name, "planned": k in found.teams, "days": days.get((k, key), 0.0)}
            for k, name in data.large_teams(register, self.least)
            if who.may_see(k) and (k in found.teams or days.get((k, key), 0.0) >= 0.5)
        ]
        mine = sum(v for (team, name), v in days.items() if name == key and scope in (COMPANY, team))
        return self.frame.page(
            request,
            who,
            "key_result.html.j2",
            {
                "o": objective,
                "k": found,
                "days": mine,
                "rows": sorted(rows, key=lambda row: -row["days"]),
                "items": items,
                "window": window_text(span),
            },
        )

    def streams(self, request: Request, who: Signed) -> Response:
        """Every stream of work on no objective."""
        scope = who.team or COMPANY if who.role == "team" else COMPANY
        _, register = self.frame.allowed(who, scope)
        with self.app.sessions() as session:
            values = {"streams": streams(session, register, scope, self.least), "window": window_text(window(session))}
        return self.frame.page(request, who, "streams.html.j2", values | {"scope": scope})

    def stream(self, request: Request, who: Signed, name: str) -> Response:
        """One stream: since when, effort by week, teams, items, what was said."""
        scope = who.team or COMPANY if who.role == "team" else COMPANY
        _, register = self.frame.allowed(who, scope)
        with self.app.sessions() as session:
            found = self.stream_named(session, register, scope, name)
            items = reading.items_of(session, found.items, who.team)
            open_ = [d for d in reading.falls(session, scope) if d.scope == scope]
            moved = next(
                (
                    t.points
                    for d in open_
                    for t in alert_of(session, d, register, self.frame.terms()).taken
                    if t.name == name
                ),
                None,
            )
            last = last_week(session, COMPANY) or date.min
            span = window_text(window(session))
        return self.frame.page(
            request,
            who,
            "stream.html.j2",
            {
                "t": found,
                "scope": scope,
                "items": items,
                "points": moved,
                "drift": open_[0].id if open_ else None,
                "answers": ANSWERS,
                "window": span,
                "c": self.drawing.of(
                    "stream", scope, reading.period("", register, last, None, None), "Person-days by week", "", name
                ),
            },
        )

    def stream_named(self, session: Session, register: Register, scope: str, name: str) -> Stream:
        """The stream of this name. Raises HTTPException."""
        found = next((one for one in streams(session, register, scope, self.least) if one.name == name), None)
        if found is None:
            raise HTTPException(
                404, "There is no such stream now. Streams are found again each cycle, and names can change."
            )
        return found

    def week(self, request: Request, who: Signed, week: date) -> Response:
        """One week: what changed against the week before."""
        scope = who.team or COMPANY if who.role == "team" else COMPANY
        _, register = self.frame.allowed(who, scope)
        first = monday(week)
        with self.app.sessions() as session:
            near = {one.week: one for one in weekly(session, scope, first - WEEK, first + WEEK)}
            if first not in near:
                raise HTTPException(404, "Nothing is known of this week.")
            rows = part_of(register, scope, near[first], near.get(first - WEEK))
            worked = [
                (s.name, s.weeks.get(first, 0.0), s.weeks.get(first - WEEK, 0.0))
                for s in streams(session, register, scope, self.least)
            ]
            findings = [
                d
                for d in data.drifts(session, None if scope == COMPANY else scope)
                if first <= d.raised_on < first + WEEK and self._shown(d)
            ]
        return self.frame.page(
            request,
            who,
            "week.html.j2",
            {
                "week": first,
                "until": first + timedelta(days=6),
                "scope": scope,
                "complete": near[first].complete,
                "coverage": round(100 * near[first].coverage),
                "rows": rows[:-1],
                "top": rows[-1],
                "before": first - WEEK if first - WEEK in near else None,
                "after": first + WEEK if first + WEEK in near else None,
                "streams": sorted((one for one in worked if max(one[1:]) >= 0.5), key=lambda one: -one[1])[:12],
                "found": findings,
            },
        )

    def drifts(self, request: Request, who: Signed) -> Response:
        """Every finding that the viewer may see."""
        with self.app.sessions() as session:
            rows = [d for d in data.drifts(session) if self._shown(d) and who.may_see(d.scope)]
        return self.frame.page(request, who, "drifts.html.j2", {"drifts": rows})

    def drift(self, request: Request, who: Signed, id_: int) -> Response:
        """One finding as a story: what fell, what took its place, items, decisions."""
        found, register = self.frame.drift(who, id_)
        with self.app.sessions() as session:
            shown = view_of(session, found, register, self.frame.terms())
            gap = found.kind == GAP
            stands = None if gap else standing(session, register, found.scope, found)
            known = weekly(session, found.scope)
            values = {
                "d": found,
                "a": shown,
                "open": found.state in OPEN_STATES,
                "nonce": secrets.token_urlsafe(9),
                "items": data.examples(session, found),
                "decisions": data.decisions(session, id_),
                "parts": stands.parts if stands else (),
                "objective": next((o.title for o in register.objectives if o.key == found.subject), found.subject),
            }
        if known:
            period = reading.Period(max(known[0].week, found.start - timedelta(weeks=16)), known[-1].week, True, ())
            label = shown.title if gap else shown.picture
            values["c"] = self.drawing.of(
                "objective" if gap else "drift",
                found.scope,
                period,
                label,
                f"Thin lines are 90% intervals. {PALE}",
                found.subject if gap else str(id_),
                chosen=gap,
            )
        return self.frame.page(request, who, "drift.html.j2", values)

    def search(self, request: Request, who: Signed, q: str = "") -> Response:
        """Streams, objectives, key results and items that hold a text."""
        scope = who.team or COMPANY if who.role == "team" else COMPANY
        _, register = self.frame.allowed(who, scope)
        text = " ".join(q.split())[:100]
        wanted = text.casefold()
        groups: list[tuple[str, list[tuple[str, str]]]] = []
        items: list[dict[str, Any]] = []
        if text:
            with self.app.sessions() as session:
                known = [one.name for one in streams(session, register, scope, self.least)]
                items = reading.search_items(session, text, who.team)
            quoted = self.frame.templates.filters["urlencode"]
            groups = [
                ("Streams", [(f"/streams/{quoted(n)}", n) for n in known if wanted in n.casefold()]),
                (
                    "Objectives",
                    [
                        (f"/objectives/{o.key}", f"{o.key} {o.title}")
                        for o in register.objectives
                        if wanted in f"{o.key} {o.title}".casefold()
                    ],
                ),
                (
                    "Key results",
                    [
                        (f"/key-results/{k.key}", f"{k.key} {k.title}")
                        for _, k in register.key_results()
                        if wanted in f"{k.key} {k.title} {' '.join(k.aliases)}".casefold()
                    ],
                ),
            ]
        empty = bool(text) and not items and not any(rows for _, rows in groups)
        return self.frame.page(
            request, who, "search.html.j2", {"q": text, "groups": groups, "items": items, "empty": empty}
        )

    def _standing(
        self, session: Session, register: Register, scope: str, path: str, since: date | None, until: date | None
    ) -> tuple[reading.Period, Standing]:
        """The period of a page and how the scope stands in it. Raises HTTPException where there are no figures."""
        last = last_week(session, scope)
        if last is None:
            raise HTTPException(404, NO_FIGURES)
        period = reading.period(path, register, last, since, until)
        found = self._of(session, register, scope, period)
        if found is None:
            raise HTTPException(404, "There are no figures of these days. Choose others.")
        return period, found

    @staticmethod
    def _of(session: Session, register: Register, scope: str, period: reading.Period) -> Standing | None:
        return standing(session, register, scope, span=(period.since, period.until) if period.chosen else None)

    def _days(self, session: Session) -> dict[tuple[str, str], float]:
        """Person-days by team and key result of the last four complete weeks, worked out once a cycle."""
        span = window(session)
        return self._worked(data.last_cycle(self.app)[0], *span) if span else {}

    def _key_result_days(self, cycle: int, first: date, last: date) -> dict[tuple[str, str], float]:
        with self.app.sessions() as session:
            return reading.key_result_days(session, first, last)

    def _shown(self, drift: Drift) -> bool:
        _, register = self.app.register()
        return drift.scope == COMPANY or drift.scope in dict(data.large_teams(register, self.least))

    def register(self, request: Request, who: Signed) -> Response:
        """The register with its hints."""
        version, register = self.app.register()
        values = {"version": version, "register": register, "hints": hints(register)}
        return self.frame.page(request, who, "register.html.j2", values)


def _cards(found: Standing) -> list[Any]:
    """Objectives that are worth a card: of the company the top priorities, of a team its plan, largest six; and work on none."""
    wanted = [
        part
        for part in found.parts
        if part.key != NONE and (part.planned if found.scope != COMPANY else part in _top(found))
    ]
    return [*wanted[:6], *(part for part in found.parts if part.key == NONE)]


def _top(found: Standing) -> list[Any]:
    return [part for part in found.parts if part.priority is not None and part.priority <= 3]


def _largest(taken: tuple[Taken, ...], most: int = 3) -> list[Taken]:
    """The largest three and everything else together, so that what is shown adds up."""
    named = [one for one in taken if not one.rest][:most]
    rest = sum(one.points for one in taken) - sum(one.points for one in named)
    return [*named, Taken("everything else", rest, rest=True)]
