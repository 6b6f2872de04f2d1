"""Signed links: each has one purpose and expires."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import select
from sqlalchemy.orm import Session

from alerts.digest import Choice, Links, Question
from alerts.words import shortened
from leeway.app import App
from leeway.settled import digest_hour, is_settled
from leeway.signing import serializer
from models import Account
from models.vocabulary import COMPANY
from pipeline.feedback.decisions import ANSWERS
from pipeline.feedback.questions import questions
from pipeline.register.document import Register, Team

ASKED, CHOICES = 5, 3
LONGEST = 90
STALE = timedelta(days=7)
"""This long after its hour a week's digest is stale: the next one is due."""


def digest_links(
    app: App, session: Session, register: Register, team: Team, themes: Sequence[tuple[str, float]]
) -> Links:
    """Return links for five items to label and for an answer to each theme; none if people cannot reach the page."""
    page = app.settings.web.url.rstrip("/")
    if not page:
        return Links()
    sign = serializer(app, "answer")

    def choice(text: str, answer: dict[str, Any]) -> Choice:
        return Choice(text, f"{page}/answer?token={sign.dumps(answer)}")

    version, _ = app.register()
    titles = {k.key: k.title for _, k in register.key_results()}
    found = []
    for one in questions(session, register, None if team.key == COMPANY else team.key, set())[:ASKED]:
        name = shortened(one["name"] or one["text"], LONGEST)
        answers: list[tuple[str | None, str]] = [
            (k["key"], shortened(f"{k['key']} {titles[k['key']]}", LONGEST)) for k in one["likely"][:CHOICES]
        ]
        choices = []
        asked = {"item": one["id"], "of": one["item"], "name": name, "seen": version}
        for key, text in [*answers, (None, "None of our key results")]:
            say = f"This serves {text}" if key else text
            choices.append(choice(text, asked | {"key_result": key, "say": say}))
        found.append(Question(f"{one['key'] or ''} {name}".strip(), one["place"], choices, shortened(one["of"])))
    said = {}
    for theme, _ in themes:
        given = {"theme": theme, "by": team.name, "name": theme}
        said[theme] = [
            choice(answer, given | {"answer": answer, "say": f"{answer.capitalize()} this work"}) for answer in ANSWERS
        ]
    return Links(found, page, said)


def is_due(app: App, session: Session, address: str, week: date) -> bool:
    """Return True if the week is settled and recent, and the digest's day and hour have come in the reader's time zone, as
    Slack knows it."""
    zone = session.scalar(
        select(Account.time_zone).where(Account.email == address.lower(), Account.time_zone.is_not(None)).limit(1)
    )
    _, register = app.register()
    try:
        local = ZoneInfo(zone or register.calendar.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        local = ZoneInfo(register.calendar.time_zone)
    first = digest_hour(app, week, local)
    come = first <= app.now().astimezone(local) < first + STALE
    return come and is_settled(app, session, week + timedelta(days=6))
