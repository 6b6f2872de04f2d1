"""A number as people and spreadsheets write it, and as it is written to them: one rule for okrs.yaml, tables, forms, sentences,
and whatever a number is measured in.

What can be read in two ways is never guessed at: "1,200" is twelve hundred in one country and a little more than one in another.
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
    """It may be one of two numbers; the message says which."""


def readings(text: str) -> tuple[float, ...]:
    """Each number that a text may be, the one with a decimal sign first: none for what is no number, two for 1,200."""
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
    """The number that a text is, such as 45, "2,1", "1.234,5" or "12 000 %". Raises Unsure, or ValueError where it is none."""
    found = readings(text)
    if not found:
        raise ValueError(f"{text!r} is no number; {HOW}")
    if len(found) > 1:
        raise _unsure(text, found)
    return found[0]


def exactly(value: float) -> str:
    """All its digits, fifteen at most, and no exponent: 1234567.5. What somebody may type again."""
    return format(Decimal(f"{value + 0.0:.15g}"), "f")


def written(value: float) -> str:
    """The same with thousands set apart: what somebody typed, as a target of 99.999, as it was meant."""
    return format(Decimal(exactly(value)), ",f")


def shown(value: float) -> str:
    """With at most four digits that say something, and thousands set apart: 35.12, 1,234,567. More where it would read as all
    of something, 100 % or 1, and is not."""
    rounded = next((one for n in range(4, 9) if (one := float(f"{value:.{n}g}")) == value or one not in _WHOLE), value)
    return f"{value:,.0f}" if abs(rounded) >= 1000 else exactly(rounded)


def beside(value: float, *others: float | None) -> str:
    """The same with more digits where it would read as one of the others, or as beyond it, and is not."""
    known = [one for one in others if one is not None]

    def holds(text: str) -> bool:
        read = float(text.replace(",", ""))
        return all((read > one) - (read < one) == (value > one) - (value < one) for one in known)

    few = shown(value)
    more = (f"{value:,.{n}f}" for n in range(len(few.partition(".")[2]), 9))
    return next((text for text in (few, *more) if holds(text)), written(value))


def _unsure(text: str, found: Sequence[float]) -> Unsure:
    return Unsure(f"{text!r} may be {exactly(found[1])} or {exactly(found[0])}; write the one that is meant so")


def figure_among(text: str, others: Iterable[str], *, commas: bool) -> float:
    """The number that a text is in a column with others, which show what stands before decimals there: of 1.234, say.

    `commas` says that the table is of a country with decimal commas, as one with semicolons is. Raises as `figure` does.
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
    """The sign, and the rest without what stands around it."""
    said = text.strip().translate(_MINUS).removesuffix("%").strip()
    return (-1 if said.startswith("-") else 1), said.removeprefix("-").removeprefix("+").strip()


def _decimal_mark(said: str) -> str:
    """What surely stands before decimals in a country that writes a number so; empty where it may be either, or there is none."""
    if _THREE.fullmatch(said) or not readings(said):
        return ""
    marks = [one for one in said if one in ".,"]
    if len(marks) > 1 and len({*marks}) == 1:
        return "," if marks[0] == "." else "."
    return marks[-1] if marks else ""
