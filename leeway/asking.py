"""Who can be asked by name, and how: in Slack if the app's buttons work and they have an account, otherwise by mail."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from alerts import retry
from alerts.asking import Way
from alerts.mail import Mailer
from leeway.app import App
from leeway.channels import faces, posting_client
from leeway.opt_out import smtp_of, unsubscribe_link
from leeway.signing import serializer
from models import Account, Ask, OptOut

if TYPE_CHECKING:
    from alerts.asking_ways import MailWay, SlackWay  # with the vendor's client, which `leeway status` needs not

SLACK = "slack"


class Reach:
    """How people are reached in one round. `kind` is what is asked, as links and opt-outs name it."""

    def __init__(self, app: App, kind: str) -> None:
        self.app, self.kind = app, kind
        given = app.settings
        self.by_slack = given.slack is not None and faces(app).buttons
        self.by_mail = bool(given.smtp.host and given.web.url)

    @cached_property
    def accounts(self) -> dict[str, str]:
        """Slack accounts by lower-case address; empty if buttons are not handled."""
        if not self.by_slack:
            return {}
        query = select(func.lower(Account.email), Account.external_id).where(
            Account.source == SLACK, Account.email.is_not(None), Account.bot.is_(False)
        )
        with self.app.sessions() as session:
            return dict(session.execute(query.order_by(Account.external_id.desc())).all())

    @cached_property
    def _slack(self) -> "SlackWay":
        from alerts.asking_ways import SlackWay

        slack = self.app.settings.slack
        assert slack is not None  # noqa: S101 - there are accounts only where it is set
        return SlackWay(posting_client(self.app, slack))

    @cached_property
    def _mail(self) -> "MailWay":
        from alerts.asking_ways import MailWay

        return MailWay(Mailer(smtp_of(self.app)), lambda address, kind: unsubscribe_link(self.app, address, kind))

    def way(self, address: str) -> Way | None:
        """Return how somebody is asked; None if they cannot be, or have opted out of such mail."""
        if address in self.accounts:
            return self._slack
        if not self.by_mail:
            return None
        from alerts.digest_delivery import opted_out

        with self.app.sessions() as session:
            return None if opted_out(session, address, self.kind) else self._mail

    def link(self, address: str, round_: str) -> str:
        """Return the link for an answer by mail: it names the person and the round, and expires (see web/)."""
        page = self.app.settings.web.url.rstrip("/")
        return f"{page}/{self.kind}?token={serializer(self.app, self.kind).dumps([address, round_])}"

    def why_not(self) -> str:
        """Return what must be set so that everybody can be asked; empty if nothing is missing."""
        if not self.app.settings.smtp.host:
            without = "for who has no Slack account" if self.by_slack else "or [slack] with a signing_secret"
            return f"Set [smtp], {without}."
        return "" if self.by_mail else "Set web.url, so that mails can link to the page where they are answered."


def account_address(app: App, account: str) -> str:
    """Return the lower-case address of a Slack account; empty if it has none or is a bot."""
    with app.sessions() as session:
        row = session.get(Account, (SLACK, account))
        return row.email.lower() if row is not None and row.email and not row.bot else ""


def asked_in(session: Session, kind: str, round_: str) -> set[str]:
    """Return the addresses that were asked in a round."""
    query = select(Ask.recipient).where(Ask.kind == kind, Ask.round == round_, Ask.sent_at.is_not(None))
    return set(session.scalars(query))


def not_asked(session: Session, kind: str, round_: str, whom: Mapping[str, tuple[str, str]]) -> list[dict[str, str]]:
    """Whom of today's a question, or its reminder, did not reach: `of`, `why`, what comes `next` and the `fix`, as of digests:
    without an address.

    `whom` says of each address what people call it, and what to correct.
    """
    undelivered = or_(Ask.sent_at.is_(None), Ask.reminded_at.is_not(None))
    query = select(Ask).where(Ask.kind == kind, Ask.round == round_, undelivered, Ask.error != "")
    return [
        {
            "of": f"{whom[row.recipient][0]}, as a reminder" if row.sent_at else whom[row.recipient][0],
            "why": row.error,
            "next": "There is no further reminder in this round." if row.sent_at else retry.what_next(row),
            "fix": whom[row.recipient][1] if row.refused else "`leeway check` tests it.",
        }
        for row in session.scalars(query.order_by(Ask.recipient))
        if row.recipient in whom
    ]


def still_to_ask(app: App, session: Session, kind: str, round_: str, people: Iterable[str]) -> int:
    """Return how many of them can be asked but were not tried yet: this lasts only while Slack or the mail server fails."""
    reach, gone = Reach(app, kind), set(session.scalars(select(OptOut.address).where(OptOut.kind == kind)))
    tried = select(Ask.recipient).where(
        Ask.kind == kind, Ask.round == round_, or_(Ask.sent_at.is_not(None), Ask.error != "")
    )
    left = set(people) - set(session.scalars(tried))
    return sum(one in reach.accounts or (reach.by_mail and one not in gone) for one in left)
