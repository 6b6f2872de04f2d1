"""The weekly digest: what a team lead needs in two minutes. Idempotent by week and team; one bounce stops nobody else."""

import smtplib
import ssl
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from email.utils import make_msgid
from importlib.resources import files

from jinja2 import Environment
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from alerts.charts import WeekPoint, top_share_png
from alerts.view import fell
from alerts.waiting import Fall, open_fall, usual_weeks
from models import Digest, Effort, Match, Person, Share, Theme
from models.vocabulary import COMPANY
from pipeline.register.document import Register, Team
from pipeline.register.workdays import monday

WEEKS = 8
LEAST_DAYS = 0.5
"""Person-days in four weeks below which a key result is without work."""


@dataclass(frozen=True, slots=True)
class Line:
    """An objective's share this week and, on average, over the weeks before it or before an open fall, in percent."""

    title: str
    priority: int | None
    now: float
    low: float
    high: float
    usual: float


@dataclass(frozen=True, slots=True)
class TeamWeek:
    """The content of one digest."""

    team: Team
    week: date
    lines: Sequence[Line]
    idle: Sequence[str]
    unsupported: Sequence[str]
    themes: Sequence[tuple[str, float]]
    new: Sequence[tuple[str, date]]
    changed: Sequence[str]
    coverage: float
    points: Sequence[WeekPoint]
    since: date | None = None
    """Start of the open fall, where there is one."""

    @property
    def against(self) -> str:
        """What this week is held against."""
        return f"before {self.since.day} {self.since:%b}" if self.since else "usual"


@dataclass(frozen=True, slots=True)
class Choice:
    """An answer with its link."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Links:
    """What a digest asks: items to label, and for each theme (by name) the links of its answers."""

    questions: Sequence["Question"] = ()
    themes: Mapping[str, Sequence[Choice]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Question:
    """An item that a label would teach the match about."""

    name: str
    place: str
    choices: Sequence[Choice]


@dataclass(frozen=True, slots=True)
class Smtp:
    """How mail leaves."""

    host: str
    port: int = 587
    sender: str = "leeway@localhost"
    username: str = ""
    password: str = ""
    starttls: bool = True


def team_week(session: Session, register: Register, team: Team) -> TeamWeek | None:
    """The last complete week of a team; None where it has no shares (too small, or no data)."""
    week = session.scalar(select(func.max(Share.week)).where(Share.scope == team.key))
    if week is None:
        return None
    fall = open_fall(session, team.key)
    first, end = usual_weeks(fall, week)
    drawn = week - timedelta(weeks=WEEKS)
    rows = list(session.scalars(
        select(Share).where(Share.scope == team.key, Share.week >= min(first, drawn)).order_by(Share.week)
    ))  # fmt: skip
    names: list[tuple[str, str, int | None]] = [(o.key, o.title, o.priority) for o in register.objectives]
    lines = []
    for key, title, priority in [*names, ("", "Work that serves no objective", None)]:
        own = [row for row in rows if row.objective == key]
        now = next((row for row in own if row.week == week), None)
        before = [row.share for row in own if first <= row.week < end]
        if now is not None and (now.share >= 0.005 or before):
            usual = sum(before) / len(before) if before else now.share
            lines.append(Line(title, priority, 100 * now.share, 100 * now.low, 100 * now.high, 100 * usual))
    mine = {o.key for o in register.objectives for k in o.key_results if team.key in (*k.teams, COMPANY)}
    by_key = {row.objective: row.share for row in rows if row.week == week}
    idle = [o.title for o in register.objectives if o.key in mine and by_key.get(o.key, 0.0) < 0.02]
    top = [row for row in rows if row.objective == "top" and row.week >= drawn]
    points = [WeekPoint(row.week, row.share, row.low, row.high, row.coverage) for row in top]
    company = team.key == COMPANY
    themes = list(session.scalars(select(Theme)))
    days = {
        theme.name: theme.person_days if company else dict(map(tuple, theme.teams)).get(team.key, 0.0)
        for theme in themes
    }
    largest = sorted(((name, amount) for name, amount in days.items() if amount >= 3), key=lambda pair: -pair[1])[:3]
    began = register.period.start + timedelta(weeks=2)
    new = [
        (t.name, t.first_day)
        for t in themes
        if days[t.name] >= 3 and max(began, week - timedelta(weeks=4)) <= t.first_day
    ]
    shown = [line for line in lines if max(line.now, line.usual) >= 1]
    coverage = 100 * (points[-1].coverage if points else 0.0)
    unsupported = _unsupported(session, register, team, week, set(idle))
    changed = _changed(shown, largest, fall)
    since = fall.start if fall else None
    return TeamWeek(team, week, shown, idle, unsupported, largest, new[:3], changed, coverage, points, since)


def _unsupported(session: Session, register: Register, team: Team, week: date, idle: set[str]) -> list[str]:
    """Key results of the team on which hardly anybody worked in four weeks, beside the objectives that are named whole."""
    worked: dict[str, float] = defaultdict(float)
    days = select(Effort.work_item_id, func.sum(Effort.person_days)).join(Person, Person.id == Effort.person_id).where(
        Effort.day >= week - timedelta(weeks=3), Effort.day < week + timedelta(weeks=1)
    ).group_by(Effort.work_item_id)  # fmt: skip
    if team.key != COMPANY:
        days = days.where(Person.team == team.key)
    of_item: dict[int, float] = dict(session.execute(days).all())
    for item, probabilities in session.execute(select(Match.work_item_id, Match.probabilities)):
        for key, p in probabilities.items() if item in of_item else ():
            worked[key] += p * of_item[item]
    if not worked:
        return []
    return [f"{k.key} {k.title}" for o, k in register.key_results()
            if team.key in (*k.teams, COMPANY) and o.title not in idle and worked[k.key] < LEAST_DAYS][:5]  # fmt: skip


def _changed(lines: Sequence[Line], themes: Sequence[tuple[str, float]], fall: Fall | None) -> list[str]:
    """An open fall; the largest moves against what is usual, beyond their interval; and what is behind a growth off the plan."""
    said = [f"Work on the top three {fell(fall.before, fall.after, fall.start)}"] if fall else []
    than = "{:.0f} % before it" if fall else "the usual {:.0f} %"
    moved = [line for line in lines if not line.low <= line.usual <= line.high]
    for line in sorted(moved, key=lambda line: -abs(line.now - line.usual))[:4]:
        said.append(f"{line.title}: {line.now - line.usual:+.0f} points against {than.format(line.usual)}")
    if moved and max(moved, key=lambda line: line.now - line.usual).priority is None and themes:
        said.append(f"The largest work off the plan is “{themes[0][0]}”.")
    return said[:5]


def compose(content: TeamWeek, sender: str, links: Links | None = None) -> EmailMessage:
    """Multipart mail: text first, HTML with the chart inside."""
    folder = files("alerts").joinpath("templates")
    top_now = sum(line.now for line in content.lines if line.priority and line.priority <= 3)
    values = {"c": content, "top_now": top_now, "through": content.week + timedelta(days=6), "links": links or Links()}
    mail = EmailMessage()
    mail["Subject"] = f"{content.team.name}: {top_now:.0f} % of the week on the top three"
    mail["From"], mail["To"] = sender, content.team.lead or ""
    mail["List-Unsubscribe"] = f"<mailto:{sender}?subject=unsubscribe%20{content.team.key}>"
    plain = Environment(autoescape=False, trim_blocks=True)  # noqa: S701 - text/plain
    rich = Environment(autoescape=True, trim_blocks=True)
    mail.set_content(plain.from_string(folder.joinpath("digest.txt.j2").read_text("utf-8")).render(values))
    picture = make_msgid(domain="leeway.invalid")
    html = rich.from_string(folder.joinpath("digest.html.j2").read_text("utf-8")).render(
        values | {"cid": picture[1:-1]}
    )
    mail.add_alternative(html, subtype="html")
    weeks = {point.week for point in content.points}
    starts = [start for start in (content.since,) if start and monday(start) in weeks]
    png = top_share_png(content.points, starts, f"{content.team.name}: share of work on the top three", width=520)
    mail.get_payload()[1].add_related(png, "image", "png", cid=picture, filename="shares.png")  # type: ignore[index,union-attr]
    return mail


def send_due(
    sessions: sessionmaker[Session], register: Register, smtp: Smtp, only: str | None = None,
    ask: Callable[[Session, Team, Sequence[tuple[str, float]]], Links] = lambda session, team, themes: Links(),
    company: Sequence[str] = (), due: Callable[[Session, str, date], bool] = lambda session, address, week: True,
) -> tuple[int, list[str]]:  # fmt: skip
    """Send what was not sent for its week; returns (sent, one sentence for each that failed).

    Each team's lead gets the team's, each address of `company` the company's. `due` says whether the hour has come for an
    address to hear of a week. One that bounces stops nobody else.
    """
    sent, failed = 0, []
    everybody = [
        *register.teams,
        *(Team(key=COMPANY, name=register.company or "The company", lead=one) for one in company),
    ]
    for team in everybody:
        if not team.lead or (only and team.key != only):
            continue
        name = team.key if team.key != COMPANY else f"{COMPANY} {team.lead}"[:64]
        with sessions() as session:
            content = team_week(session, register, team)
            if content is None or session.get(Digest, (content.week, name)) is not None:
                continue
            if not due(session, team.lead, content.week):
                continue
            links = ask(session, team, content.themes)
        try:
            _send(compose(content, smtp.sender, links), smtp)
        except (OSError, smtplib.SMTPException) as error:
            failed.append(
                f"digest for {'the company' if team.key == COMPANY else 'team ' + team.key}: {type(error).__name__}"
            )
            continue
        with sessions.begin() as session:
            session.add(Digest(week=content.week, team=name, sent_at=datetime.now(UTC)))
        sent += 1
    return sent, failed


def _send(mail: EmailMessage, smtp: Smtp) -> None:
    with smtplib.SMTP(smtp.host, smtp.port, timeout=30) as server:
        if smtp.starttls:
            server.starttls(context=ssl.create_default_context())
        if smtp.username:
            server.login(smtp.username, smtp.password)
        server.send_message(mail)
