"""A source's goals compared with the register: what is new, what differs, and which side wins."""

from typing import Annotated, Any

from fastapi import FastAPI, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from alerts.words import sentence
from connectors.base import SourceError
from leeway.app import NotReady
from leeway.goals import Looked, Proposed, choices_of, keep_choices, load_proposed, look, proposed
from leeway.okrs_load import Held
from pipeline.register.change_words import consequences
from pipeline.register.document import fingerprint, stored
from pipeline.register.edits import PAGE
from pipeline.register.ended import local_day
from pipeline.register.goals import OURS
from web.auth import Csrf, Signed, check_form
from web.edits import refuse
from web.frame import Frame
from web.register_form import LONGEST

PLACE = "/register/goals"


class GoalsPage:
    """The routes that compare with a source's goals and take from them."""

    def __init__(self, web: FastAPI, frame: Frame) -> None:
        self.frame, self.app = frame, frame.app
        web.add_api_route(PLACE, self.show, methods=["GET"], include_in_schema=False, response_model=None)
        web.add_api_route(PLACE, self.take, methods=["POST"], include_in_schema=False, response_model=None)

    def show(self, request: Request, who: Signed) -> Response:
        """Show what differs now, as read from the source."""
        refuse(who)
        looked = self._look()
        made = self._proposed(looked, {})
        values = {"looked": looked, "changes": made.changes if made else [], "source": looked.source}
        return self.frame.page(request, who, "goals.html.j2", values)

    def take(
        self,
        request: Request,
        who: Signed,
        csrf: Csrf,
        take: Annotated[list[str] | None, Form()] = None,
        why: Annotated[str, Form()] = "",
        sure: Annotated[str, Form()] = "",
        seen: Annotated[str, Form()] = "",
    ) -> Response:
        """Show what taking it means; save it once somebody has seen exactly that and confirmed."""
        check_form(request, csrf)
        refuse(who)
        if sure == "back":
            return RedirectResponse(PLACE, 303)
        looked, given = self._look(), [one for one in take or () if one]
        try:
            choices = choices_of(looked, given)
        except Held as error:
            raise HTTPException(409, str(error)) from None
        made, said = self._proposed(looked, choices), " ".join(why.split())[:LONGEST]
        if made is None and OURS not in choices.values():
            raise HTTPException(409, "There is nothing to save: nothing is new, and no conflict is resolved.")
        now = fingerprint(made.text if made else "")
        if sure == "yes" and seen == now and (said or not (made and made.cautions)):
            return self._keep(request, who.name, looked, choices, made, said)
        return self._check(request, who, looked, given, made, now, asked=sure == "yes")

    def _look(self) -> Looked:
        try:
            return look(self.app)
        except NotReady as error:
            raise HTTPException(404, sentence(str(error))) from None
        except SourceError as error:
            raise HTTPException(502, f"The goals could not be read: {error}") from None

    @staticmethod
    def _proposed(looked: Looked, choices: dict[tuple[str, str], str]) -> Proposed | None:
        try:
            return proposed(looked, choices)
        except Held as error:
            raise HTTPException(409, sentence(str(error))) from None

    def _keep(
        self,
        request: Request,
        name: str,
        looked: Looked,
        choices: dict[tuple[str, str], str],
        made: Proposed | None,
        why: str,
    ) -> Response:
        notice: dict[str, Any] = {
            "text": "Saved: the register's value is not questioned again until the other side changes."
        }
        try:
            with self.app.sessions.begin() as session:
                keep_choices(session, looked, choices, self.app, loads=True)
                if made is not None:
                    version = load_proposed(session, looked, made, f"{name}, on the page", why, PAGE)
                    notice = {"text": f"Saved as version {version} of the register. It can be undone for a day."}
                    notice["undo"] = f"/register/{version}/undo"
        except Held as error:
            raise HTTPException(409, sentence(str(error))) from None
        request.session["notice"] = notice
        return RedirectResponse("/register", 303)

    def _check(
        self,
        request: Request,
        who: Signed,
        looked: Looked,
        given: list[str],
        made: Proposed | None,
        now: str,
        *,
        asked: bool,
    ) -> Response:
        row, held = looked.row, list(made.cautions) if made else []
        before = stored(row.document, row.id)
        day, loaded = local_day(before, self.app.now()), local_day(before, row.loaded_at)
        least = self.app.settings.drift.least_people
        past = consequences(before, made.register, loaded, day, least) if made else []
        kept = [f"{one.rpartition('=')[0]}: the register's word stays" for one in given if one.endswith("=register")]
        values = {
            "action": PLACE,
            "typed": [*(("take", one) for one in given), ("seen", now)],
            "version": row.id,
            "changes": [*(made.changes if made else ()), *kept],
            "cautions": held,
            "asked": asked and held,
            "past": past,
            "notes": [],
            "longest": LONGEST,
        }
        return self.frame.page(request, who, "edit_check.html.j2", values)
