"""What can be set: a section each for what is connected, kept and told, with defaults and bounds.

Values are checked for what would fail only later, such as a token with a line break or hours in which nothing may be said.
"""
# Long: one table of all settings, a section after the other, which is read as a whole

import unicodedata
from dataclasses import fields
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from leeway.settings.values import (
    CONTROL,
    Address,
    BrokerAddress,
    DatabaseAddress,
    Host,
    Names,
    Networks,
    Token,
    repository,
)
from pipeline.findings.thresholds import WHOLE, Thresholds


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, hide_input_in_errors=True)
    several_lines: ClassVar[frozenset[str]] = frozenset()
    over_http: ClassVar[bool] = True
    """Of a source: whether it is reached as HTTP is, through a proxy where one is set."""

    @field_validator("*", mode="before")
    @classmethod
    def _as_meant(cls, value: Any, info: ValidationInfo) -> Any:
        """Texts without blanks around them, and what pydantic would take for something else refused."""
        if isinstance(value, str):
            value = value.strip()
            if info.field_name not in cls.several_lines and CONTROL.search(value):
                raise ValueError("it contains a line break or another control character")
        wanted = cls.model_fields[info.field_name or ""].annotation
        if isinstance(value, bool) and wanted in (int, float, int | None):
            raise ValueError("a number is needed, not true or false")
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            # Names as the sources answer them: an editor may have written an umlaut as two characters.
            return list(dict.fromkeys(unicodedata.normalize("NFC", one.strip()) for one in value))
        return value


class DatabaseSettings(_Section):
    """Where everything is kept."""

    url: DatabaseAddress = "sqlite:///leeway.db"


class BrokerSettings(_Section):
    """Redis for Celery; not needed for `leeway run`."""

    url: BrokerAddress = "redis://127.0.0.1:6379/0"

    def spelled(self, socket: str) -> str:
        """The address; a socket's in its reader's spelling: redis+socket (Celery), unix (redis-py), redis+unix (limits)."""
        scheme, _, rest = self.url.partition("://")
        return self.url if scheme in ("redis", "rediss") else f"{socket}://{rest}"


class JiraSettings(_Section):
    """Jira Cloud with e-mail and API token, or Data Center with a personal access token alone."""

    url: Address = Field(min_length=1)
    email: str = ""
    token: Token = Field(min_length=1)
    projects: Names = Field(min_length=1)
    fields: Names = []
    requests_per_second: float = Field(10, gt=0, le=10_000_000)


class SlackSettings(_Section):
    """The app's bot token, the channels that are read, the one for drift alerts, and the one for faults of the data."""

    token: Token = Field(min_length=1)
    channels: Names = []
    alert_channel: str = ""
    ops_channel: str = ""
    api_url: Address = "https://slack.com/api/"
    thread_days: int = Field(30, ge=1, le=365)
    requests_per_minute: float = Field(48, gt=0, le=10_000_000)
    signing_secret: Token = SecretStr("")
    app_token: Token = SecretStr("")


class HubSpotSettings(_Section):
    """A private app's token and the pipelines that are read."""

    token: Token = Field(min_length=1)
    pipelines: Names = Field(min_length=1)
    fields: Names = []
    api_url: Address = "https://api.hubapi.com"
    searches_per_second: float = Field(4, gt=0, le=10_000_000)
    requests_per_second: float = Field(9, gt=0, le=10_000_000)


class GitHubSettings(_Section):
    """A token, or an app's id, key and installation; the repositories that are read, as owner/name.

    `url` is where people open GitHub, their company's Enterprise Server too. Addresses of `own_domains` in commits join
    the accounts of one person.
    """

    several_lines = frozenset({"private_key"})
    repositories: list[Annotated[str, AfterValidator(repository)]] = Field(min_length=1)
    token: Token = SecretStr("")
    url: Address = Field("https://github.com", min_length=1)
    app_id: str = ""
    private_key: SecretStr = SecretStr("")
    installation_id: int = Field(0, ge=0)
    own_domains: Names = []
    requests_per_hour: float = Field(4_800, gt=0, le=100_000_000)

    @model_validator(mode="after")
    def _signed(self) -> Self:
        if self.app_id and not (self.private_key.get_secret_value() and self.installation_id):
            raise ValueError("an app needs app_id, private_key and installation_id")
        if not self.app_id and not self.token.get_secret_value():
            raise ValueError("token: is missing; set it, or app_id, private_key and installation_id of an app")
        return self


class CalendarSettings(_Section):
    """A CSV file of calendars and their addresses, which are passwords; colleagues are those of `own_domains`.

    Words of meetings are kept only with `titles`. `absence` are words of titles that say somebody is away; left out, the
    usual ones in several languages.
    """

    file: str = Field(min_length=1)
    own_domains: Names = Field(min_length=1)
    titles: bool = False
    absence: Names | None = None


class MailboxSettings(_Section):
    """A shared mailbox (support@, orders@), never a person's own; `own_domains` tell colleagues from customers."""

    over_http: ClassVar[bool] = False
    host: Host
    port: int = Field(0, ge=0, le=65535)
    security: Literal["tls", "starttls", "none"] = "tls"
    username: str
    password: SecretStr
    folders: Names = Field(["INBOX"], min_length=1)
    own_domains: Names = Field(min_length=1)


class IdentitySettings(_Section):
    """`file` maps accounts to addresses; `teams` maps Slack user groups and HubSpot teams to teams of okrs.yaml."""

    file: str = ""
    teams: dict[str, str] = {}


class WebSettings(_Section):
    """The page. `url` is how people reach it, for links in Slack and mails; empty where only this machine does.

    With `oidc_issuer` (https://slack.com, or any OpenID Connect provider) people sign in there; `company` and `ops` list
    the addresses of those roles, and a team's lead in okrs.yaml sees that team. `metrics_token` is what Prometheus sends,
    `mcp_url` how assistants reach `leeway mcp --http`. `url` may have a path. X-Forwarded-For, -Proto and -Prefix are believed
    of `trusted_proxies`: addresses, networks, or "*".
    """

    host: Host = "127.0.0.1"
    port: int = Field(8440, ge=1, le=65535)
    url: Address = ""
    mcp_url: Address = ""
    oidc_issuer: Address = ""
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr = SecretStr("")
    trusted_proxies: Networks = ["127.0.0.1", "::1"]
    company: Names = []
    ops: Names = []
    metrics_token: Token = SecretStr("")


class RetentionSettings(_Section):
    """After how many days the words of messages, comments and descriptions are deleted; left out: never."""

    text_days: int | None = Field(None, ge=0, le=36_500)


class ModelSettings(_Section):
    """`bundled`; `bundled-int8`, quicker and nearly the same; or any sentence-transformers name or folder. `on` is where it runs:
    `auto` takes a graphics card where that is quicker; `cpu`, `cuda` and `mps` leave no choice."""

    name: str = "bundled"
    on: Literal["auto", "cpu", "cuda", "mps"] = "auto"


class HistorySettings(_Section):
    """How far back the first pull goes."""

    weeks: int = Field(26, ge=4, le=520)


class ScheduleSettings(_Section):
    """How often sources are pulled, in minutes, how long a pull may spend on the past before what is there is analysed, and
    when the digest leaves. `wake_seconds` is how often Celery beat has the workers look for what is pending."""

    pull_minutes: int = Field(15, ge=1, le=1440)
    wake_seconds: float = Field(30, ge=0.5, le=3600)
    backfill_minutes: int = Field(10, ge=1, le=1440)
    digest_weekday: int = Field(0, ge=0, le=6)
    digest_hour: int = Field(8, ge=0, le=23)


class DriftSection(_Section):
    """Wanted false alarms a year, the smallest team that figures are given for, the part of the work that no tool shows.

    A gap to the plan is told when it is surely more than `gap_points` of 100 over `gap_weeks` whole weeks.
    """

    company_alarms: float = Field(0.4, gt=0, le=52)
    team_alarms: float = Field(0.25, gt=0, le=52)
    least_people: int = Field(5, ge=3, le=1000)
    unseen: float = Field(0.01, ge=0, le=0.3)
    gap_points: float = Field(4, ge=0, le=100)
    gap_weeks: int = Field(4, ge=1, le=26)


class FindingsSettings(_Section):
    """From which size on a diagnosis is one: a preset by `size` of company ("50" or "500" people, "more"; "auto" counts the
    members in okrs.yaml), and any of `thresholds` (docs/findings.md) in its place."""

    size: Literal["auto", "50", "500", "more"] = "auto"
    thresholds: dict[str, float] = {}

    @field_validator("thresholds")
    @classmethod
    def _known(cls, value: dict[str, float]) -> dict[str, float]:
        known = {one.name for one in fields(Thresholds)}
        for name, number in value.items():
            if name not in known:
                raise ValueError(f"there is no threshold {name!r}; expected one of {', '.join(sorted(known))}")
            if not number > 0:
                raise ValueError(f"{name} must be more than 0")
            if name in WHOLE and (number != int(number) or number < 1):
                raise ValueError(f"{name} must be a whole number")
        return value


class AlertSettings(_Section):
    """When alerts may be sent: on working days of the register's calendar, between these hours of its time zone.

    `emails` get drift alerts by mail, `ops_emails` faults of the data.
    """

    from_hour: int = Field(8, ge=0, le=23)
    to_hour: int = Field(18, ge=1, le=24)
    any_day: bool = False
    emails: Names = []
    ops_emails: Names = []

    @model_validator(mode="after")
    def _some_hour(self) -> Self:
        if self.from_hour >= self.to_hour:
            raise ValueError("from_hour must be before to_hour, or no alert would ever be posted")
        return self


class TeamsSettings(_Section):
    """Microsoft Teams: the addresses of workflows that post what they are sent; each address is a secret."""

    webhook: Token = SecretStr("")
    ops_webhook: Token = SecretStr("")


class SmtpSettings(_Section):
    """How mail leaves; without a host none does. `security` left out: TLS from the start on port 465, else STARTTLS."""

    host: Host = ""
    port: int = Field(587, ge=1, le=65535)
    sender: str = "leeway@localhost"
    username: str = ""
    password: SecretStr = SecretStr("")
    security: Literal["", "tls", "starttls", "none"] = ""
    starttls: bool = True

    def how(self) -> Literal["tls", "starttls", "none"]:
        """How the connection is encrypted. `starttls = false` is the older way to write "none"."""
        return self.security or ("tls" if self.port == 465 else "starttls" if self.starttls else "none")


class PacksSettings(_Section):
    """Who gets which pack by mail; without addresses none leaves. The weekly one comes on `weekly_weekday` (0 is Monday), the
    quarterly one a week before the period ends, both at `hour`; the monthly one 48 hours before the kill session, which is held
    in the `session_week`th week of the month on `session_weekday` at `session_hour`; all in the register's time zone."""

    weekly: Names = []
    monthly: Names = []
    quarterly: Names = []
    hour: int = Field(8, ge=0, le=23)
    weekly_weekday: int = Field(0, ge=0, le=6)
    session_week: int = Field(1, ge=1, le=4)
    session_weekday: int = Field(3, ge=0, le=6)
    session_hour: int = Field(10, ge=0, le=23)


class JudgeSettings(_Section):
    """A language model behind an OpenAI-compatible address, which reads each stream once. Without the section nothing is asked.

    `sends` is what may leave: `titles`, or `texts` as well; of the containers (projects, channels, pipelines) in `not_from`
    nothing does. `calls_per_day` and `tokens_per_day` are counted by days in UTC. `seconds` is how long an answer may take.
    """

    url: Address = Field(min_length=1)
    model: str = Field(min_length=1)
    token: Token = SecretStr("")
    sends: Literal["titles", "texts"] = "titles"
    not_from: Names = []
    calls_per_day: int = Field(200, ge=0, le=1_000_000)
    tokens_per_day: int = Field(400_000, ge=0, le=10_000_000_000)
    seconds: float = Field(60, gt=0, le=600)


class MetricsSettings(_Section):
    """What key results may be measured by besides the sources: `databases` by name, each address a secret, that are only read, a
    statement for at most `sql_seconds`; `csv_hosts`, whose CSV files may be asked for."""

    databases: dict[str, str] = Field({}, repr=False)
    csv_hosts: Names = []
    sql_seconds: float = Field(10, gt=0, le=600)


class PulseSettings(_Section):
    """The weekly question to the owners of key results, how sure they are; asked only where `on` says so, from `weekday` (0 is
    Monday) and `hour` on where the company works."""

    on: bool = False
    weekday: int = Field(1, ge=0, le=6)
    hour: int = Field(10, ge=0, le=23)


class InterviewSettings(_Section):
    """The alignment interview of the leadership and the teams' leads: where `on` says so it is asked once a quarter, from `week`
    of it and `hour` on. After `open_days` it closes, its results are made, and the answers are deleted."""

    on: bool = False
    week: int = Field(10, ge=1, le=13)
    hour: int = Field(10, ge=0, le=23)
    open_days: int = Field(10, ge=1, le=60)


class GoalsSettings(_Section):
    """Goals that a source keeps, for `leeway okrs sync`: issues of `type` are objectives, those right below them key
    results, all of them or those of `key_result_type`; `query` narrows the objectives in the source's own query language.
    Without a type nothing is compared. `priority` and `plan` name fields of objectives, `start` and `target` of key
    results, by name or id; what is not named is the register's alone. `cascade_days` is how long an objective may say something
    else before what is below it is asked about (`leeway okrs challenge`); that holds without a source too."""

    source: str = Field("jira", min_length=1)
    type: str = ""
    key_result_type: str = ""
    query: str = ""
    priority: str = ""
    plan: str = ""
    start: str = ""
    target: str = ""
    cascade_days: int = Field(14, ge=1, le=366)

    @property
    def fields(self) -> dict[str, str]:
        """The source's fields that are read, by what they are of a goal."""
        named = {"priority": self.priority, "plan": self.plan, "start": self.start, "target": self.target}
        return {what: name.strip() for what, name in named.items() if name.strip()}


class Settings(BaseModel):
    """All of it."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    database: DatabaseSettings = DatabaseSettings()
    broker: BrokerSettings = BrokerSettings()
    jira: JiraSettings | None = None
    slack: SlackSettings | None = None
    hubspot: HubSpotSettings | None = None
    github: GitHubSettings | None = None
    calendar: CalendarSettings | None = None
    mailbox: MailboxSettings | None = None
    identity: IdentitySettings = IdentitySettings()
    goals: GoalsSettings = GoalsSettings()
    retention: RetentionSettings = RetentionSettings()
    web: WebSettings = WebSettings()
    model: ModelSettings = ModelSettings()
    history: HistorySettings = HistorySettings()
    schedule: ScheduleSettings = ScheduleSettings()
    drift: DriftSection = DriftSection()
    findings: FindingsSettings = FindingsSettings()
    metrics: MetricsSettings = MetricsSettings()
    pulse: PulseSettings = PulseSettings()
    interview: InterviewSettings = InterviewSettings()
    packs: PacksSettings = PacksSettings()
    alerts: AlertSettings = AlertSettings()
    smtp: SmtpSettings = SmtpSettings()
    teams: TeamsSettings = TeamsSettings()
    judge: JudgeSettings | None = None
