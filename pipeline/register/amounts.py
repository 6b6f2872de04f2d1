"""Extract numbers from a key result: baseline, target and dates. Names that contain digits (ISO 27001, Q3) do not count."""

import itertools
import re
from dataclasses import dataclass
from typing import Literal

from pipeline.register.lexicon import Lexicon

Baseline = Literal["given", "zero", "missing", ""]

_NAMES = re.compile(
    r"""\b(?:iso|din|en|soc|rei|sap|rfc|tier|level|phase|tls|sha|aws\ s|http/|ipv|py|k)[\s-]?\d[\d.\-]*\w*  # standards
      | \bsev-?\d | \bp\d{1,2}\b | \b[a-z]+[-/]\d+\b | \bv?\d{1,2}\.\d{1,2}\.\d{1,2}\b | \bv\d+(?:\.\d+)*\b  # p95, v1.0
      | \b(?:fy\s?\d\d[-\s]?)?[qhtr][1-4](?:[-/][1-4])?(?:[\s-]?(?:20)?\d\d)?\b | \bfy\s?\d\d\b              # Q3 2026, FY21-Q2
      | \b20[1-4]\d(?:[\s-]?[qh][1-4])?\b(?!\s*[a-zà-ÿ]) | \b\d{1,2}(?:st|nd|rd|th)\b | \#\d+ | \b(?:[a-z]+\d+\w*)\b  # 99th
    """,
    re.I | re.X,
)
_VERSION = re.compile(r"\b(?:release[sd]?|version|engine)\s+(?:\w+\s+)?\d+\.\d+\b", re.I)
_PLACEHOLDER = re.compile(r"\[[^\]\d]{1,12}\]\[\w+\]|\$\[?[A-Z]\]?")
_GROUPS = r"\d{1,3}(?:[ \u202f',.]\d{3})+(?![\d])(?:[.,]\d{1,2})?"
_SCALES = {
    "k": 1e3,
    "thousand": 1e3,
    "tausend": 1e3,
    "mil": 1e3,
    "mille": 1e3,
    "mio": 1e6,
    "million": 1e6,
    "millions": 1e6,
    "millionen": 1e6,
    "millones": 1e6,
    "millón": 1e6,
    "mrd": 1e9,
    "bn": 1e9,
    "billion": 1e9,
}
_NUMBER = re.compile(
    rf"(?<![\w.,])[+\-−]?(?P<money>[$€£]?)\s?(?P<value>{_GROUPS}|\d+(?:[.,]\d+)?)"
    rf"(?:\s?(?P<scale>{'|'.join(sorted(_SCALES, key=len, reverse=True))}|(?<=[$€£]\d)m|(?<=[$€£]\d\d)m)\b)?"
    r"\s?(?P<unit>%|‰|[x×](?!\w)|[€£$]|ms\b|s\b|h\b)?",
    re.I,
)
_ARROW = re.compile(r"(?:->|→|=>|⇒)")
_TAG = re.compile(
    r"\[(?:P\d|[A-Z]{2,12})\]|\bP[0-3]\b:?|\((?:WIP|done|\d+\s?% done|\d+\s?%(?=\)\s*[A-Z]))[^)]*\)|\bWIP\b", re.I
)


@dataclass(frozen=True, slots=True)
class Amount:
    """A number with its unit as written ("" for a plain count) and its position in the text."""

    value: float
    unit: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Measure:
    """The numbers in a text. `baseline` is "zero" if it counts up from nothing or tolerates nothing."""

    amounts: tuple[Amount, ...]
    start: Amount | None
    target: Amount | None
    baseline: Baseline
    dates: tuple[str, ...]
    universal: bool


def plain(text: str) -> str:
    """Remove tags such as [P1] from a text."""
    return " ".join(_TAG.sub(" ", text).split())


def dates_of(text: str, known: Lexicon) -> list[str]:
    """Return the due days and months, as written."""
    low = text.lower()
    months = "|".join((*known.words["months"], *(m[:3] + r"\." for m in known.words["months"])))
    before = "|".join(map(re.escape, known.phrases["before"]))
    patterns = (
        r"\b20\d\d-\d{1,2}-\d{1,2}\b",
        r"\b\d{1,2}[./]\d{1,2}[./](?:20)?\d\d\b",
        rf"\b\d{{1,2}}\.?(?:st|nd|rd|th)?\s+(?:de\s+|of\s+)?(?:{months})(?!\w)",
        rf"\b(?:{months})\s+\d{{1,4}}(?:st|nd|rd|th)?\b(?!\s*%)",
        rf"(?<!\w)(?:{before})\s+(?:the\s+|der\s+)?(?:end(?:e)?\s+(?:of\s+)?|fin(?:ales)?\s+(?:de\s+)?|mitte\s+|le\s+|el\s+)?(?:{months})(?!\w)",
        rf"(?<!\w)(?:{before})\s+(?:(?:the\s+)?end\s+of\s+|ende\s+|fin\s+)?(?:[qt][1-4]|eoq|eoy|20\d\d)\b",
    )
    return [found.group() for pattern in patterns for found in re.finditer(pattern, low)]


def amounts_of(text: str, known: Lexicon) -> list[Amount]:
    """Return the numbers of a text, in digits and words, except dates and names such as ISO 27001 or Q3."""
    hidden = text
    for name in (*dates_of(text, known), *(m.group() for m in _VERSION.finditer(text))):
        hidden = re.sub(re.escape(name), lambda m: " " * len(m.group()), hidden, flags=re.I)
    hidden = _NAMES.sub(lambda m: " " * len(m.group()), hidden)
    digits = [
        Amount(
            _value(m["value"]) * _SCALES.get((m["scale"] or "").lower(), 1e6 if m["scale"] else 1),
            _unit(m, hidden, known),
            m.start(),
            m.end(),
            m.group().strip(),
        )
        for m in _NUMBER.finditer(hidden)
    ]
    spelt = [
        Amount(known.numbers[m.group().lower()], _word_unit(hidden[m.end() :], known), m.start(), m.end(), m.group())
        for m in re.finditer(r"[^\W\d_]+", hidden)
        if m.group().lower() in known.numbers and not _article(m, hidden)
    ]
    places = [Amount(1, "", m.start(), m.end(), m.group()) for m in _PLACEHOLDER.finditer(hidden)]
    return sorted([*digits, *spelt, *places], key=lambda one: one.start)


def _value(text: str) -> float:
    digits = text.replace("\u202f", "").replace(" ", "").replace("'", "")
    if re.fullmatch(r"\d{1,3}([.,]\d{3})+", digits):
        return float(re.sub(r"[.,]", "", digits))
    last = max(digits.rfind("."), digits.rfind(","))
    return float(re.sub(r"[.,]", "", digits[:last]) + "." + digits[last + 1 :]) if last > 0 else float(digits)


def _unit(found: re.Match[str], text: str, known: Lexicon) -> str:
    return found["money"] or (found["unit"] or "").lower() or _word_unit(text[found.end() :], known)


def _word_unit(rest: str, known: Lexicon) -> str:
    word = re.match(r"\s*(?:de\s+)?([^\W\d_]+)", rest)
    return word[1].lower() if word and word[1].lower() in known.words["units"] else ""


def _article(found: re.Match[str], text: str) -> bool:
    """Return True if the word is an article or adverb rather than a number: `eine App`, `one of`, `to double down`."""
    word = found.group().lower()
    if word in ("ein", "eine", "einen", "un", "una", "une"):
        return True
    rest = text[found.end() :].lower()
    return (
        (word == "one" and (text[found.end() : found.end() + 1] == "-" or text[: found.start()].endswith("-")))
        or (
            word in ("third", "quarter")
            and not text[: found.start()].lower().rstrip().endswith(("a", "one", "two", "three"))
        )
        or (word == "second" and not rest.strip())
    )


def _between(text: str, low: Amount, high: Amount) -> str:
    return text[low.end : high.start].lower()


def _pair(text: str, amounts: list[Amount], known: Lexicon) -> tuple[Amount, Amount] | None:
    """Return (start, target) if a text gives both: from 2 to 5, 2 -> 5, 5 (2 today), 5 (2)."""
    now = known.phrases["now"]
    to = "|".join(map(re.escape, known.phrases["to"]))
    for low, high in itertools.pairwise(amounts):
        between, before = _between(text, low, high), text[: low.start].lower()
        begun = re.search(rf"(?<!\w)(?:{'|'.join(map(re.escape, known.phrases['from']))})\s*(?:\w+\s)?$", before)
        if _ARROW.search(between) or (begun and re.search(rf"(?<!\w)(?:{to})(?!\w)", between)):
            return low, high
        if begun and re.search(r"(?:[-–]|bis)\s*$", between):
            return low, high
        if re.search(r"\(\s*$", before) and ")" not in between and re.search(rf"(?<!\w)(?:{to})\s*$", between):
            return low, high
    for one in amounts:
        rest, before = text[one.end :].lower(), text[: one.start].lower()
        near = re.search(r"[(;,][^(;,]*$", before)
        around = (near.group() if near else "") + re.split(r"[);,]", rest, maxsplit=1)[0]
        others = [two for two in amounts if two is not one]
        if others and any(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", around) for word in now):
            return one, max(
                others, key=lambda two: (two.start > one.start and "ziel" in text.lower(), two.unit == one.unit)
            )
        if (
            others
            and re.search(r"\(\s*(?:from|von|de|desde|vs\.?|was|up from|down from)?\s*$", before)
            and re.match(r"\s*\)", rest)
        ):
            return one, others[0]
    return None


def measure(text: str, known: Lexicon) -> Measure:
    """Extract the numbers of a key result."""
    text = plain(text)
    words = re.findall(r"[^\W\d_]+", text.lower())
    amounts = amounts_of(text, known)
    dates = tuple(dates_of(text, known))
    universal = any(known.has("universal", word) for word in words)
    none = bool(words) and known.has("none", words[0])
    pair = _pair(text, amounts, known)
    start, target = pair or (None, amounts[0] if amounts else None)
    return Measure(
        tuple(amounts),
        start,
        target,
        _baseline(text, words, amounts, pair is not None, none, known),
        dates,
        universal or none,
    )


def _baseline(text: str, words: list[str], amounts: list[Amount], pair: bool, none: bool, known: Lexicon) -> Baseline:
    if pair or (amounts and _grown(text, amounts)):
        return "given"
    if none:
        return "zero"
    if not amounts:
        return ""
    first, after = amounts[0], words_after(text, amounts[0])
    if _SIGNED.match(first.text) and not first.unit:
        return "zero"  # +2 engineers: two more than there are now
    if first.unit in ("", "$", "€", "£") and any(known.has("gain", word) for word in (*words[:5], *after[:3])):
        return "zero"
    if first.unit == "%" and any(known.has("attained", word) for word in after):
        return "zero"  # attainment of a plan or quota starts at zero in each period
    level = bool(first.unit) or any(known.has("change", word) for word in words)
    named = any(
        known.has("outcome_nouns", w) and not known.has("others", w) and not known.has("events", w) for w in words
    )
    return "missing" if level or (named and not _counted(after, known)) else "zero"


_SIGNED = re.compile(r"\+\s?\d")
_GROWN = re.compile(
    r"\s*(?:qoq|yoy|mom|wow|growth|(?:more|less|higher|lower|up|down|increase|decrease)\b)"
    r"|\s*(?:mehr|weniger|wachstum)\b|\s*(?:más|menos|de crecimiento)\b|\s*(?:de plus|de moins|de croissance)\b",
    re.I,
)


def _grown(text: str, amounts: list[Amount]) -> bool:
    """Return True if a growth rate follows the number: 652 leads, 28 % more."""
    first, *others = amounts
    return first.unit != "%" and any(one.unit == "%" and _GROWN.match(text[one.end :]) for one in others)


def words_after(text: str, amount: Amount) -> list[str]:
    """Return the words after a number, up to the end of its clause."""
    return re.findall(r"[^\W\d_]+", re.split(r"[.;:,(]", text[amount.end :], maxsplit=1)[0].lower())[:8]


def _counted(after: list[str], known: Lexicon) -> bool:
    """Return True if the number counts the things or people named right after it: two keynotes, but not 45 or 45 by May."""
    if not after or known.has("common", after[0]):
        return False
    near = after[:3]
    rate = any(known.has("units", word) for word in near)
    return not rate and not any(known.has("outcome_nouns", w) and not known.has("events", w) for w in near)
