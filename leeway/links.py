"""Signed links: each for one purpose, each with an end."""

from itsdangerous import URLSafeTimedSerializer
from sqlalchemy.orm import Session

from alerts.digest import Choice, Question
from leeway.app import App
from pipeline.decisions import signing_key
from pipeline.questions import questions
from pipeline.register import Register, Team

ASKED, CHOICES = 5, 3
LONGEST = 90


def serializer(app: App, purpose: str) -> URLSafeTimedSerializer:
    """Signs and reads links of one purpose; a link of another purpose does not pass."""
    return URLSafeTimedSerializer(signing_key(app.sessions, "web"), salt=f"leeway {purpose}")


def digest_questions(app: App, session: Session, register: Register, team: Team) -> list[Question]:
    """Five items for the lead to label, each with a link an answer; none where people cannot reach the page."""
    page = app.settings.web.url.rstrip("/")
    if not page:
        return []
    sign = serializer(app, "answer")
    titles = {k.key: k.title for _, k in register.key_results()}
    found = []
    for one in questions(session, register, team.key, set())[:ASKED]:
        name = (one["name"] or one["text"])[:LONGEST]
        answers: list[tuple[str | None, str]] = [
            (k["key"], f"{k['key']} {titles[k['key']]}"[:LONGEST]) for k in one["likely"][:CHOICES]
        ]
        choices = [
            Choice(text, f"{page}/answer?token=" + sign.dumps({
                "item": one["id"], "key_result": key, "say": f"This serves {text}" if key else text, "name": name,
            }))
            for key, text in [*answers, (None, "None of our key results")]
        ]  # fmt: skip
        found.append(Question(f"{one['key'] or ''} {name}".strip(), one["place"], choices))
    return found
