"""Post what is new to Slack, in the hours in which people want to hear of it."""

from zoneinfo import ZoneInfo

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

from alerts.delivery import tell_changes, tell_pending
from alerts.slack import Faces
from alerts.view import Terms
from leeway.app import App
from pipeline.cycle import Report
from pipeline.register.document import Register
from pipeline.register.workdays import Workdays


def notify_pending(app: App, report: Report | None = None) -> int:
    """Post raised drifts to Slack; 0 where no channel is set, and in quiet hours: then they wait."""
    slack = app.settings.slack
    if slack is None or not slack.alert_channel:
        return 0
    _, register = app.register()
    if not may_notify(app, register):
        return 0

    client = WebClient(token=slack.token.get_secret_value(), base_url=slack.api_url.rstrip("/") + "/")
    client.retry_handlers.append(RateLimitErrorRetryHandler(max_retry_count=3))
    channel, least = slack.alert_channel, app.settings.drift.least_people
    try:
        told = tell_pending(
            app.sessions, register, client, channel, least, app.now, faces(app), slack.ops_channel, terms(app)
        )
        tell_changes(app.sessions, register, client, app.now)
        return told
    except SlackApiError as error:
        reason = error.response.get("error", "no answer") if hasattr(error.response, "get") else "no answer"
        sentence = f"slack: the alert could not be posted to {channel!r}: {reason}. It is tried again next time."
    except (SlackClientError, OSError) as error:
        sentence = f"slack: the alert could not be posted ({type(error).__name__}). It is tried again next time."
    if report is not None:
        report.errors.append(sentence)
    return 0


def may_notify(app: App, register: Register) -> bool:
    """Whether this is an hour and a day on which alerts may be posted."""
    hours, local = app.settings.alerts, app.now().astimezone(ZoneInfo(register.calendar.time_zone))
    workday = hours.any_day or Workdays(register.calendar).is_workday(local.date())
    return workday and hours.from_hour <= local.hour < hours.to_hour


def terms(app: App) -> Terms:
    """What an alert says of itself."""
    drift = app.settings.drift
    return Terms(drift.least_people, drift.company_alarms, drift.team_alarms)


def faces(app: App) -> Faces:
    """What an alert can lead to."""
    slack = app.settings.slack
    answered = bool(slack and (slack.signing_secret.get_secret_value() or slack.app_token.get_secret_value()))
    return Faces(app.settings.web.url.rstrip("/"), answered)
