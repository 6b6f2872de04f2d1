"""Review okrs.yaml by the common rules for good objectives and key results; each finding has its rule, line, words and a fix."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

from pipeline.register.due import said_due, unread
from pipeline.register.ended import left, ran_out
from pipeline.register.figures import readings, written
from pipeline.register.lexicon import guess, language_of
from pipeline.register.schema import KeyResult, Objective, Register
from pipeline.register.suggest import suggest
from pipeline.register.wording import Wording, read_wording
from pipeline.register.yaml_nodes import Document

MOST = 5
"""How many objectives of a company or team, and key results of an objective, people can keep in mind."""
LONG_PERIOD = timedelta(days=190)
"""A key result of a longer period needs its own due day; within half a year it is due at the end of the period."""
_TOP_SHARE, _FEWEST_LEVELS = 2 / 3, 2.0
_ADDRESS = re.compile(r"[\w.+\-]+@[\w\-]+\.[\w.\-]+")
_FUNCTIONS = re.compile(
    r"\b(?:team|lead|head|manager|director|owner|officer|sales|marketing|product|engineering|finance|support|success|design|data|people|operations|ops|legal|growth|hr|it|r|d|vertrieb"
    r"|leitung|einkauf|personal|ventas|compras|ventes|achats|dept|department|group|squad|committee|council|board|sons|co|partners)\b",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Finding:
    """A possible improvement. `words` are the words in the file that triggered it, `fix` says what to write."""

    rule: str
    line: int
    key: str
    words: tuple[str, ...]
    message: str
    fix: str

    def as_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Place:
    """A key result with everything that its rules need."""

    objective: Objective
    key_result: KeyResult
    wording: Wording
    line: int
    row: Any
    register: Register


_Rule = Callable[[_Place], Iterator[tuple[tuple[str, ...], str, str]]]


def findings(register: Register, document: Document, today: date | None = None) -> list[Finding]:
    """Return all findings in file order; that the period has ended only if `today` is given. Works offline, stores nothing."""
    found = [*_key_results(register, document), *_sizes(register, document), *_priorities(register, document)]
    found += [*_ended(register, document, today), *_left(register, document, today)] if today else ()
    accepted = {one.key: one.accepted for one in register.objectives}
    accepted |= {one.key: one.accepted for _, one in register.key_results()}
    return sorted(
        (one for one in found if one.rule not in accepted.get(one.key, ())), key=lambda one: (one.line, one.rule)
    )


def _ended(register: Register, document: Document, today: date) -> Iterator[Finding]:
    if ran_out(register, today):
        yield Finding(
            "period-ended",
            document.line(("period", "end")),
            register.period.name,
            (str(register.period.end),),
            "the period has ended, so no drift from it is reported.",
            "write the next period; `leeway okrs carry-over` continues the loaded plan.",
        )


def _left(register: Register, document: Document, today: date) -> Iterator[Finding]:
    gone = left(register, today)
    answers: list[tuple[tuple[str | int, ...], str, str | None, str]] = []
    answers += [(("teams", t, "lead"), one.key, one.lead, "lead") for t, one in enumerate(register.teams)]
    for o, objective in enumerate(register.objectives):
        answers.append((("objectives", o, "owner"), objective.key, objective.owner, "owner"))
        for k, one in enumerate(objective.key_results):
            answers.append((("objectives", o, "key_results", k, "owner"), one.key, one.owner, "owner"))
    for loc, key, address, what in answers:
        if address and address.strip().lower() in gone:
            said = f"its {what} is no longer in any team, and still gets questions and messages."
            fix = f"name the current {what}, if they have left."
            yield Finding("left", document.line(loc), key, (address,), said, fix)


def wordings(register: Register) -> dict[str, Wording]:
    """Return the wording of each key result by key; if a title's language is unclear, the other titles decide."""
    titles = [k.title for _, k in register.key_results()] + [o.title for o in register.objectives]
    whole = (
        max(total, key=lambda one: total[one]) if (total := sum((guess(t) for t in titles), Counter[str]())) else "en"
    )
    found = {}
    for _, key_result in register.key_results():
        own = guess(key_result.title)
        (_, most), (_, second) = own.most_common(2)
        language = whole if most - second < 2 and own[whole] >= second - 1 else language_of(key_result.title)
        found[key_result.key] = read_wording(key_result.title, language)
    return found


def _key_results(register: Register, document: Document) -> Iterator[Finding]:
    read = wordings(register)
    for o, objective in enumerate(register.objectives):
        for k, key_result in enumerate(objective.key_results):
            loc = ("objectives", o, "key_results", k)
            row = _row(document.data, loc)
            place = _Place(objective, key_result, read[key_result.key], document.line((*loc, "title")), row, register)
            for name, rule in RULES.items():
                for words, message, fix in rule(place):
                    yield Finding(name, place.line, key_result.key, words, message, fix)


def _row(data: Any, loc: Sequence[str | int]) -> Any:
    """Return the entry as it is in the file."""
    for part in loc:
        data = data[part]
    return data


def _activity(place: _Place) -> Iterator[tuple[tuple[str, ...], str, str]]:
    if place.wording.kind == "activity":
        better = suggest(place.wording)
        fix = "say what changes when it is done" + (
            f', such as "{better}".' if better else ", from which value to which."
        )
        yield place.wording.triggers, "names an activity, not a result.", fix


def _no_number(place: _Place) -> Iterator[tuple[tuple[str, ...], str, str]]:
    if place.wording.kind == "outcome" and not place.wording.number and not place.wording.decided:
        yield (place.key_result.title,), "nothing in it can be counted.", "write from which value to which."


def _no_baseline(place: _Place) -> Iterator[tuple[tuple[str, ...], str, str]]:
    numbers = place.wording.measure
    if place.wording.kind == "outcome" and numbers.baseline == "missing" and numbers.target is not None:
        example = {"en": "from 31 to 45", "de": "von 31 auf 45", "es": "de 31 a 45", "fr": "de 31 à 45"}[
            place.wording.language
        ]
        yield (numbers.target.text,), "has a target, but not where it starts.", f"write both, as in {example!r}."


def _no_owner(place: _Place) -> Iterator[tuple[tuple[str, ...], str, str]]:
    if not place.key_result.owner and not place.objective.owner:
        yield (), "nobody owns it, and nobody its objective.", "write `owner:` with one address."


def _several_owners(place: _Place) -> Iterator[tuple[tuple[str, ...], str, str]]:
    teams = [name for team in place.register.teams for name in (team.key, team.name)]
    several = owners(place.key_result.owner or "", teams)
    if len(several) > 1:
        yield (
            several,
            f"{len(several)} owners, so none of them decides.",
            "name the one who decides; the others are its `teams`.",
        )


def _no_date(place: _Place) -> Iterator[tuple[tuple[str, ...], str, str]]:
    period = place.register.period
    if period.end - period.start > LONG_PERIOD and not said_due(place.row) and not place.wording.measure.dates:
        yield (
            (),
            f"no due date, in a period of {(period.end - period.start).days + 1} days.",
            "write `due: YYYY-MM-DD`.",
        )


def _other_target(place: _Place) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Compare the target in the title with its metric's, if the title gives a start and a target: pages show them together."""
    metric, said = place.key_result.metric, place.wording.measure
    if metric is None or metric.target is None or said.start is None or said.target is None:
        return
    meant = {abs(one) for amount in said.amounts for one in (amount.value, *figures_in(amount.text))}
    scales = [10.0**n for n in (-9, -6, -3, -2, 0, 2, 3, 6, 9)]  # thousands, millions, and parts of one
    if said.start.unit != said.target.unit or any(
        math.isclose(one * scale, abs(metric.target), rel_tol=1e-6) for one in meant for scale in scales
    ):
        return
    yield (
        (said.target.text,),
        f"is the target in its title, but {written(metric.target)} in its metric.",
        "write the same in both: people read the title, and progress is measured to the metric's target.",
    )


RULES: dict[str, _Rule] = {
    "activity": _activity,
    "no-number": _no_number,
    "no-baseline": _no_baseline,
    "no-owner": _no_owner,
    "several-owners": _several_owners,
    "no-date": _no_date,
    "unread-date": lambda place: unread(place.row),
    "other-target": _other_target,
}
ALL_RULES = (*RULES, "too-many-objectives", "too-many-key-results", "all-at-the-top", "period-ended", "left")


_FIGURE = re.compile(r"\d[\d.,' \u00a0\u202f’]*\d|\d")


def figures_in(text: str) -> tuple[float, ...]:
    """Return the numbers in a text, in any notation."""
    return tuple(number for one in _FIGURE.findall(text) for number in readings(one))


def owners(text: str, teams: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the people whom an `owner:` names; the name of a team or function counts as one, whatever it contains."""
    addresses = tuple(_ADDRESS.findall(text))
    if len(addresses) > 1:
        return addresses
    if addresses or not text.strip() or text.strip().lower() in {team.lower() for team in teams}:
        return (text.strip(),) if text.strip() else ()
    parts = [
        part.strip()
        for part in re.split(r"\s*(?:[;/&+]|,(?!\s*(?:Jr|PhD|MD|VP|CEO|CTO|COO)\b)|\s(?:and|und|y|et|e)\s)\s*", text)
        if part.strip()
    ]
    people = len(parts) > 1 and not any(_FUNCTIONS.search(part) for part in parts)
    return tuple(parts) if people else (text.strip(),)


def _groups(register: Register) -> dict[tuple[str, str | None], list[int]]:
    """Group objectives that compete for the same people: the company's, or one team's."""
    found: dict[tuple[str, str | None], list[int]] = defaultdict(list)
    for number, one in enumerate(register.objectives):
        found[one.level, one.team].append(number)
    return found


def _sizes(register: Register, document: Document) -> Iterator[Finding]:
    for (level, team), numbers in _groups(register).items():
        if len(numbers) > MOST:
            whose = f"team {team}" if team else f"the {level}"
            first = register.objectives[numbers[MOST]]
            yield Finding(
                "too-many-objectives",
                document.line(("objectives", numbers[MOST])),
                first.key,
                (),
                f"{whose} has {len(numbers)} objectives; beyond {MOST} people no longer know them.",
                "merge some, or leave for the next period what would not be missed.",
            )
    for o, objective in enumerate(register.objectives):
        count = len(objective.key_results)
        if count > MOST:
            yield Finding(
                "too-many-key-results",
                document.line(("objectives", o, "key_results", MOST)),
                objective.key,
                (),
                f"{count} key results; beyond {MOST} they are a list of tasks.",
                "keep those that together mean that the objective is reached.",
            )


def levels(priorities: Sequence[int]) -> float:
    """Return the effective number of priorities: exp of the entropy of their distribution over objectives (Hill, order 1)."""
    counts = Counter(priorities)
    total = sum(counts.values())
    return math.exp(-sum(n / total * math.log(n / total) for n in counts.values()))


def _priorities(register: Register, document: Document) -> Iterator[Finding]:
    for numbers in _groups(register).values():
        ranks = [register.objectives[n].priority for n in numbers]
        top = [n for n in numbers if register.objectives[n].priority == min(ranks)]
        effective = levels(ranks)
        if len(ranks) >= 3 and len(top) / len(ranks) > _TOP_SHARE and effective < _FEWEST_LEVELS:
            yield Finding(
                "all-at-the-top",
                document.line(("objectives", top[1], "priority")),
                register.objectives[top[1]].key,
                (f"priority: {min(ranks)}",),
                f"{len(top)} of {len(ranks)} objectives have priority {min(ranks)}: {effective:.1f} effective "
                "priorities, so none comes first.",
                "rank them 1, 2, 3: when two need the same people, the lower number wins.",
            )
