"""The channels in the settings. Adding one takes a module in alerts/ and a line in CHANNELS."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from sqlalchemy import select

from alerts.channel import Channel
from alerts.slack import Faces
from leeway.app import App
from leeway.opt_out import smtp_of, unsubscribe_link
from leeway.settings.schema import SlackSettings
from models import OptOut
from pipeline.drift.finding import Audience

if TYPE_CHECKING:
    from slack_sdk import WebClient


def channels(app: App) -> list[Channel]:
    """Return every channel that notifies people of findings, built afresh for each round."""
    return [one for make in CHANNELS for one in make(app)]


def faces(app: App) -> Faces:
    """Return what an alert can link to: the page, and buttons if they are handled."""
    slack = app.settings.slack
    answered = bool(slack and (slack.signing_secret.get_secret_value() or slack.app_token.get_secret_value()))
    return Faces(app.settings.web.url.rstrip("/"), answered)


def posting_client(app: App, slack: SlackSettings) -> "WebClient":
    """Return the client that posts to Slack; closed if the token belongs to another workspace than the one read: alerts are
    confidential."""
    from alerts.slack_channel import slack_client
    from alerts.slack_closed import ClosedClient
    from leeway.tenants import refused

    client, other = slack_client(slack.token.get_secret_value(), slack.api_url), refused(app, "slack")
    return ClosedClient(client, other.message, other.fix) if other else client


def _slack(app: App) -> Iterator[Channel]:
    slack = app.settings.slack
    if slack is None:
        return
    from alerts.slack_channel import SlackChannel

    client = posting_client(app, slack)
    if slack.alert_channel:
        yield SlackChannel(client, slack.alert_channel, "company", faces(app))
    if slack.ops_channel:
        yield SlackChannel(client, slack.ops_channel, "ops", faces(app))


def _teams(app: App) -> Iterator[Channel]:
    given, page = app.settings.teams, app.settings.web.url.rstrip("/")
    if not (given.webhook.get_secret_value() or given.ops_webhook.get_secret_value()):
        return
    from alerts.teams import TeamsChannel

    if webhook := given.webhook.get_secret_value():
        yield TeamsChannel(webhook, "company", page)
    if webhook := given.ops_webhook.get_secret_value():
        yield TeamsChannel(webhook, "ops", page)


def _emails(app: App) -> Iterator[Channel]:
    given, page = app.settings.alerts, app.settings.web.url.rstrip("/")
    if not (given.emails or given.ops_emails):
        return
    from alerts.email import PURPOSE, EmailChannel
    from alerts.mail import Mailer

    mailer = Mailer(smtp_of(app))
    with app.sessions() as session:
        out = set(session.scalars(select(OptOut.address).where(OptOut.kind == PURPOSE)))
    listed: tuple[tuple[Audience, list[str]], ...] = (("company", given.emails), ("ops", given.ops_emails))
    for audience, addresses in listed:
        for address in addresses:
            if address.lower() not in out:
                yield EmailChannel(mailer, address, audience, page, unsubscribe_link(app, address, PURPOSE))


CHANNELS: tuple[Callable[[App], Iterator[Channel]], ...] = (_slack, _teams, _emails)
