"""The pages of the diagnoses and the packs."""

from collections.abc import Collection
from typing import Annotated, Any

from fastapi import FastAPI, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from alerts.diagnoses import diagnoses, diagnosis, not_judged
from alerts.packs import PACKS, Pack, nothing_yet
from alerts.streams import streams
from alerts.words import in_path, sentence
from leeway.meetings import nothing_looked_for
from pipeline.feedback.decisions import ANSWERS, DecisionError, answer_theme
from pipeline.register.document import Register
from pipeline.streams.naming import of_largest
from web.auth import Csrf, Id, Signed, Viewer, check_form
from web.data import visible
from web.frame import Frame, NotYet


def _subjects(register: Register, about: Collection[str]) -> list[tuple[str, str]]:
    """Pages that show what a diagnosis is about, with their names: objectives and key results with their numbers, and steps."""
    found = []
    for objective in register.objectives:
        below = [one for one in objective.key_results if f"kr:{one.key}" in about]
        if below or f"objective:{objective.key}" in about:
            found.append((f"/objectives/{in_path(objective.key)}", objective.title))
        found += [(f"/key-results/{in_path(one.key)}", f"{one.key} {one.title}") for one in below]
    for path in register.paths:
        if any(one.startswith(f"step:{path.key}.") for one in about):
            found.append((f"/steps/{in_path(path.key)}", path.title))
    return found


class Diagnoses:
    """The routes that show diagnoses and packs."""

    def __init__(self, web: FastAPI, frame: Frame) -> None:
        self.frame, self.app = frame, frame.app
        for path, handler in (
            ("/diagnoses", self.every),
            ("/diagnoses/{id_}", self.one),
            ("/packs", self.packs),
            ("/packs/{kind}", self.pack),
        ):
            web.add_api_route(path, handler, methods=["GET"], include_in_schema=False, response_model=None)
        web.add_api_route("/packs/{kind}", self.decide, methods=["POST"], include_in_schema=False, response_model=None)

    def every(self, request: Request, who: Signed) -> Response:
        """Show all open diagnoses that the viewer may see, and what could not be judged."""
        _, register = self.app.register()
        with self.app.sessions() as session:
            scopes = visible(register, self.frame.least, who)
            values: dict[str, Any] = {
                "open": diagnoses(session, register, self.frame.least, scopes),
                "unjudged": not_judged(session),
                "not_yet": nothing_looked_for(session),
            }
        return self.frame.page(request, who, "diagnoses.html.j2", values)

    def one(self, request: Request, who: Signed, id_: Id) -> Response:
        """Show one diagnosis with its evidence."""
        _, register = self.app.register()
        with self.app.sessions() as session:
            found = diagnosis(session, register, self.frame.least, id_)
            if found is None or found.scope not in visible(register, self.frame.least, who):
                raise HTTPException(404, "There is no such diagnosis, or it is another team's.")
            items = self.frame.largest.among(session, found.items, who.team)
            pages = {of_largest(one.name) for one in streams(session, register, who.scope, self.frame.least)}
            values = {"d": found, "items": items, "pages": pages, "subjects": _subjects(register, found.about)}
        return self.frame.page(request, who, "diagnosis.html.j2", values)

    def packs(self, request: Request, who: Signed) -> Response:
        """List the packs."""
        self._company_only(who)
        rows = [(kind, one.title, one.about) for kind, one in PACKS.items()]
        return self.frame.page(request, who, "packs.html.j2", {"packs": rows})

    def pack(self, request: Request, who: Signed, kind: str) -> Response:
        """Show one pack, for its meeting and for print."""
        self._company_only(who)
        found = self._made(kind)
        values = {"p": found, "about": PACKS[kind].about, "answers": ANSWERS}
        return self.frame.page(request, who, "pack.html.j2", values)

    def _made(self, kind: str) -> Pack:
        if kind not in PACKS:
            raise HTTPException(404, f"There is no pack {kind!r}: {', '.join(PACKS)}.")
        _, register = self.app.register()
        with self.app.sessions() as session:
            found = PACKS[kind].make(session, register, self.frame.terms())
        if found is None:
            raise NotYet(nothing_yet(kind, register))
        return found

    def decide(
        self,
        request: Request,
        who: Signed,
        kind: str,
        csrf: Csrf,
        stream: Annotated[str, Form()],
        answer: Annotated[str, Form()],
    ) -> Response:
        """Continue, reshape or stop a stream that a pack asks about."""
        check_form(request, csrf)
        self._company_only(who)
        found = self._made(kind)
        if stream not in {row.decide for section in found.sections for row in section.rows if row.decide}:
            raise HTTPException(404, "This stream is no longer in this pack.")
        try:
            answer_theme(self.app.sessions, stream, who.name, answer, self.app.now())
        except DecisionError as error:
            raise HTTPException(409, sentence(str(error))) from None
        request.session["notice"] = {"text": f"Saved: {answer}. A new answer replaces it."}
        return RedirectResponse(f"/packs/{kind}", 303)

    @staticmethod
    def _company_only(who: Viewer) -> None:
        if who.role == "team":
            raise HTTPException(403, "Packs cover the whole company.")
