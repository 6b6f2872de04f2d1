"""Editing an objective or a key result: a form, what the change means before it is saved, and one press that takes it back.

An edit goes the way of a file: the same faults, the same check at the point of change, a version with who, when and why.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy.orm import Session

from alerts.words import sentence
from models import RegisterVersion
from pipeline.register.cells import Cells, cells_of
from pipeline.register.change_words import consequences
from pipeline.register.document import RegisterError, stored
from pipeline.register.due import Draft, changes_told
from pipeline.register.edits import PAGE, EditError, undo_edit
from pipeline.register.ended import local_day
from pipeline.register.measured import MEASURED_BY
from pipeline.register.point_of_change import Caution, cautions
from pipeline.register.quality import Finding, findings
from pipeline.register.table import Merged, Row, merged
from pipeline.register.versions import current_version, load_register
from pipeline.register.yaml_nodes import Document
from web.auth import Csrf, Id, Signed, Viewer, check_form
from web.frame import Frame
from web.register_form import AREAS, FIELDS, KINDS, LONG, LONGEST, Answer, Answered, Given, refused

THIS = "this form"
"""What faults call where something was typed."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A change that is asked for: where its form goes, where one comes to when it is kept, the entry's key, what was typed, and
    the answer."""

    action: str
    place: str
    key: str
    typed: Sequence[tuple[str, str]]
    answer: Answer


class Edits:
    """The routes that change the register."""

    def __init__(self, web: FastAPI, frame: Frame) -> None:
        self.frame, self.app = frame, frame.app
        for method, path, handler in (
            ("GET", "/{place}/{key:path}/edit", self.form),
            ("POST", "/{place}/{key:path}/edit", self.edit),
            ("POST", "/register/{version}/undo", self.undo),
        ):
            web.add_api_route(path, handler, methods=[method], include_in_schema=False, response_model=None)

    def form(self, request: Request, who: Signed, place: str, key: str) -> Response:
        """The form, filled with what the register says."""
        with self.app.sessions() as session:
            row, cells = self._entry(session, who, place, key)
        return self._form(request, who, place, cells, row.id)

    def edit(
        self,
        request: Request,
        who: Signed,
        place: str,
        key: str,
        csrf: Csrf,
        given: Given,
        answer: Answered,
    ) -> Response:
        """Show what the change means; save it once somebody has seen that and confirmed."""
        check_form(request, csrf)
        with self.app.sessions() as session:
            row, cells = self._entry(session, who, place, key)
            fields = [one for one, _, _ in FIELDS[cells["kind"]]]
            typed = {name: value for name, value in given.items() if value is not None and name in fields}
            base = session.get(RegisterVersion, answer.version)
            if base is None:
                raise HTTPException(409, "This form is based on a version that no longer exists. Open it again.")
            if not_here := refused(typed, cells[MEASURED_BY]):
                return self._form(request, who, place, cells | typed, row.id, not_here)
            try:
                found = merged(THIS, [Row(1, {"key": key, **typed})], row.document, base.document, remove=False)
            except RegisterError as error:
                return self._form(request, who, place, cells | typed, row.id, faults_in(error))
            if found.text == row.document:
                return self._form(request, who, place, cells, row.id, ["Nothing has changed yet."])
            if answer.sure == "back":
                return self._form(request, who, place, cells | typed, row.id)
        where = f"/{place}/{self.quoted(key)}"
        return self.decide(request, who, row, found, Asked(f"{where}/edit", where, key, list(typed.items()), answer))

    def current(self) -> RegisterVersion:
        """The current version. Raises NotReady where there is none."""
        self.app.register()
        with self.app.sessions() as session:
            row = current_version(session)
        assert row is not None  # noqa: S101 - there is a register
        return row

    def decide(
        self,
        request: Request,
        who: Viewer,
        row: RegisterVersion,
        found: Merged,
        asked: Asked,
        also: Sequence[Caution] = (),
    ) -> Response:
        """Save it if somebody has seen exactly this, confirmed, and given a reason if it loosens something; otherwise show what
        it means."""
        answer = asked.answer
        said = " ".join(answer.why.split())[:LONGEST]
        held = [*also, *cautions(_draft(row), Draft(found.register, found.text))]
        if answer.sure == "yes" and answer.version == row.id and (said or not held):
            with self.app.sessions.begin() as session:
                current = current_version(session)
                if current is not None and current.id == row.id:
                    by = f"{who.name}, on the page"
                    kept, _ = load_register(session, found.register, found.text, by, said, PAGE)
                    return self._kept(request, asked.place, kept)
        return self._check(request, who, row, found, held, asked)

    def undo(self, request: Request, who: Signed, version: Id, csrf: Csrf) -> Response:
        """Undo the last edit, within a day."""
        check_form(request, csrf)
        refuse(who)
        try:
            with self.app.sessions.begin() as session:
                made = undo_edit(session, version, f"{who.name}, on the page", self.app.now())
        except EditError as error:
            raise HTTPException(409, sentence(str(error))) from None
        request.session["notice"] = {
            "text": f"Undone: the register is back to what it was before version {version} (version {made})."
        }
        return RedirectResponse("/register", 303)

    def _entry(self, session: Session, who: Viewer, place: str, key: str) -> tuple[RegisterVersion, Cells]:
        """The current version, and the cells of the entry. Raises HTTPException."""
        if place not in KINDS:
            raise HTTPException(404, "There is no such page.")
        refuse(who)
        self.app.register()
        row = current_version(session)
        assert row is not None  # noqa: S101 - there is a register
        cells = cells_of(Document(row.document).data).get(key)
        if cells is None or cells["kind"] != KINDS[place]:
            raise HTTPException(404, f"There is no {KINDS[place]} {key!r} in the register.")
        return row, cells

    def quoted(self, key: str) -> str:
        """A key as it stands in an address."""
        return str(self.frame.templates.filters["urlencode"](key))

    def _kept(self, request: Request, place: str, version: int) -> Response:
        request.session["notice"] = {
            "text": f"Saved as version {version} of the register. It can be undone for a day, here or under Register.",
            "undo": f"/register/{version}/undo",
        }
        return RedirectResponse(place, 303)

    def _form(
        self, request: Request, who: Viewer, place: str, cells: Cells, version: int, errors: Sequence[str] = ()
    ) -> Response:
        values = {
            "place": place,
            "cells": cells,
            "fields": FIELDS[cells["kind"]],
            "areas": AREAS,
            "version": version,
            "errors": errors,
            "long": LONG,
        }
        page = self.frame.page(request, who, "edit.html.j2", values | {"longest": LONGEST})
        page.status_code = 422 if errors else 200
        return page

    def _check(
        self,
        request: Request,
        who: Viewer,
        row: RegisterVersion,
        found: Merged,
        held: Sequence[Caution],
        asked: Asked,
    ) -> Response:
        """What the change means, and the question."""
        before, after = stored(row.document, row.id), found.register
        today = local_day(after, self.app.now())
        values: dict[str, Any] = {"action": asked.action, "typed": asked.typed, "version": row.id}
        values |= {
            "changes": changes_told(_draft(row), Draft(after, found.text)),
            "cautions": held,
            "conflicts": found.conflicts,
            "asked": asked.answer.sure == "yes" and held,
        }
        loaded, least = local_day(before, row.loaded_at), self.app.settings.drift.least_people
        values |= {"past": consequences(before, after, loaded, today, least), "notes": found.notes}
        values |= {"hints": _hints(row, found, asked.key, today), "longest": LONGEST}
        return self.frame.page(request, who, "edit_check.html.j2", values)


def refuse(who: Viewer) -> None:
    """Raise HTTPException if they may not edit the register."""
    if not who.may_edit:
        raise HTTPException(
            403,
            "Only the company role and ops can edit the register. Ask them, or leave a comment with the reason here.",
        )


def _draft(row: RegisterVersion) -> Draft:
    return Draft(stored(row.document, row.id), row.document)


def faults_in(error: RegisterError) -> list[str]:
    """Faults as a form says them: by the field, without a line."""
    lines = (re.sub(rf"^{THIS}, line \d+(, column )?", "", line) for line in str(error).splitlines())
    return [sentence(line) for line in lines]


def _hints(row: RegisterVersion, found: Merged, key: str, today: Any) -> list[str]:
    """What the lint would say of the entry, and of an objective's key results, that it did not say before."""
    old = {(one.key, one.rule) for one in findings(stored(row.document, row.id), Document(row.document), today)}
    keys = {key, *(below.key for objective, below in found.register.key_results() if objective.key == key)}
    new = [one for one in findings(found.register, Document(found.text), today) if one.key in keys]
    return [_hint(one, key) for one in new if (one.key, one.rule) not in old]


def _hint(one: Finding, key: str) -> str:
    """Of which entry, where it is not the one of `key`; the words that triggered it, what is the matter and what to write."""
    words = ", ".join(f'"{word}"' for word in one.words)
    return f"{'' if one.key == key else f'{one.key}: '}{words + ' ' if words else ''}{one.message} {sentence(one.fix)}"
