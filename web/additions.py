"""Adding an objective or a key result on the page, and ending one: with the same check before and the same undo as an edit."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import FastAPI, Form, HTTPException, Request
from fastapi.responses import Response

from models import RegisterVersion
from pipeline.register.add_and_end import new_rows, next_key, without
from pipeline.register.cells import KEY_RESULT, OBJECTIVE, cells_of
from pipeline.register.document import RegisterError
from pipeline.register.point_of_change import Caution
from pipeline.register.table import merged
from pipeline.register.yaml_nodes import Document
from web.auth import Csrf, Signed, check_form
from web.edits import THIS, Asked, Edits, faults_in, refuse
from web.frame import Frame
from web.register_form import AREAS, FIELDS, KINDS, LONG, LONGEST, Answered, Given, Typed, refused

_KEY = ("key", "Key", "short, and never used before")
NEEDED = {OBJECTIVE: ("key", "title", "priority", "first"), KEY_RESULT: ("key", "title")}
"""The fields a new entry requires."""
_FIRST = ("first", "Its first key result", "an objective needs one; with the target, as in 'from 31 to 45'")


class Additions:
    """The routes that add and end."""

    def __init__(self, web: FastAPI, frame: Frame, edits: Edits) -> None:
        self.frame, self.app, self.edits = frame, frame.app, edits
        for method, path, handler in (
            ("GET", "/register/add", self.form),
            ("POST", "/register/add", self.add),
            ("POST", "/{place}/{key:path}/end", self.end),
        ):
            web.add_api_route(path, handler, methods=[method], include_in_schema=False, response_model=None)

    def form(self, request: Request, who: Signed, under: str = "") -> Response:
        """An empty form: a key result's `under` an objective, else an objective's."""
        row, data = self._now(who)
        self._objective(data, under)
        return self._form(request, who, row.id, under, {"key": next_key(data, under or None)})

    def add(
        self,
        request: Request,
        who: Signed,
        csrf: Csrf,
        given: Given,
        answer: Answered,
        under: Annotated[str, Form()] = "",
        key: Typed = None,
        first: Typed = None,
    ) -> Response:
        """Show what it means; save it once somebody has seen that and confirmed."""
        check_form(request, csrf)
        row, data = self._now(who)
        self._objective(data, under)
        names = [name for name, _, _ in _fields(under)]
        typed = {"key": " ".join((key or "").split())} | {n: v for n, v in given.items() if v and n in names}
        more = {} if under else {"first": first or ""}
        shown = typed | more
        if answer.sure == "back":
            return self._form(request, who, row.id, under, shown)
        if typed["key"] in cells_of(data):
            return self._form(request, who, row.id, under, shown, [f"{typed['key']} is the key of another entry."])
        if lacks := [*_lacks(shown, next_key(data, under or None), under), *refused(typed)]:
            return self._form(request, who, row.id, under, shown, lacks)
        below = None if under else {"key": f"{typed['key']}.1", "title": first or ""}
        try:
            found = merged(THIS, new_rows(typed, under or None, below), row.document, row.document, remove=False)
        except RegisterError as error:
            return self._form(request, who, row.id, under, shown, faults_in(error))
        where = f"/{'key-results' if under else 'objectives'}/{self.edits.quoted(typed['key'])}"
        asked = Asked("/register/add", where, typed["key"], [*shown.items(), ("under", under)], answer)
        return self.edits.decide(request, who, row, found, asked)

    def end(
        self,
        request: Request,
        who: Signed,
        place: str,
        key: str,
        csrf: Csrf,
        answer: Answered,
    ) -> Response:
        """Show what ending it means, always asking for a reason; end it once somebody has seen that and confirmed."""
        check_form(request, csrf)
        row, data = self._now(who)
        cells = cells_of(data).get(key)
        if place not in KINDS or cells is None or cells["kind"] != KINDS[place]:
            raise HTTPException(404, "There is no such entry in the register.")
        if answer.sure == "back":
            return self.edits.form(request, who, place, key)
        try:
            found = without(row.document, key)
        except RegisterError as error:
            raise HTTPException(409, faults_in(error)[0]) from None
        action = f"/{place}/{self.edits.quoted(key)}/end"
        ends = Caution(key, "ended", "it ends: it is removed from the register, and its history stays.")
        asked = Asked(action, "/register", key, [], answer)
        return self.edits.decide(request, who, row, found, asked, [ends])

    def _now(self, who: Signed) -> tuple[RegisterVersion, object]:
        refuse(who)
        row = self.edits.current()
        return row, Document(row.document).data

    @staticmethod
    def _objective(data: object, under: str) -> None:
        """Raise HTTPException if there is no such objective."""
        if under and cells_of(data).get(under, {}).get("kind") != OBJECTIVE:
            raise HTTPException(404, f"There is no objective {under!r} in the register.")

    def _form(
        self,
        request: Request,
        who: Signed,
        version: int,
        under: str,
        cells: dict[str, str],
        errors: list[str] | None = None,
    ) -> Response:
        fields = [_KEY, *_fields(under), *(() if under else (_FIRST,))]
        needed = NEEDED[KEY_RESULT if under else OBJECTIVE]
        values = {"under": under, "fields": fields, "cells": cells, "version": version, "errors": errors or []}
        values |= {"needed": needed, "areas": AREAS}
        page = self.frame.page(request, who, "add.html.j2", values | {"longest": LONGEST, "long": LONG})
        page.status_code = 422 if errors else 200
        return page


def _fields(under: str) -> tuple[tuple[str, str, str], ...]:
    """What the form asks."""
    return FIELDS[KEY_RESULT if under else OBJECTIVE]


def _lacks(shown: Mapping[str, str], key: str, under: str) -> list[str]:
    """What must not be empty and is, in the form's own names; `key` is one that nothing has yet."""
    needed = {
        "key": f"Key: it is empty; write a short one, never used before, such as {key}.",
        "title": "Title: it is empty; write a text.",
        "priority": "Priority: it is empty; write a whole number, 1 is the top.",
        "first": "Its first key result: it is empty; write one, an objective needs it.",
    }
    names = NEEDED[KEY_RESULT if under else OBJECTIVE]
    return [needed[name] for name in names if not shown.get(name, "").strip()]
