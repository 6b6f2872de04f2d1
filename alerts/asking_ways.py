"""The two ways to ask somebody by name: a Slack direct message, and a mail with a link to the answer page."""

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.resources import files

from jinja2 import Environment
from slack_sdk import WebClient

from alerts import retry
from alerts.asking import Question
from alerts.channel import Reference
from alerts.mail import Mailer, message_id, new_mail
from alerts.slack import escape
from alerts.slack_channel import call

REMINDER = "A reminder, the only one: "


@dataclass(slots=True)
class SlackWay:
    """Writes to people as the app; their replies are not read."""

    client: WebClient
    repeats: bool = field(default=False, init=False)

    def destination(self, question: Question) -> str:
        """See Way."""
        return retry.destination((self.client.base_url, self.client.token, question.account))

    def ready(self) -> None:
        """See Way."""
        call(self.client, "auth_test")

    def ask(self, question: Question) -> Reference:
        """See Way."""
        answer = call(
            self.client,
            "chat_postMessage",
            channel=question.account,
            text=escape(question.subject),
            blocks=list(question.blocks),
            unfurl_links=False,
        )
        return {"channel": str(answer["channel"]), "ts": str(answer["ts"])}

    def remind(self, question: Question, reference: Reference) -> None:
        """See Way."""
        if not reference:
            self.ask(question)
            return
        text = escape(f"{REMINDER}{question.subject[:1].lower()}{question.subject[1:]}")
        place = {"channel": reference["channel"], "thread_ts": reference["ts"]}
        call(self.client, "chat_postMessage", text=text, unfurl_links=False, **place)


@dataclass(slots=True)
class MailWay:
    """One mail to one address."""

    mailer: Mailer
    unsubscribe: Callable[[str, str], str]
    """Returns the unsubscribe link for an address and a kind of mail."""
    repeats: bool = field(default=True, init=False)

    def destination(self, question: Question) -> str:
        """See Way."""
        return self.mailer.smtp.destination(question.recipient)

    def ready(self) -> None:
        """An unreachable server shows with the first mail, and is not waited for again."""

    def ask(self, question: Question) -> Reference:
        """See Way."""
        return self._send(question, question.key, question.subject, question.text, "")

    def remind(self, question: Question, reference: Reference) -> None:
        """See Way."""
        first = str(reference.get("message_id") or message_id(self.mailer.smtp, question.recipient, question.key))
        text = f"{REMINDER}{question.text[:1].lower()}{question.text[1:]}"
        self._send(question, f"{question.key} reminder", f"Re: {question.subject}", text, first)

    def _send(self, question: Question, key: str, subject: str, text: str, first: str) -> Reference:
        link = self.unsubscribe(question.recipient, question.kind)
        mail = new_mail(self.mailer.smtp, question.recipient, subject, key, link, question.kind)
        if first:
            mail["In-Reply-To"], mail["References"] = first, first
        values = {
            "title": question.subject,
            "text": text,
            "lines": question.lines,
            "link": question.link,
            "note": question.note,
            "stop": link,
        }
        folder = files("alerts").joinpath("templates")
        for kind, escaped in (("txt", False), ("html", True)):
            template = Environment(autoescape=escaped, trim_blocks=True)  # noqa: S701 - text/plain is not escaped
            found = template.from_string(folder.joinpath(f"ask.{kind}.j2").read_text("utf-8")).render(values)
            if escaped:
                mail.add_alternative(found, subtype="html")
            else:
                mail.set_content(found)
        self.mailer.send(mail)
        return {"message_id": str(mail["Message-ID"])}
