"""Keys by which an assistant asks over HTTP: signed, of one role, thirty days long.

They are of the page's roles, but signed with a key of their own, so that all can be ended without signing anybody out.
"""

from datetime import datetime, timedelta

from fastapi import HTTPException
from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer

from leeway.app import App
from leeway.signing import signing_key
from models import Secret
from web.auth import ROLES, Viewer

DAYS = 30
_NAME, _SALT = "ask", "leeway ask"
_ANOTHER = "Create a new one on the page under “Ask”, or with `leeway mcp --key`."


def new_key(app: App, who: Viewer) -> str:
    """Return a key with this viewer's permissions."""
    return _signs(signing_key(app.sessions, _NAME)).dumps({"role": who.role, "team": who.team})


def ends(now: datetime) -> datetime:
    """When a key of now ends."""
    return now + timedelta(days=DAYS)


def viewer_of(app: App, key: str) -> Viewer:
    """Return the viewer of a key. Raises HTTPException 401 if it is forged, expired or revoked."""
    with app.sessions() as session:  # read only: it is looked at with every question
        secret = session.get(Secret, _NAME)
    try:
        given = _signs(secret.value).loads(key, max_age=DAYS * 86_400) if secret else None
    except SignatureExpired:
        raise HTTPException(401, f"This key is older than {DAYS} days. {_ANOTHER}") from None
    except BadSignature:
        given = None
    if not isinstance(given, dict) or given.get("role") not in ROLES:
        raise HTTPException(401, f"This key is not valid, or all keys were revoked. {_ANOTHER}")
    return Viewer(given["role"], given["team"])


def end_all(app: App) -> None:
    """Revoke all keys created so far."""
    with app.sessions.begin() as session:
        secret = session.get(Secret, _NAME)
        if secret is not None:
            session.delete(secret)


def _signs(secret: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(secret, salt=_SALT)
