"""How figures and names are written, in one form for every face: 26%, −3, 19 October, "a, b and c".

Rounded figures that stand beside their sum add up to it (`apportion`): what people see is added up by people.
"""

import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import quote

from markupsafe import Markup, escape

from models.vocabulary import STATES

MINUS = "−"
_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""What embeds, overrides or isolates a direction."""
_WIDE, _BREAKS = re.compile(r"\S{29,}"), re.compile(r"[-_/.?&=:]+(?=.)|[^-_/.?&=:\s]{24}(?=.)")


@dataclass(frozen=True, slots=True)
class Name:
    """Text from outside (a title, a stream's name), which each channel escapes and sets off in its own way."""

    text: str


Words = tuple[str | Name, ...]
"""One sentence: our own text and names from outside."""


def plain(words: Words) -> str:
    """A sentence for plain text: names in quotation marks that they cannot end, on one line, without control characters."""
    return "".join(f"“{isolated(_quoted(one.text))}”" if isinstance(one, Name) else one for one in words)


def _quoted(text: str) -> str:
    kept = "".join(c if c.isprintable() else " " for c in text).translate({ord("“"): "‘", ord("”"): "’"})
    return " ".join(kept.split())


def html(words: Words) -> Markup:
    """A sentence for a page or a mail: everything escaped, names in bold, what is typed (`leeway run`) as code."""
    return Markup("").join(
        Markup("<b>%s</b>") % outside(one.text) if isinstance(one, Name) else coded(one) for one in words
    )


def isolated(text: str) -> str:
    """Text from outside whose direction moves nothing around it: beside a name in Arabic or Hebrew figures would be read in
    another order (Unicode's bidirectional algorithm, UAX 9: first strong isolate)."""
    kept = _TURNS.sub("", text)
    turns = any(unicodedata.bidirectional(c) in ("R", "AL") for c in kept)
    return f"\u2068{kept}\u2069" if turns else kept


def outside(text: str) -> str:
    """The same with places where a word that is wider than a phone may be broken: it would make a whole mail wider."""
    return _WIDE.sub(lambda word: _BREAKS.sub("\\g<0>\u200b", word[0]), isolated(text))


def coded(text: object) -> Markup:
    """Our own text for a page or a mail: escaped, and what stands between backticks as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # what it adds is ours  # noqa: S704


def shortened(text: str, longest: int = 60) -> str:
    """The text on one line, cut at a word where it is longer."""
    text = " ".join(text.split())
    if len(text) <= longest:
        return text
    kept = text[: longest - 1]
    return (kept.rsplit(" ", 1)[0] if " " in kept[longest // 2 :] else kept).rstrip(" ,;:") + "…"


def listed(parts: Sequence[Words]) -> Words:
    """ "a", "a and b" or "a, b and c"."""
    found: list[str | Name] = []
    for place, one in enumerate(parts):
        if place:
            found.append(" and " if place == len(parts) - 1 else ", ")
        found.extend(one)
    return tuple(found)


def whole(value: float) -> int:
    """The nearest whole number, a half away from zero (Python's own `round` takes a half to the even number)."""
    return int(math.copysign(math.floor(abs(value) + 0.5), value))


def percent(share: float) -> int:
    """A part of one in whole percent."""
    return whole(100 * share)


def done(share: float) -> int:
    """The same of what can be complete: 100 only where nothing is missing, however little it is."""
    return min(99, percent(share)) if share < 1 else percent(share)


def fraction(share: float) -> float:
    """A part of one for machines: with six decimals, so that rounding it gives what `percent` says."""
    return round(share, 6)


def sentence(text: str) -> str:
    """With a capital letter first, and the rest as it stands."""
    return text[:1].upper() + text[1:]


def sure(low: int, high: int, unit: str, of: str) -> str:
    """Every 90% interval in the same words, with what it is about: 9 in 10 sure: between 22 and 38% on average since 15 June"""
    return f"9 in 10 sure: between {number(low)} and {number(high)}{unit} {of}".rstrip()


def signed(value: int) -> str:
    """A change: +10, −3, ±0."""
    return f"+{value}" if value > 0 else f"{MINUS}{-value}" if value < 0 else "±0"


def number(value: float) -> str:
    """A whole number with separated thousands: 1,250."""
    return f"{whole(value):,}".replace("-", MINUS)


def day(one: date) -> str:
    """19 October"""
    return f"{one.day} {one:%B}"


def short_day(one: date) -> str:
    """19 Oct, where room is scarce."""
    return f"{one.day} {one:%b}"


def full_day(one: date) -> str:
    """19 October 2026"""
    return f"{day(one)} {one.year}"


def state(name: str) -> str:
    """What became of a finding, in words."""
    return STATES.get(name, name)


def apportion(parts: Sequence[float], total: int) -> list[int]:
    """Whole numbers that add up to `total`, each less than one from its part where the parts add up to about `total`.

    The method of the largest remainder (Hamilton's). Parts may be negative; what they lack to `total` is spread evenly first.
    """
    if not parts:
        return []
    lacking = (total - math.fsum(parts)) / len(parts)
    moved = [part + lacking for part in parts]
    found = [math.floor(part) for part in moved]
    by_remainder = sorted(range(len(parts)), key=lambda place: (found[place] - moved[place], place))
    for place in by_remainder[: total - sum(found)]:
        found[place] += 1
    return found


def split(parts: Sequence[float], total: int) -> list[int]:
    """Whole numbers that add up to `total`, in proportion to parts that are not negative; nothing stays nothing."""
    weight = math.fsum(parts)
    if weight <= 0:
        return apportion([0.0] * len(parts), total)
    held = [place for place, part in enumerate(parts) if part > 0]
    shown = iter(apportion([parts[place] / weight * total for place in held], total))
    return [next(shown) if part > 0 else 0 for part in parts]


def span(first: date, last: date) -> str:
    """16 to 22 November 2026; with both months, and both years, where they differ."""
    return f"{first_day(first, last)} to {full_day(last)}"


def first_day(first: date, last: date) -> str:
    """The first day of a span as it stands before the last: 16, 16 October, 16 December 2025."""
    if first.year != last.year:
        return full_day(first)
    return str(first.day) if first.month == last.month else day(first)


def in_path(key: str) -> str:
    """A key as a part of an address on the page; a slash stays one, since servers in front refuse it in disguise."""
    return quote(key, safe="/")


def amount(count: int, thing: str) -> str:
    """1 objective, 3 objectives; 1,200 signals."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def person_days(value: float) -> str:
    """1 person-day, 1,250 person-days; of less than half a one, that it is less than one."""
    return "less than 1 person-day" if few(value) else amount(whole(value), "person-day")


def days_shown(value: float) -> str:
    """The same in a table: 1,250, or <1. A row of none would ask why it is there."""
    return "<1" if few(value) else number(value)


def few(value: float) -> bool:
    """Whether it is more than nothing, and would be shown as none."""
    return value > 0 and whole(value) == 0


def ago(value: float | None) -> str:
    """Minutes as people say them: 5 minutes, 3 hours, 2 days."""
    if value is None:
        return "never"
    for size, name in ((1440, "day"), (60, "hour"), (1, "minute")):
        if value >= size:
            return amount(int(value // size), name)
    return "under a minute"
