"""The weekly digest: what a team lead needs in two minutes. Idempotent by week and team; one bounce does not stop the others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from email.message import EmailMessage
from email.utils import make_msgid
from functools import cache
from importlib.resources import files

from jinja2 import Environment, Template
from sqlalchemy import select
from sqlalchemy.orm import Session

from alerts.chart_frame import MAIL, PHONE, png
from alerts.charts import Fall, WeekPoint, top_share
from alerts.diagnoses import diagnoses, varied
from alerts.falls import alert_of
from alerts.figures import Standing, standing
from alerts.gaps import gap_text, gap_view, open_gaps
from alerts.mail import Smtp, new_mail
from alerts.neglected import first_of, idle_key_results, idle_objectives
from alerts.parts import Part, plan_of
from alerts.plan_end import end_note, held_against
from alerts.plan_turn import plan_turn
from alerts.sentences import mix_text
from alerts.streams import Stream, streams, window, window_text
from alerts.view import Terms
from alerts.weeks import TOP, WEEK, points, weekly
from alerts.words import (
    Name,
    Words,
    day,
    html,
    in_path,
    isolated,
    number,
    outside,
    person_days,
    plain,
    short_day,
    shortened,
    signed,
    span,
    sure,
)
from models import Drift
from models.vocabulary import COMPANY
from pipeline.register.document import Register, Team
from pipeline.register.workdays import monday

WEEKS, MOST_WEEKS, DECISIONS = 9, 16, 2
LEAST_STREAM = 3
"""Person-days of the window below which a stream is not reported."""


@dataclass(frozen=True, slots=True)
class TeamWeek:
    """The content of one digest: how the team stands, in the figures that every face shows, and three sentences about it."""

    team: Team
    stands: Standing
    story: Sequence[Words]
    lines: Sequence[Part]
    idle: Sequence[str]
    unsupported: Sequence[str]
    streams: Sequence[Stream]
    new: Sequence[Stream]
    points: Sequence[WeekPoint]
    window: str
    drift: int | None = None
    fall: Fall | None = None
    diagnosis: tuple[str, Words] | None = None
    """Place on the page and line of the first open diagnosis."""

    @property
    def week(self) -> date:
        """Monday of the digest's week."""
        return self.stands.week

    @property
    def place(self) -> str:
        """Its own place on the page."""
        return "/" if self.team.key == COMPANY else f"/teams/{in_path(self.team.key)}"

    @property
    def also_new(self) -> list[Stream]:
        """What is new since the plan was made and not asked about."""
        return [one for one in self.new if one not in self.streams[:DECISIONS]]

    @property
    def themes(self) -> list[tuple[str, float]]:
        """Names and person-days of the streams that the digest asks about."""
        return [(stream.name, stream.days) for stream in self.streams[:DECISIONS]]

    @property
    def against(self) -> str:
        """What the figures are compared with."""
        since = self.stands.since
        return f"before {short_day(since)}" if since else "usual" if self.stands.against else ""

    @property
    def idle_since(self) -> str:
        """The days for which hardly any work on an objective is reported."""
        return f"since {day(self.stands.since)}" if self.stands.since else "this week"

    @property
    def after(self) -> bool:
        """Return True if a week of the picture began after the plan's end."""
        return any(one.after for one in self.points)

    @property
    def head(self) -> tuple[int, str] | None:
        """The one big figure and what it is."""
        head = self.stands.head
        of = "on the objectives" if self.team.key == COMPANY else "on the plan of the team"
        return (head.now, "on the top priorities" if head.key == TOP else of) if head else None


@dataclass(frozen=True, slots=True)
class Choice:
    """An answer with its link."""

    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Links:
    """What a digest asks: items to label, and for each theme (by name) the links of its answers; and where the page is."""

    questions: Sequence["Question"] = ()
    page: str = ""
    themes: Mapping[str, Sequence[Choice]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Question:
    """An item that a label would teach the match about; `of` is what it belongs to."""

    name: str
    place: str
    choices: Sequence[Choice]
    of: str = ""


def team_week(session: Session, register: Register, team: Team, least_people: int = 5) -> TeamWeek | None:
    """The last complete week of a team; None where it has no shares (too small, or no data)."""
    stands = standing(session, register, team.key)
    if stands is None:
        return None
    weeks = weekly(session, team.key, _first_drawn(stands), stands.week)
    plan = None if stands.own is None or stands.own.key == TOP else plan_of(register, team.key)
    worked = [one for one in streams(session, register, team.key, least_people) if one.days >= LEAST_STREAM]
    idle = idle_objectives(stands)
    began = register.period.start + timedelta(weeks=2)
    new = [one for one in worked if max(began, stands.week - 4 * WEEK) <= one.since and one.before is None]
    alert = session.get(Drift, stands.drift) if stands.drift and stands.fell else None
    shown = [part for part in stands.parts if max(part.now, part.before or 0) >= 1]
    head = stands.head
    fall = (
        Fall(stands.since, head.before / 100, head.now / 100)
        if alert and head and stands.since and head.before
        else None
    )
    span = window(session)
    return TeamWeek(
        team,
        stands,
        _story(session, register, stands, alert, shown, least_people),
        shown,
        first_of(idle),
        first_of(idle_key_results(session, register, team, span, set(idle))),
        worked[:3],
        new[:3],
        held_against(points(weeks, plan), register),
        window_text(span),
        alert.id if alert and alert.scope == team.key else None,
        fall,
        _diagnosis(session, register, team, least_people),
    )


def _first_drawn(stands: Standing) -> date:
    """The first week of the picture: early enough to show two weeks before an open fall."""
    usual = stands.week - (WEEKS - 1) * WEEK
    return (
        max(min(usual, monday(stands.since) - 2 * WEEK), stands.week - (MOST_WEEKS - 1) * WEEK)
        if stands.since
        else usual
    )


def _diagnosis(session: Session, register: Register, team: Team, least_people: int) -> tuple[str, Words] | None:
    """The first open diagnosis in a line; None where there is none."""
    first = next(iter(varied(diagnoses(session, register, least_people, [team.key]), 1)), None)
    return None if first is None else (first.place, (f"{first.title}: ", *first.brief, "."))


def _story(
    session: Session,
    register: Register,
    stands: Standing,
    alert: Drift | None,
    parts: Sequence[Part],
    least_people: int,
) -> list[Words]:
    """At most three sentences: an open fall and where it went, or what moved beyond its interval. The largest streams are named
    where the digest asks about them."""
    said: list[Words] = []
    if alert is not None and alert.scope == stands.scope:
        view = alert_of(session, alert, register, Terms(least_people))
        left = f"{view.points} of 100 working days have left the top priorities since {day(view.start)}: "
        said = [(left, *view.story[0]), view.story[1]]
    elif alert is not None:
        top = stands.top
        change = f"from {top.before}% to {top.now}% since {day(alert.start)}"
        said = [(f"Work on the top priorities fell {change}, as the company's did.",)]
    for gap in open_gaps(session, stands.scope)[:1]:
        said.append(gap_view(session, gap, register, Terms(least_people)).story[0])
    said += [(mix_text(one, register),) for one in _mixes(session, stands)]
    turn = plan_turn(session, register, stands.scope, stands.week)
    said += [turn.words()] if turn else []
    than = f"before {day(stands.since)}" if stands.since else f"in {stands.against}"
    moved = [part for part in parts if part.moved]
    for part in sorted(moved, key=lambda part: -abs(part.change or 0)):
        if alert is None or alert.scope != stands.scope:
            subject: str | Name = Name(shortened(part.title)) if part.key else "Work on no objective"
            said.append((subject, f": {part.now}%, {part.before}% {than}."))
    still = "No share moved further than its interval." if stands.against else "This plan has no earlier week."
    said = said or [(still,)]
    ended = end_note(register, stands.until)
    return [*([(ended,)] if ended else []), *said][:3]


def _mixes(session: Session, stands: Standing) -> Sequence[Drift]:
    """Changes of who is at work that were found in the digest's week."""
    query = select(Drift).where(Drift.kind == "mix", Drift.scope == stands.scope)
    return session.scalars(query.where(Drift.raised_on >= stands.week, Drift.raised_on < stands.week + WEEK)).all()


@cache
def _templates() -> tuple[Template, Template]:
    """Of the text and of the HTML; compiled once for the mails of all teams."""
    folder = files("alerts").joinpath("templates")
    text = Environment(autoescape=False, trim_blocks=True)  # noqa: S701 - text/plain
    rich = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    for one in (text, rich):
        one.filters |= {
            "words": html,
            "plain": plain,
            "day": day,
            "short_day": short_day,
            "span": span,
            "signed": signed,
            "number": number,
            "person_days": person_days,
            "short": shortened,
            "gap": gap_text,
            "sure": sure,
            "isolated": isolated,
            "outside": outside,
        }
    read = {kind: folder.joinpath(f"digest.{kind}.j2").read_text("utf-8") for kind in ("txt", "html")}
    return text.from_string(read["txt"]), rich.from_string(read["html"])


def compose(content: TeamWeek, smtp: Smtp, links: Links | None = None, unsubscribe: str = "") -> EmailMessage:
    """Multipart mail: text first, HTML with the chart inside."""
    head = content.head
    values = {"c": content, "s": content.stands, "head": head, "links": links or Links(), "stop": unsubscribe}
    # With its days: two mails of one subject become one conversation, in which Gmail hides what both say.
    stands, week = content.stands, f"week of {day(content.week)}"
    of = week if stands.averaged is None else span(stands.averaged, stands.until)
    what = f"{head[0]}% {head[1]}, {of}" if head else f"the {week}"
    subject = f"{shortened(content.team.name, 100)}: {what}"
    key = f"digest {content.week} {content.team.key}"
    mail = new_mail(smtp, content.team.lead or "", subject, key, unsubscribe, f"digest {content.team.key}")
    text, rich = _templates()
    mail.set_content(text.render(values))
    picture = make_msgid(domain="leeway.invalid")
    found = rich.render(values | {"cid": picture[1:-1]})
    mail.add_alternative(found, subtype="html")
    drawn = top_share(content.points, [content.fall] if content.fall else [], "", *PHONE, MAIL)
    mail.get_payload()[1].add_related(png(drawn), "image", "png", cid=picture, filename="shares.png")  # type: ignore[index,union-attr]
    return mail
