"""`leeway okrs challenge`: what to question in a register that nobody edits; also used by status and the page."""

from rich.console import Console
from sqlalchemy import select
from sqlalchemy.orm import Session

from leeway.app import NO_REGISTER, App, NotReady
from leeway.as_json import json_text
from models import RegisterVersion
from pipeline.register.cascade import BREAK, WEAK, cascade_breaks, weak_links
from pipeline.register.document import stored
from pipeline.register.ended import local_day
from pipeline.register.point_of_change import Caution
from pipeline.register.versions import current_register

_FIX = {
    BREAK: "write key results that show whether it is reached",
    WEAK: "move it to the objective it is about, or write what it contributes to its own",
}


def breaks(app: App, session: Session) -> list[Caution]:
    """Return the cascade breaks of the current register, judged by all its versions."""
    found = current_register(session)
    if found is None:
        return []
    rows = session.scalars(select(RegisterVersion).order_by(RegisterVersion.id))
    versions = [(row.loaded_at, stored(row.document, row.id)) for row in rows]
    history = [(local_day(one, at), one) for at, one in versions]
    return cascade_breaks(history, local_day(found[1], app.now()), app.settings.goals.cascade_days)


def challenge(app: App, out: Console, *, as_json: bool, meaning: bool) -> None:
    """Print what to challenge: cascade breaks and, with `meaning`, weak links. Raises NotReady without a register."""
    with app.sessions() as session:
        current = current_register(session)
        if current is None:
            raise NotReady(NO_REGISTER)
        found = breaks(app, session)
    if meaning:
        found += weak_links(current[1], app.encoder)
    if as_json:
        rows = [{"key": one.key, "rule": one.rule, "message": one.message} for one in found]
        out.file.write(json_text(rows))
        return
    for one in found:
        out.print(f"{one.key}: {one.rule}: {one.message}", markup=False)
        where = f"accepted: [{one.rule}] at {one.key}"
        out.print(f"      fix: {_FIX[one.rule]}; or, if it is intended, {where} in okrs.yaml.", markup=False)
    if not found:
        far = ", and no key result is far from its objective" if meaning else ""
        out.print(f"Nothing to challenge: no objective changed while nothing below it did{far}.", markup=False)
