"""Microsoft Teams: a workflow's webhook accepts an Adaptive Card. Links replace buttons, which would have no handler.

The whole message may have 28 KB, counted with what the workflow adds, so cards are kept below `LARGEST`, and the chart
travels inside as a small palette PNG. The webhook answers 202 before anything is posted and no message can be looked up:
one that may have arrived is sent again and says so.
"""

import base64
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx
from PIL import Image

from alerts.channel import DeliveryError, FollowUp, GroupView, Notice, Reference, SentMessage, whole_lines
from alerts.retry import destination
from alerts.view import AlertView
from alerts.words import Name, Words, isolated, sentence
from connectors.base import Check
from connectors.network import trusted, why
from pipeline.drift.finding import Audience

SECONDS = 10
LARGEST = 21_000
"""Bytes of a request: one of 24,453 was seen to grow to 28,897, over the limit of 28,672 (msteams-docs issue 11274)."""
LONGEST_TEXT = 4_000
COLOURS = 16
_FIXES = {
    400: "The workflow does not accept the card; create it from the template for webhook requests.",
    401: "Copy the workflow's address again.",
    403: "Copy the workflow's address again.",
    404: "The workflow is gone; create a new one.",
    410: "The workflow is gone; create a new one.",
    413: "The message is too large; please report it.",
}


@dataclass(slots=True)
class TeamsChannel:
    """`webhook` is a secret: it is in no message of an error. `page` is the address of Leeway's page, or empty."""

    webhook: str = field(repr=False)
    audience: Audience = "company"
    page: str = ""
    name: str = field(default="", init=False)

    def __post_init__(self) -> None:
        self.name = "teams" if self.audience == "company" else f"teams {self.audience}"

    @property
    def place(self) -> str:
        """As people call it."""
        return "Microsoft Teams" if self.audience == "company" else f"Microsoft Teams ({self.audience})"

    @property
    def destination(self) -> str:
        """See Channel."""
        return destination((self.webhook,))

    def send(self, notice: Notice) -> Reference:
        """Post a card; without its chart where it would be too large with it."""
        body = _body(notice)
        if notice.again:
            body.insert(0, _text("Sent again: it is not certain that this arrived the first time.", subtle=True))
        whole = _message(body, self._links(notice.drifts[0]))
        if picture := notice.picture():
            image = {
                "type": "Image",
                "url": "data:image/png;base64," + base64.b64encode(_small(picture)).decode(),
                "altText": notice.headline[:300],
                "size": "Stretch",
            }
            pictured = _message([*body[:-1], image, body[-1]], self._links(notice.drifts[0]))
            whole = pictured if len(pictured) <= LARGEST else whole
        self._post(whole)
        return {"headline": notice.headline[:300]}

    def find(self, notice: Notice, since: datetime, known: Sequence[Reference], *, tried: bool) -> SentMessage | None:
        """None: a webhook cannot be asked."""
        return None

    def follow_up(self, reference: Reference, news: FollowUp, since: datetime | None) -> None:
        """A card of its own that names the alert: a webhook cannot reply."""
        text = sentence(news.text)
        about = _text(f"About: {reference.get('headline', 'an alert')}", subtle=True)
        self._post(_message([_text(text), about], self._links(news.drift)))

    def check(self) -> Iterator[Check]:
        """Whether something answers there. Nothing is posted, so what the workflow does shows with the first card."""
        name = f"teams{'' if self.audience == 'company' else ' ' + self.audience}"
        try:
            status = self._ask("GET", None).status_code
        except DeliveryError as error:
            yield Check(name, False, error.message, error.fix)
            return
        if status in (404, 410) or status >= 500:
            yield Check(name, False, f"the workflow answered {status}", _FIXES.get(status, "Try again later."))
        else:
            yield Check(name, True, "the webhook answers; whether the workflow posts will show with the first card")

    def _links(self, drift: int) -> list[dict[str, Any]]:
        if not self.page or self.audience != "company":
            return []
        return [{"type": "Action.OpenUrl", "title": "See the weeks and decide", "url": f"{self.page}/drifts/{drift}"}]

    def _post(self, whole: bytes) -> None:
        answer = self._ask("POST", whole)
        status, words = answer.status_code, answer.text[:500].lower()
        if status == 429 or status >= 500:
            raise DeliveryError(
                f"the workflow answered {status}.", "Try again later.", refused=status == 429, down=True
            )
        if status >= 300:
            raise DeliveryError(
                f"the workflow answered {status}.",
                _FIXES.get(status, ""),
                refused=True,
                down=status != 400,
                lasting=True,
            )
        if status == 200 and "http error" in words:  # the older connectors answer 200 and say in words that it failed
            raise DeliveryError(
                "Teams reports that the message was not delivered.", "Check the workflow's run history.", refused=True
            )

    def _ask(self, method: str, whole: bytes | None) -> httpx.Response:
        try:
            if httpx.URL(self.webhook).scheme not in ("https", "http"):
                raise httpx.UnsupportedProtocol("not a web address")
            # With the character set named: without it Teams counts two bytes a character.
            headers = {"Content-Type": "application/json; charset=utf-8"}
            return httpx.request(
                method, self.webhook, content=whole, headers=headers, timeout=SECONDS, verify=trusted()
            )
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            refused = isinstance(
                error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.UnsupportedProtocol, httpx.InvalidURL)
            )
            what, fix = why(error, "Check teams.webhook and the network.")
            raise DeliveryError(f"the webhook does not answer ({what}).", fix, refused=refused, down=True) from None


def _body(notice: Notice) -> list[dict[str, Any]]:
    title = {"type": "TextBlock", "size": "Large", "weight": "Bolder", "wrap": True, "text": _literal(notice.headline)}
    if isinstance(notice.content, str):
        return [_text(notice.content)]
    if isinstance(notice.content, GroupView):
        lines = [f"{line.name[:120]}: {line.change}" for line in notice.content.lines]
        shown = whole_lines(lines, LONGEST_TEXT, "and {n} more teams").splitlines()
        return [title, *map(_text, shown), _words(("To decide: ", notice.content.decision))]
    assert isinstance(notice.content, AlertView)  # noqa: S101 - the only one left
    alert = notice.content
    return [title, *map(_words, alert.story), _words(("To decide: ", *alert.decision)), _text(alert.note, subtle=True)]


def _words(words: Words) -> dict[str, Any]:
    """A RichTextBlock, in which nothing is Markdown: text of others shows as it is."""
    runs = [
        {"type": "TextRun", "text": isolated(one.text[:300]), "weight": "Bolder"}
        if isinstance(one, Name)
        else {"type": "TextRun", "text": one[:LONGEST_TEXT]}
        for one in words
    ]
    return {"type": "RichTextBlock", "inlines": runs}


def _text(text: str, *, subtle: bool = False) -> dict[str, Any]:
    run: dict[str, Any] = {"type": "TextRun", "text": text[:LONGEST_TEXT]}
    return {"type": "RichTextBlock", "inlines": [run | ({"isSubtle": True, "size": "Small"} if subtle else {})]}


def _literal(text: str) -> str:
    """A TextBlock reads Markdown: its signs as signs that look the same."""
    return " ".join(text[:300].translate(str.maketrans("*_[]`<>", "∗＿［］'‹›")).split())


def _message(body: Sequence[dict[str, Any]], actions: Sequence[dict[str, Any]]) -> bytes:
    """What the template "post to a channel when a webhook request is received" takes; version 1.4, which all of Teams shows."""
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": list(body),
        "actions": list(actions),
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return json.dumps({"type": "message", "attachments": [attachment]}, ensure_ascii=False).encode()


def _small(picture: bytes) -> bytes:
    """The picture at 480 pixels in a few colours: some 6 KB instead of 180."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    image.thumbnail((480, 480))
    out = io.BytesIO()
    image.quantize(COLOURS, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()
