"""Keys and signatures of links; each link has one purpose and expires."""

import secrets
from datetime import datetime

from itsdangerous import URLSafeTimedSerializer
from sqlalchemy.orm import Session, sessionmaker

from leeway.app import App
from models import Secret, UsedLink, upsert

BROKEN = "This link is not valid; part of it may be missing. Open it again from the mail."
"""What is said of a mail's link that was not made here, or was cut on its way."""


def signing_key(sessions: sessionmaker[Session], name: str) -> str:
    """Return a key of this installation, created on first use; every worker reads the same."""
    with sessions.begin() as session:
        upsert(session, Secret, [{"name": name, "value": secrets.token_urlsafe(32)}], ("name",), keep=True)
        return session.get_one(Secret, name).value


def first_use(sessions: sessionmaker[Session], nonce: str, now: datetime) -> bool:
    """Return True the first time a one-time link is followed."""
    with sessions.begin() as session:
        return upsert(session, UsedLink, [{"nonce": nonce, "at": now}], ("nonce",), keep=True) == 1


def serializer(app: App, purpose: str) -> URLSafeTimedSerializer:
    """Signs and reads links of one purpose; a link of another purpose does not pass."""
    return URLSafeTimedSerializer(signing_key(app.sessions, "web"), salt=f"leeway {purpose}")
