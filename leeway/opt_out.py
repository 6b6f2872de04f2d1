"""Links that unsubscribe from a kind of mail with one press (RFC 8058), and subscribe again."""

from itsdangerous import BadSignature, SignatureExpired
from sqlalchemy import delete

from alerts.mail import Smtp
from leeway.app import App
from leeway.signing import BROKEN, serializer, signing_key
from models import OptOut, upsert

SECONDS = 90 * 86_400
"""How long a link is valid; each newer mail has its own."""


class OptOutError(Exception):
    """The link has no effect; the message says why."""


def smtp_of(app: App) -> Smtp:
    """The mail server of the settings, as everything that writes mail uses it."""
    given = app.settings.smtp
    site = signing_key(app.sessions, "mail")[:16]
    return Smtp(
        given.host, given.port, given.sender, given.username, given.password.get_secret_value(), given.how(), site
    )


def unsubscribe_link(app: App, address: str, purpose: str) -> str:
    """Where one press ends mails of a purpose to an address; empty where the page has no address of its own."""
    page = app.settings.web.url.rstrip("/")
    token = serializer(app, "unsubscribe").dumps([address.lower(), purpose]) if page else ""
    return f"{page}/unsubscribe?token={token}" if page else ""


def redeem(app: App, token: str, *, old: bool = False) -> tuple[str, str]:
    """Address and purpose of a link. Raises OptOutError for one that is forged or, unless `old` may be, too old."""
    try:
        address, purpose = serializer(app, "unsubscribe").loads(token, max_age=None if old else SECONDS)
    except SignatureExpired:
        raise OptOutError("This link has expired; every newer mail has one that works.") from None
    except (BadSignature, ValueError):
        raise OptOutError(BROKEN) from None
    return str(address), str(purpose)


def opt_out(app: App, token: str) -> str:
    """End the mails that a link names; returns their purpose. Twice is as good as once."""
    address, purpose = redeem(app, token)
    with app.sessions.begin() as session:
        upsert(
            session, OptOut, [{"address": address, "kind": purpose, "at": app.now()}], ("address", "kind"), keep=True
        )
    return purpose


def is_out(app: App, token: str) -> bool:
    """Return True if the mails that a link names are stopped."""
    with app.sessions() as session:
        return session.get(OptOut, redeem(app, token, old=True)) is not None


def opt_in(app: App, token: str) -> str:
    """Start the mails that a link names again, however old it is, since no newer one comes; returns their purpose."""
    address, purpose = redeem(app, token, old=True)
    with app.sessions.begin() as session:
        session.execute(delete(OptOut).where(OptOut.address == address, OptOut.kind == purpose))
    return purpose
