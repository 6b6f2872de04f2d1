"""Build from the settings what commands and tasks work with."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from connectors.base import Connector
from connectors.network import unusable_proxy
from connectors.registry import SOURCES, connector
from leeway.settings import Settings, SettingsError, default_path, load
from leeway.settings.changes import stamp
from models import connect
from pipeline.register.workdays import history_begins

if TYPE_CHECKING:
    from connectors.limits import Limiter
    from pipeline.drift.detector import DriftSettings
    from pipeline.encode.encoder import Encoder
    from pipeline.findings.thresholds import Thresholds
    from pipeline.people.identity import Directory
    from pipeline.register.document import Register


NO_REGISTER = "no register is loaded yet. Write okrs.yaml (`leeway init`), then `leeway okrs load okrs.yaml`."
log = structlog.get_logger()


class NotReady(Exception):
    """Something must be done first; the message says what."""


class App:
    """Settings and everything built from them, each on first use."""

    def __init__(
        self,
        settings: Settings,
        *,
        now: datetime | None = None,
        shared_limits: bool = False,
        path: Path | None = None,
    ) -> None:
        self.settings, self._now = settings, now
        self._path = path or default_path()
        self._seen = self._refused = stamp(self._path, settings)
        self.standing_link: str | None = None  # a way in that lasts as long as the process; only the demo makes one
        self._share_limits = shared_limits or "broker" in settings.model_fields_set

    def refresh(self) -> None:
        """Take over what was changed in the settings, their files of secrets and the mapping file, for a process that runs on.

        Where they do not hold any more the old ones stay, and it is said once.
        """
        seen = stamp(self._path, self.settings)
        if seen in (self._seen, self._refused):
            return
        try:
            settings = load(self._path if self._path.exists() else None)
        except SettingsError as error:
            log.error("changed settings were not applied", reason=str(error))
            self._refused = seen
            return
        old, self.settings = self.settings, settings
        self._seen = self._refused = stamp(self._path, settings)
        for made in ("connectors", "limiter", "directory", *(["encoder"] if old.model != settings.model else [])):
            self.__dict__.pop(made, None)
        if old.database != settings.database and "engine" in self.__dict__:
            self.engine.dispose()
            for made in ("engine", "sessions"):
                self.__dict__.pop(made, None)
        log.info("settings reloaded")

    def now(self) -> datetime:
        """The current time; a fixed time in the demo."""
        return self._now or datetime.now(UTC)

    @cached_property
    def engine(self) -> Engine:
        """The database, upgraded to the newest version."""
        import migrations
        from leeway import __version__

        engine = connect(self.settings.database.url)
        migrations.upgrade(engine, __version__)
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
                found[name] = self.connector_of(name, section)
        return found

    def connector_of(self, name: str, section: Any) -> Connector:
        """Return a source's connector for a section of the settings. Raises NotReady if no client could connect from this
        machine."""
        address = getattr(section, "api_url", "") or getattr(section, "url", "") or "https://calendars"
        if section.over_http and (fault := unusable_proxy(address)):
            raise NotReady(f"{name}: {fault}")
        return connector(name, **_plain(section), limiter=self.limiter, now=lambda: self.now().timestamp())

    @cached_property
    def limiter(self) -> "Limiter":
        """Rate limits: shared by all workers through Redis if a broker is set, else per process."""
        from connectors.limits import Limiter

        return Limiter(self.settings.broker.spelled("redis+unix") if self._share_limits else None)

    @cached_property
    def directory(self) -> "Directory":
        """The accounts and groups in the settings. Raises InputError if the file is invalid."""
        from pipeline.people.identity import read_directory

        given = self.settings.identity
        return read_directory(Path(given.file) if given.file else None, given.teams)

    def since(self) -> datetime:
        """How far back the history goes."""
        return history_begins(self.now(), timedelta(weeks=self.settings.history.weeks))

    @cached_property
    def encoder(self) -> "Encoder":
        """The sentence encoder; loads its model on first use."""
        from pipeline.encode.encoder import SentenceEncoder

        return SentenceEncoder(self.settings.model.name, self.settings.model.on)

    def register(self) -> tuple[int, "Register"]:
        """Return the current register and its version. Raises NotReady if none is loaded."""
        from pipeline.register.versions import current_register

        with self.sessions() as session:
            found = current_register(session)
        if found is None:
            raise NotReady(NO_REGISTER)
        return found

    def drift_settings(self) -> "DriftSettings":
        """The detector's part of the settings."""
        from pipeline.drift.detector import DriftSettings

        given = self.settings.drift.model_dump()
        return DriftSettings(**given | {"gap_points": given["gap_points"] / 100})

    def thresholds(self, register: "Register") -> "Thresholds":
        """Thresholds of the diagnoses, from the settings and the size of the company."""
        from pipeline.findings.thresholds import thresholds

        given = self.settings.findings
        people = len(register.addresses())
        return thresholds(given.size, people, given.thresholds)

    def refuse_own_mailbox(self, register: "Register") -> None:
        """Raise NotReady if the configured mailbox belongs to a person."""
        mailbox = self.settings.mailbox
        members = register.addresses()
        if mailbox is not None and mailbox.username.lower() in members:
            raise NotReady(
                f"{mailbox.username} is a member's own mailbox. Only shared mailboxes are read; change mailbox.username."
            )


def _plain(section: Any) -> dict[str, Any]:
    """The section's values as its connector takes them, with secrets revealed."""
    values = {}
    for name, value in section:
        if name not in ("alert_channel", "ops_channel", "signing_secret", "app_token"):
            values[name] = value.get_secret_value() if hasattr(value, "get_secret_value") else value
    return values
