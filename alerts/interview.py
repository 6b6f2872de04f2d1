"""The alignment interview's questions: a Slack message with a button, a modal with three fields, and a mail."""

from datetime import date
from typing import Any

from alerts.block_kit import context, header, plain_text, section
from alerts.slack import escape
from alerts.words import full_day
from pipeline.interview.answers import LONGEST_LINE, MOST_LINES

KIND = "interview"
SUBJECT = "Three questions about our priorities"
QUESTIONS = (
    ("priorities", "The top priorities of the next quarter, in your own words", f"One per line, up to {MOST_LINES}."),
    ("stops", "What should stop, or wait?", f"One per line, up to {MOST_LINES}; leave it empty if nothing should."),
    ("dependencies", "Which dependencies could derail delivery?", f"One per line, up to {MOST_LINES}."),
)
"""Field, question and hint."""
PRIVATE = (
    "Nobody can read your answer: it is stored encrypted until the interview closes, then the results are computed and it is "
    "deleted. The results show how far answers agree, what three or more people named, and two wordings of things that more "
    "than one person named, without names. With fewer than five answers nothing is shown."
)


def opening(closes: date) -> str:
    """Return the request, as a sentence."""
    return f"What comes first, what should stop or wait, what could derail delivery? Five minutes, until {full_day(closes)}."


def blocks(round_: str, closes: date) -> list[dict[str, Any]]:
    """The message: what is asked, what becomes of it, and the button."""
    return [
        header(SUBJECT),
        section(escape(opening(closes))),
        {
            "type": "actions",
            "block_id": f"interview {round_}",
            "elements": [
                {
                    "type": "button",
                    "action_id": "interview-answer",
                    "style": "primary",
                    "text": plain_text("Answer"),
                    "value": round_,
                }
            ],
        },
        context(escape(PRIVATE)),
    ]


def modal(round_: str) -> dict[str, Any]:
    """Return the modal with three fields. An earlier answer is not shown: nobody can read one."""
    return {
        "type": "modal",
        "callback_id": "interview",
        "title": plain_text("Three questions"),
        "submit": plain_text("Keep"),
        "private_metadata": round_,
        "blocks": [
            *(
                {
                    "type": "input",
                    "block_id": name,
                    "optional": name != "priorities",
                    "label": plain_text(question),
                    "hint": plain_text(hint),
                    "element": {
                        "type": "plain_text_input",
                        "action_id": "text",
                        "multiline": True,
                        "max_length": MOST_LINES * LONGEST_LINE,
                    },
                }
                for name, question, hint in QUESTIONS
            ),
            context(escape(PRIVATE)),
        ],
    }


def texts_of(values: dict[str, Any]) -> dict[str, str]:
    """What a modal's state says, by field."""
    return {name: (values.get(name, {}).get("text") or {}).get("value") or "" for name, _, _ in QUESTIONS}
