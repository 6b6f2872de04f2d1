"""Detect edits that silently loosen a key result: a lower target, another metric, work instead of a result, a later date.

Based on words and numbers, without a model; a rewording with the same meaning is ignored.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pipeline.register.amounts import Amount
from pipeline.register.due import day_of
from pipeline.register.lexicon import Lexicon, lexicon, words_of
from pipeline.register.wording import Wording

_UNITS = (
    (0.001, "ms"),
    (1.0, "s second sekunde segundo seconde"),
    (60.0, "min minute minuto"),
    (3600.0, "h hr hour stunde hora heure"),
    (86400.0, "d day tag tage día jour"),
    (7 * 86400.0, "week woche semana semaine"),
    (30.44 * 86400.0, "month monat monate mes mois"),
    (365.25 * 86400.0, "year jahr jahre año an année"),
)
_SECONDS = {name: seconds for seconds, names in _UNITS for name in names.split()}
_PER_CENT = ("%", "percent", "per", "prozent", "pour", "por")
_SAME = 1e-9
_STEM = 5
_LITTLE, _HALF, _MOSTLY = 0.34, 0.5, 0.8


@dataclass(frozen=True, slots=True)
class Edit:
    """A key result before and after: its wording, its due day as written in the file, and its owner."""

    before: Wording
    after: Wording
    due: tuple[str | None, str | None] = (None, None)
    owner: tuple[str | None, str | None] = (None, None)


@dataclass(frozen=True, slots=True)
class Loosened:
    """A rule and what it found."""

    rule: str
    message: str


def loosened(edit: Edit) -> list[Loosened]:
    """Return what an edit loosens; empty if it merely rewords or asks for more."""
    found: list[Loosened] = []
    before, after = edit.before, edit.after
    known = lexicon(after.language)
    replaced = _replaced(before, after)
    if before.kind == "outcome" and after.kind == "activity" and _otherwise(before, after):
        words = ", ".join(f'"{word}"' for word in after.triggers)
        found.append(Loosened("outcome-to-activity", f"named a result, and now names an activity ({words})."))
    elif replaced:
        found.append(Loosened("metric-replaced", replaced))
    else:
        found += (Loosened("target-lowered", one) for one in _lowered(before, after, known))
    found += (Loosened("date-later", one) for one in _later(edit))
    if edit.owner[0] and not edit.owner[1]:
        found.append(Loosened("owner-gone", f"{edit.owner[0]} owned it; now nobody does."))
    return found


def content(wording: Wording) -> set[str]:
    """Return the words that carry the subject, cut to stems so that endings do not matter."""
    known = lexicon(wording.language)
    empty = (
        "common",
        "articles",
        "glue",
        "down",
        "relative",
        "change",
        "universal",
        "none",
        "now",
        "units",
        "months",
        "before",
        "gain",
    )
    return {
        word[:_STEM]
        for word in words_of(re.sub(r"\[[^\]]*\]|\(WIP[^)]*\)", " ", wording.text))
        if word[0].isalpha() and word not in known.numbers and not any(known.has(name, word) for name in empty)
    }


def overlap(one: set[str], other: set[str]) -> float:
    """Return the number of shared words over the size of the smaller set; 1 if either is empty."""
    return len(one & other) / min(len(one), len(other)) if one and other else 1.0


def _otherwise(before: Wording, after: Wording) -> bool:
    """Return True if the words differ enough that the changed kind is not an artefact of the rules."""
    one, other = content(before), content(after)
    return before.measure.start is not None or len(one & other) < _MOSTLY * max(len(one), len(other), 1)


def _replaced(before: Wording, after: Wording) -> str | None:
    if before.kind != after.kind:
        return None
    shared = overlap(content(before), content(after))
    nouns = [_nouns(one) for one in (before, after)]
    another = all(nouns) and not nouns[0] & nouns[1] and shared <= _HALF
    if (
        shared < _LITTLE
        or another
        or (_classes(before) and _classes(after) and _classes(before) != _classes(after) and shared < _HALF)
    ):
        return f"measures something else: {before.text!r} became {after.text!r}."
    return None


def _nouns(wording: Wording) -> set[str]:
    known = lexicon(wording.language)
    return {
        word[:_STEM]
        for word in words_of(wording.text)
        if known.has("outcome_nouns", word) and not known.has("others", word)
    }


def _class(amount: Amount) -> str:
    return scale(amount.unit)[0]


def scale(unit: str) -> tuple[str, float]:
    """Return the class of a unit (`%`, `time` or `count`) and its factor: seconds for times."""
    plain = unit.strip().casefold()
    if plain.startswith(_PER_CENT):
        return "%", 1.0
    seconds = _seconds(plain)
    return ("time", seconds) if seconds else ("count", 1.0)


def aim(wording: Wording) -> int:
    """Return 1 if the text wants its number to rise, -1 if to fall."""
    target = wording.measure.target
    if target is not None:
        return _direction(wording, target, lexicon(wording.language))
    known = lexicon(wording.language)
    return -1 if any(known.has("down", word) for word in words_of(wording.text)) else 1


def _classes(wording: Wording) -> set[str]:
    return {_class(one) for one in _units(wording)}


def _seconds(unit: str) -> float | None:
    return _SECONDS.get(unit) or _SECONDS.get(unit.rstrip("sn")) or _SECONDS.get(unit.rstrip("n"))


def _units(wording: Wording) -> list[Amount]:
    """Return the amounts; in a pair, one passes its unit to the other (from 6 to 2 days)."""
    found = list(wording.measure.amounts)
    start, target = wording.measure.start, wording.measure.target
    if start is not None and target is not None and (not start.unit) != (not target.unit):
        unit = start.unit or target.unit
        found = [Amount(a.value, unit, a.start, a.end, a.text) if a in (start, target) else a for a in found]
    elif start is None and len(found) == 2 and bool(found[0].unit) and not found[1].unit and _class(found[0]) == "time":
        found[1] = Amount(found[1].value, found[0].unit, found[1].start, found[1].end, found[1].text)
    return found


def _size(amount: Amount) -> float:
    return amount.value * (_seconds(amount.unit) or 1.0)


def _lowered(before: Wording, after: Wording, known: Lexicon) -> Iterator[str]:
    old, new = _units(before), _units(after)
    left, came = _left(old, new), _left(new, old)
    if before.measure.universal and not after.measure.universal and not any(_class(a) == "%" for a in came):
        yield "required all, or none, and no longer does."
        return
    if left and after.measure.universal and not before.measure.universal:
        return
    for kind in ("%", "time", "count"):
        mine, theirs = ([one for one in some if _class(one) == kind] for some in (left, came))
        for one, other in zip(mine, theirs, strict=False):
            way = _direction(before, one, known)
            if (_size(other) - _size(one)) * way < 0 and not _is_start(before, one):
                yield f"the target {one.text} became {other.text}."
                return
        if len(mine) > len(theirs) and not (came and len(new) >= len(old)) and not _is_start(before, mine[-1]):
            yield f"the target {mine[-1].text} is gone."
            return
    if not left and not came and (gone := _narrowed(before, after)):
        yield f"included {gone}, and no longer does."


_TOKEN = re.compile(r"[^\W\d_]+(?:['’\-][^\W\d_]+)*|[,/;&]")


_BETWEEN = {*",/;&", "and", "und", "y", "e", "et", "or", "oder", "o", "ou"}
_AND_SO_ON = {"etc", "usw", "more", "mehr", "más", "autre"}


def _narrowed(before: Wording, after: Wording) -> str:
    """Return what was removed from a list that otherwise stayed the same: "web, app and kiosk" without the app."""
    kept, had = content(after), content(before) - _AND_SO_ON
    if not kept < had:
        return ""
    words: list[str] = _TOKEN.findall(before.text)
    for place, sign in enumerate(words[1:-1], 1):
        if sign.lower() not in _BETWEEN:
            continue
        stems = {one.lower()[:_STEM]: one for one in (words[place - 1], words[place + 1])}
        gone = [one for stem, one in stems.items() if stem in had - kept]
        if len(gone) == 1 and stems.keys() & kept:
            return gone[0]
    return ""


def _left(those: Sequence[Amount], others: Sequence[Amount]) -> list[Amount]:
    """Return the amounts without an equal among the others."""
    rest = list(others)
    found = []
    for one in those:
        equal = next(
            (
                o
                for o in rest
                if _class(o) == _class(one) and abs(_size(o) - _size(one)) <= _SAME * max(1.0, _size(one))
            ),
            None,
        )
        if equal is None:
            found.append(one)
        else:
            rest.remove(equal)
    return found


def _is_start(wording: Wording, amount: Amount) -> bool:
    start = wording.measure.start
    return start is not None and start.start == amount.start


def _direction(wording: Wording, amount: Amount, known: Lexicon) -> int:
    """Return 1 if more is better, -1 if less is."""
    start, target = wording.measure.start, wording.measure.target
    if start is not None and target is not None and target.start == amount.start:
        low, high = (next(a for a in _units(wording) if a.start == one.start) for one in (start, target))
        return -1 if _size(high) < _size(low) else 1
    before = words_of(wording.text[: amount.start])
    near = before[-3:]
    if any(known.has("down", word) for word in near):
        relative = (
            _class(amount) == "%"
            and any(known.has("relative", word) for word in near)
            and near[-1:] not in (["to"], ["auf"], ["al"])
        )
        return 1 if relative else -1
    return 1


def _later(edit: Edit) -> Iterator[str]:
    was, now = edit.due
    if was and not now and not edit.after.measure.dates:
        yield f"was due on {was}; now no day is given."
    elif was and now and (old := day_of(was)) and (new := day_of(now)) and new > old:
        yield f"moved from {was} to {now}."
    days = [[_day(text, one.language) for text in one.measure.dates] for one in (edit.before, edit.after)]
    if days[0] and not days[1] and not now:
        yield f'said "{edit.before.measure.dates[0]}"; now no day is given.'
    elif days[0] and days[1] and max(days[1]) > max(days[0]):
        yield f'moved from "{edit.before.measure.dates[0]}" to "{edit.after.measure.dates[0]}".'


def _day(text: str, language: str) -> tuple[int, int, int]:
    """Return (year or 0, month, day) of a date as written; a month alone stands for its last day."""
    iso = re.search(r"(20\d\d)-(\d{1,2})-(\d{1,2})", text)
    if iso:
        return int(iso[1]), int(iso[2]), int(iso[3])
    quarter = re.search(r"[qt]([1-4])", text)
    named = re.search(rf"(?<!\w)(?:{'|'.join(lexicon(language).months)})", text)
    number = lexicon(language).months.index(named.group()) + 1 if named else 3 * int(quarter[1]) if quarter else 12
    year, day = re.search(r"20\d\d", text), re.search(r"(?<!\d)\d{1,2}(?!\d)", text)
    return (int(year.group()) if year else 0), number, int(day.group()) if day and named else 31
