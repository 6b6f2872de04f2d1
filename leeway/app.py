"""Builds from the settings what the commands and tasks work with."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from connectors.base import Connector
from connectors.registry import SOURCES, connector
from leeway.settings import Settings
from models import connect

if TYPE_CHECKING:
    from alerts.slack import Faces
    from connectors.limits import Limiter
    from pipeline.cycle import Progress, Report
    from pipeline.drift import DriftSettings
    from pipeline.encode import Encoder
    from pipeline.identity import Directory
    from pipeline.register import Register


class NotReady(Exception):
    """Something that must be done first; the message says what."""


class App:
    """Settings and everything made from them, each at its first use."""

    def __init__(self, settings: Settings, *, now: datetime | None = None, shared_limits: bool = False) -> None:
        self.settings, self._now = settings, now
        self._share_limits = shared_limits or "broker" in settings.model_fields_set

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
                found[name] = connector(
                    name, **_plain(section), limiter=self.limiter, now=lambda: self.now().timestamp()
                )
        return found

    @cached_property
    def limiter(self) -> "Limiter":
        """Rate limits: shared by all workers through Redis where a broker is set, else of this process."""
        from connectors.limits import Limiter

        return Limiter(self.settings.broker.url if self._share_limits else None)

    @cached_property
    def directory(self) -> "Directory":
        """What the settings say of accounts and groups. Raises InputError where the file is not right."""
        from pipeline.identity import read_directory

        given = self.settings.identity
        return read_directory(Path(given.file) if given.file else None, given.teams)

    def since(self) -> datetime:
        """How far back the history goes."""
        return self.now() - timedelta(weeks=self.settings.history.weeks)

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

    def refuse_own_mailbox(self, register: "Register") -> None:
        """Raises NotReady where the mailbox that is configured is a person's own."""
        mailbox = self.settings.mailbox
        members = {member.email.lower() for team in register.teams for member in team.members}
        if mailbox is not None and mailbox.username.lower() in members:
            raise NotReady(
                f"{mailbox.username} is a member's own mailbox. Only shared ones are read; change mailbox.username."
            )

    def prune(self, report: "Report") -> None:
        """Delete words that are older than the retention setting allows; once a day also what nobody needs any more."""
        from leeway.operations import prune, prune_vectors
        from pipeline import lease
        from pipeline.forget import drop_texts

        days, now = self.settings.retention.text_days, datetime.now(UTC)
        daily = lease.due(self.sessions, "prune", now)
        if days is None and not daily:
            return
        with report.stage("retention"):
            if days is not None:
                report.counts["texts_dropped"] = drop_texts(self.sessions, self.now() - timedelta(days=days))
            if daily:
                lease.not_before(self.sessions, "prune", now + timedelta(days=1))
                report.counts["pruned"] = prune(self.sessions, now) + prune_vectors(self.sessions)

    def run_once(self, progress: "Progress", budget: timedelta | None = None) -> "Report":
        """One whole cycle, then tell what is new. Raises NotReady where nothing is configured.

        With `budget`, no source spends longer on its past in this cycle.
        """
        from pipeline.cycle import run_cycle

        if not self.connectors:
            raise NotReady("no source is configured. Add [jira], [slack] or [hubspot] to leeway.toml (`leeway init`).")
        _, register = self.register()
        self.refuse_own_mailbox(register)
        report = run_cycle(
            self.connectors, self.sessions, self.encoder, self.drift_settings(), self.now(),
            timedelta(weeks=self.settings.history.weeks), progress, self.directory, budget,
        )  # fmt: skip
        self.prune(report)
        with report.stage("speak"):
            report.counts["alerts"] = self.tell(report)
        return report

    def tell(self, report: "Report | None" = None) -> int:
        """Post raised drifts to Slack; 0 where no channel is set, and in quiet hours: then they wait."""
        slack = self.settings.slack
        if slack is None or not slack.alert_channel:
            return 0
        _, register = self.register()
        if not self.may_speak(register):
            return 0
        from slack_sdk import WebClient
        from slack_sdk.errors import SlackApiError, SlackClientError
        from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

        from alerts.slack import tell_changes, tell_pending

        client = WebClient(token=slack.token.get_secret_value(), base_url=slack.api_url.rstrip("/") + "/")
        client.retry_handlers.append(RateLimitErrorRetryHandler(max_retry_count=3))
        channel, least = slack.alert_channel, self.settings.drift.least_people
        try:
            told = tell_pending(
                self.sessions, register, client, channel, least, self.now, self.faces(), slack.ops_channel
            )
            tell_changes(self.sessions, register, client, self.now)
            return told
        except SlackApiError as error:
            reason = error.response.get("error", "no answer") if hasattr(error.response, "get") else "no answer"
            sentence = f"slack: the alert could not be posted to {channel!r}: {reason}. It is tried again next time."
        except (SlackClientError, OSError) as error:
            sentence = f"slack: the alert could not be posted ({type(error).__name__}). It is tried again next time."
        if report is not None:
            report.errors.append(sentence)
        return 0

    def may_speak(self, register: "Register") -> bool:
        """Whether this is an hour and a day on which alerts may be posted."""
        from zoneinfo import ZoneInfo

        from pipeline.workdays import Workdays

        hours, local = self.settings.alerts, self.now().astimezone(ZoneInfo(register.calendar.time_zone))
        workday = hours.any_day or Workdays(register.calendar).is_workday(local.date())
        return workday and hours.from_hour <= local.hour < hours.to_hour

    def faces(self) -> "Faces":
        """What an alert can lead to."""
        from alerts.slack import Faces

        slack = self.settings.slack
        answered = bool(slack and (slack.signing_secret.get_secret_value() or slack.app_token.get_secret_value()))
        return Faces(self.settings.web.url.rstrip("/"), answered)

    def send_digests(self, only: str | None = None, *, due_only: bool = False) -> tuple[int, list[str]]:
        """Send the last week's digests that were not sent; with `due_only`, to those whose day and hour have come.

        Raises NotReady where no mail server is set.
        """
        from alerts.digest import Smtp, send_due

        smtp = self.settings.smtp
        if not smtp.host:
            raise NotReady("no mail server is set. Add [smtp] with host and sender to leeway.toml.")
        values = smtp.model_dump() | {"password": smtp.password.get_secret_value()}
        from leeway.links import digest_links, is_due

        _, register = self.register()
        return send_due(
            self.sessions, register, Smtp(**values), only,
            lambda session, team, themes: digest_links(self, session, register, team, themes), self.settings.web.company,
            (lambda session, address, week: is_due(self, session, address, week)) if due_only else (lambda *_: True),
        )  # fmt: skip


def _plain(section: Any) -> dict[str, Any]:
    """The section's values as its connector takes them, secrets opened."""
    values = {}
    for name, value in section:
        if name not in ("alert_channel", "ops_channel", "signing_secret", "app_token"):
            values[name] = value.get_secret_value() if hasattr(value, "get_secret_value") else value
    return values
