"""Alerts by mail, each address with its own row, so that one mailbox that refuses does not delay the others.

A mailbox cannot be inspected. A mail that may have been sent is sent again with the same Message-ID, which mail servers and
clients show once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib.resources import files
from typing import Any

from jinja2 import Environment

from alerts.channel import DeliveryError, FollowUp, GroupView, Notice, Reference, SentMessage, whole_lines
from alerts.mail import Mailer, message_id, new_mail
from alerts.view import AlertView
from alerts.words import html, plain, sentence
from connectors.base import Check
from pipeline.drift.finding import Audience

PURPOSE = "alert"
LONGEST = 20_000


@dataclass(slots=True)
class EmailChannel:
    """`page` is the address of Leeway's page, `unsubscribe` the link that ends these mails; each may be empty."""

    mailer: Mailer
    address: str
    audience: Audience = "company"
    page: str = ""
    unsubscribe: str = ""
    name: str = field(default="", init=False)

    def __post_init__(self) -> None:
        self.name = f"email{'' if self.audience == 'company' else ' ' + self.audience} {self.address.lower()}"[:320]

    @property
    def place(self) -> str:
        """As people call it."""
        return f"e-mail to {self.address}"

    @property
    def destination(self) -> str:
        """See Channel."""
        return self.mailer.smtp.destination(self.address)

    def send(self, notice: Notice) -> Reference:
        """Mail it: text, HTML, and the chart inside."""
        mail = new_mail(self.mailer.smtp, self.address, notice.headline, notice.key, self.unsubscribe, PURPOSE)
        picture = notice.narrow()
        cid = mail["Message-ID"][1:-1].replace("@", ".chart@") if picture else ""
        values: dict[str, Any] = dict.fromkeys(("lines", "note", "alt"), "") | {
            "title": notice.headline,
            "story": [],
            "decision": (),
            "links": [],
            "cid": cid,
            "stop": self.unsubscribe,
        }
        if isinstance(notice.content, AlertView):
            alert = notice.content
            values |= {"story": alert.story, "decision": alert.decision, "note": alert.note, "alt": alert.picture}
        elif isinstance(notice.content, GroupView):
            lines = [f"{line.name}: {line.change}" for line in notice.content.lines]
            values |= {
                "lines": whole_lines(lines, LONGEST, "and {n} more teams"),
                "decision": (notice.content.decision,),
            }
        if self.page and self.audience == "company":
            values["links"] = [f"{self.page}/drifts/{one}" for one in notice.drifts[:1]]
        folder = files("alerts").joinpath("templates")
        for kind, escaped in (("txt", False), ("html", True)):
            template = Environment(autoescape=escaped, trim_blocks=True)  # noqa: S701 - text/plain is not escaped
            template.filters |= {"plain": plain, "words": html}
            found = template.from_string(folder.joinpath(f"alert.{kind}.j2").read_text("utf-8")).render(values)
            if escaped:
                mail.add_alternative(found, subtype="html")
            else:
                mail.set_content(found)
        if picture:
            part = mail.get_payload()[1]  # type: ignore[index]
            part.add_related(picture, "image", "png", cid=f"<{values['cid']}>", filename="shares.png")  # type: ignore[union-attr]
        self.mailer.send(mail)
        return {"message_id": str(mail["Message-ID"]), "subject": str(mail["Subject"])}

    def find(self, notice: Notice, since: datetime, known: Sequence[Reference], *, tried: bool) -> SentMessage | None:
        """None: see above."""
        return None

    def follow_up(self, reference: Reference, news: FollowUp, since: datetime | None) -> None:
        """Reply to the alert."""
        smtp = self.mailer.smtp
        subject = f"Re: {reference.get('subject', 'Leeway')}"
        mail = new_mail(smtp, self.address, subject, news.key, self.unsubscribe, PURPOSE)
        first = str(reference.get("message_id") or message_id(smtp, self.address, f"drift {news.drift}"))
        mail["In-Reply-To"], mail["References"] = first, first
        link = f"\n\n{self.page}/drifts/{news.drift}" if self.page and self.audience == "company" else ""
        mail.set_content(f"{sentence(news.text)}{link}\n")
        self.mailer.send(mail)

    def check(self) -> Iterator[Check]:
        """Everything but the mail itself."""
        name = f"e-mail {self.address}"
        if not self.mailer.smtp.host:
            yield Check(name, False, "no mail server is set", "Add [smtp] with host and sender.")
            return
        try:
            self.mailer.check([self.address])
        except DeliveryError as error:
            yield Check(name, False, error.message, error.fix)
        else:
            yield Check(name, True, f"{self.mailer.smtp.where} accepts mail for it")
