"""Diagnoses in words: what is seen, what it means, what helps; with their evidence.

Names are looked up here, and kept nowhere.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from alerts.figures import scope_name
from alerts.quoted import LONGEST, quotes_of
from alerts.streams import known_since
from alerts.words import Name, Words, day, listed, number, percent, shortened
from models import Diagnosis, Judged, Stream
from models.session import in_batches
from models.vocabulary import COMPANY
from pipeline.findings.kinds import KINDS, Kind
from pipeline.register.document import Register
from pipeline.register.gone import titles_of_gone

_FIELD = re.compile(r"\{(\w+)\}")
_GONE = "work that is no longer known"


@dataclass(frozen=True, slots=True)
class DiagnosisView:
    """A diagnosis as every face shows it. `streams` are ids and names of the evidence, `items` row ids of work items,
    `about` what its subject and its sentences name, such as `objective:O1`."""

    id: int
    kind: str
    title: str
    scope: str
    scope_name: str
    subject: str
    brief: Words
    signal: Words
    insight: str
    reinforcement: str
    asks: str
    since: date | None
    found_on: date
    ended_on: date | None
    strength: float
    low: float | None
    high: float | None
    streams: tuple[tuple[int, str], ...]
    items: tuple[int, ...]
    births: tuple[tuple[str, int], ...] = ()
    about: tuple[str, ...] = ()
    minor: bool = False
    """Whether teams settle it among themselves."""
    several: bool = False
    """Whether it is a line for some of a kind, which has no page of its own."""

    @property
    def place(self) -> str:
        """Where the page shows it."""
        return "/diagnoses" if self.several else f"/diagnoses/{self.id}"


@dataclass(frozen=True, slots=True)
class NotJudged:
    """A kind that could not be judged, and why."""

    kind: str
    title: str
    because: str


def diagnoses(
    session: Session,
    register: Register,
    least_people: int,
    scopes: Iterable[str] | None = None,
    *,
    ended_since: date | None = None,
) -> list[DiagnosisView]:
    """The open diagnoses of these scopes (of all where it is None): what the leadership can decide on first, then what teams
    settle among themselves; of each the company's first, in the order of the table of kinds.

    With `ended_since` also those that ended since then. Teams of fewer than `least_people` have none, and are not named.
    """
    large = large_teams(register, least_people)
    wanted = {COMPANY, *large} if scopes is None else {COMPANY, *large} & set(scopes)
    query = select(Diagnosis).where(Diagnosis.kind.in_(KINDS), Diagnosis.scope.in_(sorted(wanted)))
    if ended_since is None:
        query = query.where(Diagnosis.ended_on.is_(None))
    else:
        query = query.where(Diagnosis.ended_on.is_(None) | (Diagnosis.ended_on >= ended_since))
    order = {kind: n for n, kind in enumerate(KINDS)}
    rows = sorted(
        session.scalars(query),
        key=lambda row: (
            KINDS[row.kind].minor,
            row.scope != COMPANY,
            order[row.kind],
            -row.strength,
            row.scope,
            row.subject,
        ),
    )
    names = _names(session, rows)
    return [_view(row, register, names, large) for row in rows]


def varied(found: Sequence[DiagnosisView], most: int, each: int = 2) -> list[DiagnosisView]:
    """The first of them for a short list: at most `each` of a kind, so that no kind crowds out the others, and of what teams
    settle among themselves a line a kind."""
    seen: Counter[str] = Counter()
    kept = []
    for one in found:
        seen[one.kind] += 1
        if one.minor and seen[one.kind] == 1:
            kept.append(_together([other for other in found if other.kind == one.kind]))
        elif not one.minor and seen[one.kind] <= each:
            kept.append(one)
    return kept[:most]


def _together(some: Sequence[DiagnosisView]) -> DiagnosisView:
    """One line for all of a kind."""
    if len(some) == 1:
        return some[0]
    named_in = (about.partition(":") for one in some for about in one.about if about != one.subject)
    words = dict.fromkeys(word for what, _, word in named_in if what == "term")
    named = listed([(Name(shortened(word)),) for word in words])
    return replace(some[0], brief=("teams use words of the objectives differently: ", *named), since=None, several=True)


def diagnosis(session: Session, register: Register, least_people: int, id_: int) -> DiagnosisView | None:
    """One of them, open or not; None where there is none that may be shown."""
    row, large = session.get(Diagnosis, id_), large_teams(register, least_people)
    if row is None or row.kind not in KINDS or row.scope not in (COMPANY, *large):
        return None
    return _view(row, register, _names(session, [row]), large)


def large_teams(register: Register, least_people: int) -> frozenset[str]:
    """Keys of the teams that may be named beside a figure."""
    return frozenset(team.key for team in register.large_teams(least_people))


def not_judged(session: Session) -> list[NotJudged]:
    """Kinds that could not be judged the last time."""
    rows = {row.kind: row for row in session.scalars(select(Judged).where(Judged.because != ""))}
    return [NotJudged(kind, KINDS[kind].title, rows[kind].because) for kind in KINDS if kind in rows]


@dataclass(frozen=True, slots=True)
class _Names:
    """What stands for the ids of streams, for quoted sentences and for what earlier plans asked for; before `known` nobody
    knows when something began."""

    streams: Mapping[int, str]
    quotes: Mapping[str, str]
    known: date | None
    earlier: Mapping[str, str]


def _names(session: Session, rows: Sequence[Diagnosis]) -> _Names:
    gone = titles_of_gone(session, {one for row in rows for one in _about(row)})
    return _Names(_stream_names(session, rows), quotes_of(session, rows), known_since(session), gone)


def _stream_names(session: Session, rows: Sequence[Diagnosis]) -> dict[int, str]:
    wanted = {int(one) for row in rows for one in row.streams}
    for row in rows:
        for value in (row.subject, *row.figures.values()):
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, str) and one.startswith("stream:"):
                    wanted.add(int(one.removeprefix("stream:")))
    found: dict[int, str] = {}
    for some in in_batches(sorted(one for one in wanted if one > 0)):
        found |= dict(session.execute(select(Stream.id, Stream.name).where(Stream.id.in_(some))).all())
    return found


def _view(row: Diagnosis, register: Register, names: _Names, large: frozenset[str]) -> DiagnosisView:
    kind = KINDS[row.kind]
    say = _speaker(row, kind, register, names, large)
    births = [str(one).partition(" ")[::2] for one in row.figures.get("births", ())]
    shown = [percent(x) if kind.parts else round(x, 2) for x in (row.strength, row.low or 0.0, row.high or 0.0)]
    bounded = row.low is not None and row.high is not None
    return DiagnosisView(
        row.id,
        row.kind,
        kind.title,
        row.scope,
        scope_name(register, row.scope),
        row.subject,
        say(_variant(kind.brief, kind.brief_variants, row)),
        say(_variant(kind.signal, kind.variants, row)),
        kind.insight,
        kind.reinforcement,
        kind.asks,
        None if row.since and names.known and row.since < names.known else row.since,
        row.found_on,
        row.ended_on,
        shown[0],
        shown[1] if bounded else None,
        shown[2] if bounded else None,
        tuple((one, names.streams[one]) for one in row.streams if one in names.streams),
        tuple(int(one) for one in row.items),
        tuple((week, int(count)) for week, count in births),
        _about(row),
        kind.minor,
    )


def _about(row: Diagnosis) -> tuple[str, ...]:
    named = [row.subject]
    for value in row.figures.values():
        named += value if isinstance(value, list) else [value]
    return tuple(dict.fromkeys(one for one in named if isinstance(one, str) and ":" in one))


def _variant(usual: str, variants: Mapping[tuple[str, str], str], row: Diagnosis) -> str:
    """The sentence that the row's values call for."""
    for (name, wanted), text in variants.items():
        if name in row.figures and (wanted == "*" or str(row.figures[name]) == wanted):
            return text
    return usual


def _speaker(
    row: Diagnosis, kind: Kind, register: Register, names: _Names, large: frozenset[str]
) -> Callable[[str], Words]:
    """Fills in a sentence's figures and names."""
    figures = {"strength": row.strength, "low": row.low, "high": row.high}

    def one(name: str) -> Words:
        if name == "scope":
            return (Name(scope_name(register, row.scope)),) if row.scope != COMPANY else ("the company",)
        if name in figures:
            value = figures[name]
            return ("?",) if value is None else (number(100 * value if kind.parts else value),)
        return _said(row.figures.get(name, ""), register, names, large)

    def say(text: str) -> Words:
        found: list[str | Name] = []
        at = 0
        for match in _FIELD.finditer(text):
            found += [text[at : match.start()], *one(match[1])]
            at = match.end()
        return tuple(part for part in (*found, text[at:]) if part != "")

    return say


def _said(value: object, register: Register, names: _Names, large: frozenset[str]) -> Words:
    """A value of a sentence: a number, a name that is looked up, a list of them, or a word of our own."""
    if isinstance(value, list):
        some = [_said(one, register, names, large) for one in value]
        return listed(some) if some else ("nobody in particular",)
    if isinstance(value, int | float):
        return (number(value),)
    kind, _, key = str(value).partition(":")
    if was := names.earlier.get(str(value)):
        return (Name(shortened(was)),)
    if kind == "stream":
        name = names.streams.get(int(key))
        return (Name(shortened(name)),) if name else (_GONE,)
    if kind == "term":
        return (Name(shortened(key)),)
    if kind == "said":
        said = names.quotes.get(str(value))
        return (Name(shortened(said, LONGEST)),) if said else ("a text that is no longer stored",)
    if kind == "team":
        return (Name(scope_name(register, key)),) if key in large else ("a small team",)
    if kind == "day":
        return (day(date.fromisoformat(key)),)
    if kind == "objective":
        return (Name(shortened(next((o.title for o in register.objectives if o.key == key), key))),)
    if kind == "step":
        return (Name(shortened(_step_title(register, key))),)
    if kind == "kr":
        return (Name(shortened(next((k.title for _, k in register.key_results() if k.key == key), key))),)
    return (str(value),)


def _step_title(register: Register, key: str) -> str:
    """The title of a step, or of its path as a whole."""
    path, _, step = key.partition(".")
    found = next((one for one in register.paths if one.key == path), None)
    if found is None:
        return key
    return next((one.title for one in found.steps if one.key == step), found.title)
