"""Actions on the page: decide, comment, label, answer about a stream, sign in and out. Each asks for confirmation once."""

import secrets
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import FastAPI, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response
from itsdangerous import BadSignature, SignatureExpired

from alerts.streams import streams
from alerts.view import taken_as
from alerts.words import sentence
from leeway.signing import BROKEN, serializer
from pipeline.feedback.decisions import DecisionError, answer_theme, decide, label, undo, unlabel
from pipeline.feedback.labels import item_named
from pipeline.feedback.questions import questions
from web import data
from web.auth import LABEL_SECONDS, Csrf, Id, Signed, Viewer, begin, check_form, redeem
from web.frame import Frame

DONE = {
    "acknowledged": "Noted as seen.",
    "undone": "Undone.",
    "commented": "Your comment is saved.",
}
UNDOABLE = ("intended", "snoozed", "acknowledged")


class Actions:
    """The routes that change something, and the forms that lead to them."""

    def __init__(self, web: FastAPI, frame: Frame) -> None:
        self.frame, self.app = frame, frame.app
        for method, path, handler in (
            ("POST", "/drifts/{id_}/{kind}", self.decide),
            ("GET", "/labels", self.labels),
            ("POST", "/labels/undo", self.undo_label),
            ("POST", "/labels/{item}", self.take_label),
            ("POST", "/streams/{name:path}", self.answer_stream),
            ("GET", "/sign-in", self.sign_in),
            ("POST", "/sign-in", self.signed_in),
            ("POST", "/sign-out", self.sign_out),
            ("GET", "/answer", self.answer),
            ("POST", "/answer", self.answered),
        ):
            web.add_api_route(path, handler, methods=[method], include_in_schema=False, response_model=None)

    def decide(
        self,
        request: Request,
        who: Signed,
        id_: Id,
        kind: str,
        csrf: Csrf,
        nonce: Annotated[str, Form()] = "",
        note: Annotated[str, Form()] = "",
        of: str = "",
    ) -> Response:
        """Record a decision about a finding, or undo one: the one given by `of`, else the last one."""
        check_form(request, csrf)
        self.frame.drift(who, id_)
        nonce = f"page-{kind}-{nonce or secrets.token_urlsafe(9)}"
        try:
            if kind == "undone":
                undo(self.app.sessions, id_, who.name, nonce, self.app.now(), of)
            elif kind == "assigned" or (kind == "commented" and not note.strip()):
                raise DecisionError("there is nothing to save.")
            else:
                decide(self.app.sessions, id_, kind, who.name, nonce, self.app.now(), " ".join(note.split()))
        except DecisionError as error:
            raise HTTPException(409, sentence(str(error))) from None
        back = f"/drifts/{id_}/undone?of={quote(nonce)}" if kind in UNDOABLE else ""
        request.session["notice"] = {
            "text": (taken_as(kind, self.frame.drift(who, id_)[0]) or DONE.get(kind, "Saved."))
            + (" It can be undone for a day." if back else ""),
            "undo": back,
        }
        return self._to(f"/drifts/{id_}")

    def answer_stream(
        self, request: Request, who: Signed, name: str, csrf: Csrf, answer: Annotated[str, Form()]
    ) -> Response:
        """Record the answer about a stream: continue, reshape or stop."""
        check_form(request, csrf)
        scope = who.scope
        _, register = self.frame.allowed(who, scope)
        with self.app.sessions() as session:
            known = streams(session, register, scope, self.frame.least)
        if not any(one.is_called(name) for one in known):
            raise HTTPException(404, "This stream no longer exists.")
        try:
            answer_theme(self.app.sessions, name, who.name, answer, self.app.now())
        except DecisionError as error:
            raise HTTPException(409, sentence(str(error))) from None
        request.session["notice"] = {"text": f"Saved: {answer}. A new answer replaces it."}
        return self._to(f"/streams/{self.frame.templates.filters['urlencode'](name)}")

    def labels(self, request: Request, who: Signed, drift: Id | None = None, item: Id | None = None) -> Response:
        """Show one item to label, the most informative first; limited to a finding or one item if given."""
        version, register = self.app.register()
        back = ""
        if drift is not None:
            self.frame.drift(who, drift)
            back = f"drift={drift}"
        elif item is not None:
            back = f"item={item}"
        asked = self._asked(request, who, drift, item)
        every = [(k.key, f"{k.key} {k.title}") for _, k in register.key_results()]
        return self.frame.page(
            request,
            who,
            "labels.html.j2",
            {
                "q": asked[0] if asked else None,
                "left": len(asked),
                "all": every,
                "back": back,
                "version": version,
                "labelled": bool(request.session.get("labelled")),
            },
        )

    def _asked(self, request: Request, who: Viewer, drift: int | None, item: int | None) -> list[dict[str, Any]]:
        _, register = self.app.register()
        done = {abs(one) for one in request.session.get("labelled", [])}
        team = who.team if who.role == "team" else None
        with self.app.sessions() as session:
            if drift is None and item is None:
                return questions(session, register, team, done)
            found = data.labellable(session, register, team, drift, item)
        return [one for one in found if one["id"] not in done]

    def take_label(
        self,
        request: Request,
        who: Signed,
        item: Id,
        csrf: Csrf,
        key_result: Annotated[str, Form()] = "",
        other: Annotated[str, Form()] = "",
        back: Annotated[str, Form()] = "",
        seen: Annotated[Id, Form()] = 0,
    ) -> Response:
        """Store a label, or skip the item for this session."""
        check_form(request, csrf)
        version, register = self.app.register()
        team = who.team if who.role == "team" else None
        with self.app.sessions() as session:
            asked = {one["id"] for one in questions(session, register, team, set())}
            asked |= {one["id"] for one in data.labellable(session, register, team, None, item)}
        if item not in asked:
            raise HTTPException(404, "This item is not up for labelling.")
        if key_result == "other" and not other:
            raise HTTPException(409, "Choose a key result first, then press “Take it”.")
        if key_result != "skip":
            self._keep_label(item, (other if key_result == "other" else key_result) or None, version, "page", seen)
        mark = -item if key_result == "skip" else item  # of one that was skipped no label is taken back
        request.session["labelled"] = [*request.session.get("labelled", []), mark][-120:]  # a cookie holds 4096 bytes
        kind, _, value = back.partition("=")
        query = f"?{back}" if kind in ("drift", "item") and value.isdigit() else ""
        return self._to(f"/labels{query}")

    def undo_label(self, request: Request, who: Signed, csrf: Csrf) -> Response:
        """Undo this session's last label or skip: the item is asked about again."""
        check_form(request, csrf)
        labelled = list(request.session.get("labelled", []))
        if labelled:
            kept = (last := labelled.pop()) > 0 and unlabel(self.app.sessions, last, "page")
            request.session["labelled"] = labelled
            request.session["notice"] = {
                "text": "The last label is undone." if kept else "The last item is back in the queue."
            }
        return self._to("/labels")

    # Signing in, and links in mails. Mail scanners follow links, so a GET changes nothing.

    def sign_in(self, request: Request, token: str = "") -> Response:
        """Show a button that signs in."""
        request.session["sign_in"] = token
        return self.frame.page(
            request,
            None,
            "confirm.html.j2",
            {
                "heading": "Sign in",
                "text": "This link signs this browser in to Leeway.",
                "button": "Sign in",
                "action": "/sign-in",
            },
        )

    def signed_in(self, request: Request) -> Response:
        """Sign in with the link that was followed."""
        found = redeem(self.app, request.session.pop("sign_in", ""), self.app.now())
        return self._to(begin(request, found))

    def sign_out(self, request: Request, csrf: Csrf) -> Response:
        """Sign this browser out."""
        check_form(request, csrf)
        request.session.clear()
        return self.frame.page(
            request,
            None,
            "message.html.j2",
            {
                "heading": "Signed out",
                "text": "You can close this page. `leeway web --open`, or your sign-in, opens it again.",
            },
        )

    def answer(self, request: Request, token: str = "") -> Response:
        """Show what a digest's link will do: label an item, or decide about a stream."""
        given = self._answer(token)
        return self.frame.page(
            request,
            None,
            "confirm.html.j2",
            {
                "heading": given["say"],
                "text": f"About “{given['name']}”.",
                "button": "Yes, save this answer",
                # Not in the session: whoever opens several of a mail's links would keep the last one's answer in each.
                "action": f"/answer?token={token}",
            },
        )

    def answered(self, request: Request, token: str = "") -> Response:
        """Store the answer of the link that was followed."""
        given = self._answer(token)
        version, _ = self.app.register()
        if "theme" in given:
            answer_theme(self.app.sessions, given["theme"], given["by"], given["answer"], self.app.now())
        else:
            self._keep_label(self._item(given), given["key_result"], version, "digest", given.get("seen", 0))
        return self.frame.page(
            request,
            None,
            "message.html.j2",
            {
                "heading": "Saved. Thank you.",
                "text": "It counts from the next cycle. You can close this page.",
            },
        )

    def _keep_label(self, item: int, key_result: str | None, version: int, origin: str, seen: int) -> None:
        try:
            label(self.app.sessions, item, key_result, version, origin, self.app.now(), seen)
        except DecisionError as error:
            raise HTTPException(409, sentence(str(error))) from None

    def _item(self, given: dict[str, Any]) -> int:
        """The row of the item that a link is about. Its number may be another's by now: where the newest item was deleted, or an
        older backup was restored, the next one gets it."""
        if "of" not in given:  # made by an older version
            return int(given["item"])
        with self.app.sessions() as session:
            return item_named(session, str(given["of"])) or 0

    def _answer(self, token: str) -> dict[str, Any]:
        try:
            given: dict[str, Any] = serializer(self.app, "answer").loads(token, max_age=LABEL_SECONDS)
        except SignatureExpired:
            raise HTTPException(410, "This link is older than two weeks; the latest digest has new ones.") from None
        except BadSignature:
            raise HTTPException(403, BROKEN) from None
        return given

    @staticmethod
    def _to(path: str) -> Response:
        return RedirectResponse(path, 303)
