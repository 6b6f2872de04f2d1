"""The channels that the settings name. A further one is a module in alerts/ and a line in CHANNELS."""

from collections.abc import Callable, Iterator

from alerts.channel import Channel
from alerts.slack import Faces
from leeway.app import App


def channels(app: App) -> list[Channel]:
    """Every place where people are notified of findings, made anew for each round."""
    return [one for make in CHANNELS for one in make(app)]


def faces(app: App) -> Faces:
    """What an alert can lead to: the page, and buttons where somebody answers them."""
    slack = app.settings.slack
    answered = bool(slack and (slack.signing_secret.get_secret_value() or slack.app_token.get_secret_value()))
    return Faces(app.settings.web.url.rstrip("/"), answered)


def _slack(app: App) -> Iterator[Channel]:
    from alerts.slack_channel import SlackChannel, slack_client

    slack = app.settings.slack
    if slack is None:
        return
    client = slack_client(slack.token.get_secret_value(), slack.api_url)
    if slack.alert_channel:
        yield SlackChannel(client, slack.alert_channel, "company", faces(app))
    if slack.ops_channel:
        yield SlackChannel(client, slack.ops_channel, "ops", faces(app))


CHANNELS: tuple[Callable[[App], Iterator[Channel]], ...] = (_slack,)
