"""Parse and format numbers as people and spreadsheets write them: one rule for okrs.yaml, tables, forms, sentences and every
source of measurements.

An ambiguous number is never guessed: "1,200" is twelve hundred in one country and a little more than one in another.
"""

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal

_MINUS = str.maketrans({"−": "-", "\u2010": "-", "\u2011": "-"})
_BLANKS = r"[ \u00a0\u2009\u202f'’]"
_SPACED = re.compile(rf"(\d{{1,3}}(?:{_BLANKS}\d{{3}})+)([.,]\d+)?")
_PLAIN = re.compile(r"\d+(?:[.,]\d*)?|[.,]\d+")
_UNSURE = re.compile(r"[1-9]\d{0,2},\d{3}")
_GROUPED = (re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?"), re.compile(r"\d{1,3}(?:\.\d{3})+(?:,\d+)?"))
_SCIENTIFIC = re.compile(r"\d+(?:\.\d+)?[eE][-+]?\d{1,3}")
_THREE = re.compile(r"[1-9]\d{0,2}([.,])\d{3}")
HOW = "write it as 45 or 2.1"
_WHOLE = (1.0, 100.0)


class Unsure(ValueError):
    """The text has two possible readings; the message gives both."""


def readings(text: str) -> tuple[float, ...]:
    """Return every possible value of a text, the one with a decimal sign first: none if it is not a number, two for 1,200."""
    sign, said = _digits(text)
    if _UNSURE.fullmatch(said):
        found = [said.replace(",", "."), said.replace(",", "")]
    elif _PLAIN.fullmatch(said):
        found = [said.replace(",", ".")]
    elif spaced := _SPACED.fullmatch(said):
        found = [re.sub(_BLANKS, "", spaced[1]) + (spaced[2] or "").replace(",", ".")]
    elif _GROUPED[0].fullmatch(said):
        found = [said.replace(",", "")]
    elif _GROUPED[1].fullmatch(said):
        found = [said.replace(".", "").replace(",", ".")]
    else:
        found = [said] if _SCIENTIFIC.fullmatch(said) else []
    return tuple(sign * float(one) for one in found)


def figure(text: str) -> float:
    """Parse a number such as 45, "2,1", "1.234,5" or "12 000 %". Raises Unsure if ambiguous, ValueError if not a number."""
    found = readings(text)
    if not found:
        raise ValueError(f"{text!r} is not a number; {HOW}")
    if len(found) > 1:
        raise _unsure(text, found)
    return found[0]


def exactly(value: float) -> str:
    """Format with all digits, at most fifteen, without an exponent: 1234567.5. For input that somebody may edit."""
    return format(Decimal(f"{value + 0.0:.15g}"), "f")


def written(value: float) -> str:
    """Format like `exactly` with thousands separators: for a value that somebody typed, such as a target of 99.999."""
    return format(Decimal(exactly(value)), ",f")


def shown(value: float) -> str:
    """Format with at most four significant digits and thousands separators: 35.12, 1,234,567. More digits if it would otherwise
    round to 1 or 100 %."""
    rounded = next((one for n in range(4, 9) if (one := float(f"{value:.{n}g}")) == value or one not in _WHOLE), value)
    return f"{value:,.0f}" if abs(rounded) >= 1000 else exactly(rounded)


def beside(value: float, *others: float | None) -> str:
    """Format like `shown`, with more digits if rounding would make it equal to or cross one of the others."""
    known = [one for one in others if one is not None]

    def holds(text: str) -> bool:
        read = float(text.replace(",", ""))
        return all((read > one) - (read < one) == (value > one) - (value < one) for one in known)

    few = shown(value)
    more = (f"{value:,.{n}f}" for n in range(len(few.partition(".")[2]), 9))
    return next((text for text in (few, *more) if holds(text)), written(value))


def _unsure(text: str, found: Sequence[float]) -> Unsure:
    return Unsure(f"{text!r} may be {exactly(found[1])} or {exactly(found[0])}; write the intended one like this")


def figure_among(text: str, others: Iterable[str], *, commas: bool) -> float:
    """Parse a number in a column; the other values settle whether its mark is a decimal sign (as in 1.234).

    `commas`: the table comes from a country with decimal commas, as one with semicolons does. Raises as `figure` does.
    """
    sign, said = _digits(text)
    three = _THREE.fullmatch(said)
    if three is None:
        return figure(text)
    marks = {mark for one in others if (mark := _decimal_mark(_digits(one)[1]))}
    if len(marks) == 1:
        return sign * float(said.replace(three[1], "." if marks == {three[1]} else ""))
    if three[1] == "." and not commas:
        return figure(text)
    raise _unsure(text, readings(text.replace(".", ",")))


def _digits(text: str) -> tuple[int, str]:
    """Return the sign and the digits, stripped of white space, sign and percent sign."""
    said = text.strip().translate(_MINUS).removesuffix("%").strip()
    return (-1 if said.startswith("-") else 1), said.removeprefix("-").removeprefix("+").strip()


def _decimal_mark(said: str) -> str:
    """Return the decimal sign that this notation implies; empty if it is ambiguous or there is none."""
    if _THREE.fullmatch(said) or not readings(said):
        return ""
    marks = [one for one in said if one in ".,"]
    if len(marks) > 1 and len({*marks}) == 1:
        return "," if marks[0] == "." else "."
    return marks[-1] if marks else ""
