"""Settings: leeway.toml, each value also an environment variable (LEEWAY_JIRA__TOKEN), secrets also from files
(LEEWAY_JIRA__TOKEN_FILE). An unknown name is an error: a misspelt setting must not be silently ignored."""

import difflib
import os
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

PREFIX = "LEEWAY_"
_OTHER = {"LEEWAY_CONFIG"}


class SettingsError(Exception):
    """A setting is missing, unknown or of the wrong kind; the message says where and what to do."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid")


class DatabaseSettings(_Section):
    """Where everything is kept."""

    url: str = "sqlite:///leeway.db"


class BrokerSettings(_Section):
    """Redis for Celery; not needed for `leeway run`."""

    url: str = "redis://127.0.0.1:6379/0"


class JiraSettings(_Section):
    """Jira Cloud with e-mail and API token, or Data Center with a personal access token alone."""

    url: str
    email: str = ""
    token: SecretStr
    projects: list[str] = Field(min_length=1)
    requests_per_second: float = Field(10, gt=0)


class SlackSettings(_Section):
    """The app's bot token, the channels that are read, the one for drift alerts, and the one for faults of the data."""

    token: SecretStr
    channels: list[str] = []
    alert_channel: str = ""
    ops_channel: str = ""
    api_url: str = "https://slack.com/api/"
    thread_days: int = Field(30, ge=1, le=365)
    requests_per_minute: float = Field(48, gt=0)
    signing_secret: SecretStr = SecretStr("")
    app_token: SecretStr = SecretStr("")


class HubSpotSettings(_Section):
    """A private app's token and the pipelines that are read."""

    token: SecretStr
    pipelines: list[str] = Field(min_length=1)
    api_url: str = "https://api.hubapi.com"
    searches_per_second: float = Field(4, gt=0)
    requests_per_second: float = Field(9, gt=0)


class MailboxSettings(_Section):
    """A shared mailbox (support@, orders@), never a person's own; `own_domains` tell colleagues from customers."""

    host: str
    port: int = Field(0, ge=0, le=65535)
    security: Literal["tls", "starttls", "none"] = "tls"
    username: str
    password: SecretStr
    folders: list[str] = Field(["INBOX"], min_length=1)
    own_domains: list[str] = Field(min_length=1)


class IdentitySettings(_Section):
    """`file` maps accounts to addresses; `teams` maps Slack user groups and HubSpot teams to teams of okrs.yaml."""

    file: str = ""
    teams: dict[str, str] = {}


class WebSettings(_Section):
    """The page. `url` is how people reach it, for links in Slack and mails; empty where only this machine does.

    With `oidc_issuer` (https://slack.com, or any OpenID Connect provider) people sign in there; `company` and `ops` list
    the addresses of those roles, and a team's lead in okrs.yaml sees that team. `metrics_token` is what Prometheus sends.
    """

    host: str = "127.0.0.1"
    port: int = Field(8440, ge=1, le=65535)
    url: str = ""
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr = SecretStr("")
    company: list[str] = []
    ops: list[str] = []
    metrics_token: SecretStr = SecretStr("")


class RetentionSettings(_Section):
    """After how many days the words of messages, comments and descriptions are deleted; left out: never."""

    text_days: int | None = Field(None, ge=0)


class ModelSettings(_Section):
    """`bundled`, or any sentence-transformers name or folder."""

    name: str = "bundled"


class HistorySettings(_Section):
    """How far back the first pull goes."""

    weeks: int = Field(26, ge=4, le=520)


class ScheduleSettings(_Section):
    """How often sources are pulled, in minutes, how long a pull may spend on the past before what is there is analysed, and
    when the digest leaves. `wake_seconds` is how often Celery beat has the workers look for what is pending."""

    pull_minutes: int = Field(15, ge=1)
    wake_seconds: float = Field(30, ge=0.5)
    backfill_minutes: int = Field(10, ge=1)
    digest_weekday: int = Field(0, ge=0, le=6)
    digest_hour: int = Field(8, ge=0, le=23)


class DriftSection(_Section):
    """Wanted false alarms a year, the smallest team that figures are given for, the part of the work that no tool shows."""

    company_alarms: float = Field(0.4, gt=0)
    team_alarms: float = Field(0.25, gt=0)
    least_people: int = Field(5, ge=3)
    unseen: float = Field(0.05, ge=0, le=0.3)


class AlertSettings(_Section):
    """When alerts may be posted: on working days of the register's calendar, between these hours of its time zone."""

    from_hour: int = Field(8, ge=0, le=23)
    to_hour: int = Field(18, ge=1, le=24)
    any_day: bool = False


class SmtpSettings(_Section):
    """How the digest leaves; without a host none is sent."""

    host: str = ""
    port: int = 587
    sender: str = "leeway@localhost"
    username: str = ""
    password: SecretStr = SecretStr("")
    starttls: bool = True


class Settings(BaseSettings):
    """All of it."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid")

    database: DatabaseSettings = DatabaseSettings()
    broker: BrokerSettings = BrokerSettings()
    jira: JiraSettings | None = None
    slack: SlackSettings | None = None
    hubspot: HubSpotSettings | None = None
    mailbox: MailboxSettings | None = None
    identity: IdentitySettings = IdentitySettings()
    retention: RetentionSettings = RetentionSettings()
    web: WebSettings = WebSettings()
    model: ModelSettings = ModelSettings()
    history: HistorySettings = HistorySettings()
    schedule: ScheduleSettings = ScheduleSettings()
    drift: DriftSection = DriftSection()
    alerts: AlertSettings = AlertSettings()
    smtp: SmtpSettings = SmtpSettings()

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource, dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:  # fmt: skip
        """Environment over secret files over leeway.toml (which comes as the initial values)."""
        if isinstance(env_settings, EnvSettingsSource):  # LEEWAY_JIRA__TOKEN_FILE is no setting jira.token_file
            variables = env_settings.env_vars.items()
            env_settings.env_vars = {k: v for k, v in variables if not k.lower().endswith("_file")}
        return env_settings, InitSettingsSource(settings_cls, _from_files()), init_settings


def default_path() -> Path:
    """LEEWAY_CONFIG, else leeway.toml in this folder."""
    return Path(os.environ.get("LEEWAY_CONFIG", "leeway.toml"))


def load(path: Path | None = None) -> Settings:
    """Read the settings. Raises SettingsError with one line for each fault."""
    asked, path = path is not None, path or default_path()
    try:
        with path.open("rb") as file:
            given = tomllib.load(file)
    except FileNotFoundError:
        if asked:
            raise SettingsError(f"{path} does not exist. `leeway init` writes one.") from None
        given = {}
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: not valid TOML: {error}") from None
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from None
    _refuse_unknown_variables()
    try:
        return Settings(**given)
    except ValidationError as error:
        raise SettingsError("\n".join(_sentence(path, fault) for fault in error.errors(include_input=False))) from None


def _sentence(path: Path, fault: Any) -> str:
    name = ".".join(str(part) for part in fault["loc"])
    variable = PREFIX + "__".join(str(part) for part in fault["loc"]).upper()
    if fault["type"] == "extra_forbidden":
        near = difflib.get_close_matches(name, known_names(), 1)
        return f"{path}: unknown setting {name}." + (
            f" Did you mean {near[0]}?" if near else " `leeway init` shows all."
        )
    if fault["type"] == "missing":
        return f"{path}: {name} is missing. Set it there, or as {variable}."
    return f"{path}: {name}: {fault['msg']}. (It may also come from {variable}.)"


def known_names() -> list[str]:
    """Every setting as section.name."""
    found = []
    for section, info in Settings.model_fields.items():
        kinds = [kind for kind in getattr(info.annotation, "__args__", [info.annotation]) if kind is not type(None)]
        found += [f"{section}.{name}" for name in kinds[0].model_fields]
    return found


def _variables() -> dict[str, str]:
    """Environment variable, by setting."""
    return {PREFIX + name.upper().replace(".", "__"): name for name in known_names()}


def _refuse_unknown_variables() -> None:
    known = _variables()
    for variable in sorted(os.environ):
        plain = variable.upper().removesuffix("_FILE")
        if variable.upper().startswith(PREFIX) and plain not in known and variable.upper() not in {*known, *_OTHER}:
            near = difflib.get_close_matches(variable, known, 1)
            mend = f" Did you mean {near[0]}?" if near else ""
            raise SettingsError(f"the environment variable {variable} names no setting.{mend}")


def _from_files() -> dict[str, Any]:
    found: dict[str, Any] = {}
    for variable, name in _variables().items():
        path = os.environ.get(f"{variable}_FILE")
        if path:
            try:
                value = Path(path).read_text(encoding="utf-8").strip()
            except OSError as error:
                raise SettingsError(f"{variable}_FILE: {path} cannot be read: {error.strerror}") from None
            section, _, key = name.partition(".")
            found.setdefault(section, {})[key] = value
    return found
