"""The pulse's questions: a Slack message with buttons, the lines of a mail, and the message after an answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from alerts.block_kit import context, header, plain_text, section
from alerts.slack import escape
from alerts.words import shortened
from pipeline.pulse.answers import HIGHEST, LONGEST_NOTE, LOWEST, Said
from pipeline.register.document import KeyResult

KIND = "pulse"
MOST_WITH_BUTTONS, MOST_BLOCKS = 20, 45
"""Key results that fit into Slack's 50 blocks with a row of buttons each; with a list to choose from each."""
NUMBERS = range(LOWEST, HIGHEST + 1)
TEXT = (
    "how sure are you that its target will be reached by the end of the period? 1 is not at all, 10 is certain. A lower number "
    "than last week is not a failure: it is why we ask."
)
NOTE = (
    "The figure is shown on the key result's page, week by week, without your name. A later answer this week replaces an "
    "earlier one."
)


@dataclass(frozen=True, slots=True)
class Place:
    """A key result and a week that a button is about, as its block carries them; `seen` is the register's version that named the
    key so."""

    week: date
    key: str
    seen: int = 0

    @classmethod
    def of(cls, text: str) -> "Place":
        """Parse it. Raises ValueError if it is not one of ours."""
        kind, week, key = text.split(" ", 2)
        if kind != KIND:
            raise ValueError(text)
        day, _, seen = week.partition(":")
        return cls(date.fromisoformat(day), key, int(seen or 0))

    def __str__(self) -> str:
        return f"{KIND} {self.week}:{self.seen} {self.key}"


def subject(count: int) -> str:
    """The first line."""
    return "How sure are you of your key result?" if count == 1 else f"How sure are you of your {count} key results?"


def opening(count: int) -> str:
    """The question, as a sentence."""
    return f"{'Of this key result' if count == 1 else 'Of each of these key results'}: {TEXT}"


def line(one: KeyResult) -> str:
    """A key result in a line."""
    return f"{one.key} {shortened(one.title, 150)}"


def blocks(week: date, asked: Sequence[KeyResult], said: Mapping[str, Said], version: int) -> list[dict[str, Any]]:
    """The message: a row for each key result of this version of the register, with buttons where they fit; what was said already
    is marked."""
    found: list[dict[str, Any]] = [
        header(subject(len(asked))),
        section(escape(opening(len(asked)))),
    ]
    for one in asked[:MOST_BLOCKS]:
        place, given = str(Place(week, one.key, version))[:255], said.get(one.key)
        answered = f"\nThis week: *{given.value}*" + (f", {escape(given.note)}" if given.note else "") if given else ""
        text = section(f"*{escape(line(one))}*{answered}")
        if len(asked) <= MOST_WITH_BUTTONS:
            found += [text, {"type": "actions", "block_id": place, "elements": _buttons(given)}]
        else:
            found.append(text | {"block_id": place, "accessory": _choice(given)})
    if len(asked) > MOST_BLOCKS:
        found.append(section(f"and {len(asked) - MOST_BLOCKS} more, which do not fit here."))
    return [*found, context(escape(NOTE))]


def _buttons(given: Said | None) -> list[dict[str, Any]]:
    numbers: list[dict[str, Any]] = [
        {"type": "button", "action_id": f"pulse-{n}", "text": plain_text(str(n)), "value": str(n)}
        | ({"style": "primary"} if given is not None and given.value == n else {})
        for n in NUMBERS
    ]
    return [*numbers, {"type": "button", "action_id": "pulse-note", "text": plain_text("Add a line"), "value": "note"}]


def _choice(given: Said | None) -> dict[str, Any]:
    options = [{"text": plain_text(str(n)), "value": str(n)} for n in NUMBERS]
    chosen = {"initial_option": options[given.value - LOWEST]} if given else {}
    select = {"type": "static_select", "action_id": "pulse-choice", "placeholder": plain_text("1 to 10")}
    return select | {"options": options} | chosen


def modal(place: Place, title: str, given: Said | None) -> dict[str, Any]:
    """Return the modal for a number and a comment."""
    written = {"initial_value": given.note} if given and given.note else {}
    text = {"type": "plain_text_input", "action_id": "note", "max_length": LONGEST_NOTE, "multiline": False} | written
    return {
        "type": "modal",
        "callback_id": "pulse-line",
        "title": plain_text("How sure are you?"),
        "submit": plain_text("Keep"),
        "private_metadata": str(place),
        "blocks": [
            section(f"*{escape(title)}*"),
            {"type": "input", "block_id": "value", "label": plain_text("1 to 10"), "element": _choice(given)},
            {
                "type": "input",
                "block_id": "note",
                "optional": True,
                "label": plain_text("A comment; name no person"),
                "element": text,
            },
        ],
    }
