"""Builds from the settings what the commands and tasks work with."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from connectors.base import Connector
from connectors.registry import SOURCES, connector
from leeway.settings import Settings
from models import connect

if TYPE_CHECKING:
    from pipeline.cycle import Progress, Report
    from pipeline.drift import DriftSettings
    from pipeline.encode import Encoder
    from pipeline.register import Register


class NotReady(Exception):
    """Something that must be done first; the message says what."""


class App:
    """Settings and everything made from them, each at its first use."""

    def __init__(self, settings: Settings, *, now: datetime | None = None) -> None:
        self.settings, self._now = settings, now

    def now(self) -> datetime:
        """The present; a fixed time in the demo."""
        return self._now or datetime.now(UTC)

    @cached_property
    def engine(self) -> Engine:
        """The database, brought to the newest version."""
        import migrations

        engine = connect(self.settings.database.url)
        migrations.upgrade(engine)
        return engine

    @cached_property
    def sessions(self) -> sessionmaker[Session]:
        """Sessions on the database."""
        return sessionmaker(self.engine)

    @cached_property
    def connectors(self) -> Mapping[str, Connector]:
        """The configured sources."""
        found = {}
        for name in SOURCES:
            section = getattr(self.settings, name)
            if section is not None and (name != "slack" or section.channels):
                found[name] = connector(name, **_plain(section))
        return found

    @cached_property
    def encoder(self) -> "Encoder":
        """The sentence encoder; loads its model when it is first used."""
        from pipeline.encode import SentenceEncoder

        return SentenceEncoder(self.settings.model.name)

    def register(self) -> tuple[int, "Register"]:
        """The current register. Raises NotReady where none was loaded."""
        from pipeline.cycle import current_register

        with self.sessions() as session:
            found = current_register(session)
        if found is None:
            raise NotReady(
                "no register is loaded yet. Write okrs.yaml (`leeway init`), then `leeway okrs load okrs.yaml`."
            )
        return found

    def drift_settings(self) -> "DriftSettings":
        """The detector's part of the settings."""
        from pipeline.drift import DriftSettings

        return DriftSettings(**self.settings.drift.model_dump())

    def run_once(self, progress: "Progress") -> "Report":
        """One whole cycle, then tell what is new. Raises NotReady where nothing is configured."""
        from pipeline.cycle import run_cycle

        if not self.connectors:
            raise NotReady("no source is configured. Add [jira], [slack] or [hubspot] to leeway.toml (`leeway init`).")
        self.register()
        report = run_cycle(
            self.connectors, self.sessions, self.encoder, self.drift_settings(), self.now(),
            timedelta(weeks=self.settings.history.weeks), progress,
        )  # fmt: skip
        with report.stage("speak"):
            report.counts["alerts"] = self.tell(report)
        return report

    def tell(self, report: "Report | None" = None) -> int:
        """Post raised drifts to Slack; 0 where no channel is set."""
        slack = self.settings.slack
        if slack is None or not slack.alert_channel:
            return 0
        from slack_sdk import WebClient
        from slack_sdk.errors import SlackApiError, SlackClientError
        from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

        from alerts.slack import tell_pending

        client = WebClient(token=slack.token.get_secret_value(), base_url=slack.api_url.rstrip("/") + "/")
        client.retry_handlers.append(RateLimitErrorRetryHandler(max_retry_count=3))
        _, register = self.register()
        channel, least = slack.alert_channel, self.settings.drift.least_people
        try:
            return tell_pending(self.sessions, register, client, channel, least, self.now)
        except SlackApiError as error:
            reason = error.response.get("error", "no answer") if hasattr(error.response, "get") else "no answer"
            sentence = f"slack: the alert could not be posted to {channel!r}: {reason}. It is tried again next time."
        except (SlackClientError, OSError) as error:
            sentence = f"slack: the alert could not be posted ({type(error).__name__}). It is tried again next time."
        if report is not None:
            report.errors.append(sentence)
        return 0

    def send_digests(self, only: str | None = None) -> tuple[int, list[str]]:
        """Send this week's digests that were not sent. Raises NotReady where no mail server is set."""
        from alerts.digest import Smtp, send_due

        smtp = self.settings.smtp
        if not smtp.host:
            raise NotReady("no mail server is set. Add [smtp] with host and sender to leeway.toml.")
        values = smtp.model_dump() | {"password": smtp.password.get_secret_value()}
        return send_due(self.sessions, self.register()[1], Smtp(**values), only)


def _plain(section: Any) -> dict[str, Any]:
    """The section's values as its connector takes them, secrets opened."""
    values = {}
    for name, value in section:
        if name != "alert_channel":
            values[name] = value.get_secret_value() if hasattr(value, "get_secret_value") else value
    return values
