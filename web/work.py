"""The pages of the work itself: streams on no objective, and the search."""

from datetime import date
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from alerts.falls import alert_of
from alerts.streams import Stream, streams, window, window_text
from alerts.weeks import last_week, unfinished
from alerts.words import in_path
from models.vocabulary import COMPANY
from pipeline.feedback.decisions import ANSWERS
from pipeline.register.document import Register
from web import reading
from web.auth import Signed
from web.drawing import Drawing
from web.frame import Frame
from web.place import Place, counted


class Work(Place):
    """Streams and what is found by its words."""

    def __init__(self, web: FastAPI, frame: Frame, drawing: Drawing) -> None:
        super().__init__(frame, drawing)
        self.route(
            web,
            ("/streams", self.streams),
            ("/streams/{name:path}", self.stream),
            ("/search", self.search),
        )

    def streams(self, request: Request, who: Signed) -> Response:
        """Every stream of work on no objective."""
        scope = who.scope
        _, register = self.frame.allowed(who, scope)
        with self.app.sessions() as session:
            values = {"streams": streams(session, register, scope, self.least), "window": window_text(window(session))}
        return self.frame.page(request, who, "streams.html.j2", values | {"scope": scope})

    def stream(self, request: Request, who: Signed, name: str) -> Response:
        """One stream: since when, effort by week, teams, items, what was said."""
        scope = who.scope
        _, register = self.frame.allowed(who, scope)
        with self.app.sessions() as session:
            found = self.stream_named(session, register, scope, name)
            items = self.frame.largest.among(session, found.items, who.team)
            open_ = [d for d in reading.falls(session, scope) if d.scope == scope]
            taken = [t for d in open_ for t in alert_of(session, d, register, self.frame.terms()).taken]
            moved = next((t.points for t in taken if found.is_called(t.name)), None)
            last = last_week(session, COMPANY) or date.min
            span = window_text(window(session))
            note = counted(week not in unfinished(session, found.weeks) for week in [max(found.weeks)])
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
                    "stream",
                    scope,
                    reading.period("", register, last, None, None),
                    "Person-days by week",
                    note,
                    found.name,
                ),
            },
        )

    def stream_named(self, session: Session, register: Register, scope: str, name: str) -> Stream:
        """The stream of this name. Raises HTTPException."""
        found = next((one for one in streams(session, register, scope, self.least) if one.is_called(name)), None)
        if found is None:
            raise HTTPException(
                404, "This stream no longer exists. Streams are recomputed each cycle, and names can change."
            )
        return found

    def search(self, request: Request, who: Signed, q: str = "") -> Response:
        """Streams, objectives, key results and items that hold a text."""
        scope = who.scope
        _, register = self.frame.allowed(who, scope)
        text = " ".join(q.split())[:100]
        wanted = text.casefold()
        groups: list[tuple[str, list[tuple[str, str]]]] = []
        items, more = list[dict[str, Any]](), False
        if text:
            with self.app.sessions() as session:
                known = [one.name for one in streams(session, register, scope, self.least)]
                items, more = reading.search_items(session, text, who.team)
            quoted = self.frame.templates.filters["urlencode"]
            groups = [
                ("Streams", [(f"/streams/{quoted(n)}", n) for n in known if wanted in n.casefold()]),
                (
                    "Objectives",
                    [
                        (f"/objectives/{in_path(o.key)}", f"{o.key} {o.title}")
                        for o in register.objectives
                        if wanted in f"{o.key} {o.title}".casefold()
                    ],
                ),
                (
                    "Key results",
                    [
                        (f"/key-results/{in_path(k.key)}", f"{k.key} {k.title}")
                        for _, k in register.key_results()
                        if wanted in f"{k.key} {k.title} {' '.join(k.aliases)}".casefold()
                    ],
                ),
            ]
        empty = bool(text) and not items and not any(rows for _, rows in groups)
        values = {"q": text, "groups": groups, "items": items, "empty": empty, "more": more}
        return self.frame.page(request, who, "search.html.j2", values)
