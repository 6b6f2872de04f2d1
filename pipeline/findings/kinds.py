"""The table of kinds: how each is found, and its sentences.

`signal` says what is seen, `insight` what it means, `reinforcement` what helps to keep to the plan; `brief` is the signal in a
line. In braces stand figures and names of a `Found`: `strength`, `low` and `high` (whole percent where they are parts of one),
`scope`, and its values. Names are looked up, and escaped, where the sentence is shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.findings.creep import focus_creep
from pipeline.findings.found import Finder
from pipeline.findings.shadow import shadow_roadmap
from pipeline.findings.stopping import slow_to_stop
from pipeline.findings.support import under_supported


@dataclass(frozen=True, slots=True)
class Kind:
    """`asks` is what is to be decided. `variants` are other signals, by the name and the text of the value that calls for them;
    a text of `*` stands for any."""

    title: str
    find: Finder
    signal: str
    insight: str
    reinforcement: str
    asks: str
    brief: str
    parts: bool = True
    """Whether strength and interval are parts of one, shown as whole percent."""
    variants: Mapping[tuple[str, str], str] = field(default_factory=dict)
    brief_variants: Mapping[tuple[str, str], str] = field(default_factory=dict)


KINDS: Mapping[str, Kind] = {
    "shadow": Kind(
        "Shadow roadmap",
        shadow_roadmap,
        "{strength} of 100 working days of {scope} went to {count} large streams that serve no key result in the last "
        "{weeks} weeks ({low} to {high}, {trend}), the largest {streams}; {planned} of 100 went to key results.",
        "Work of this size that lasts is a second roadmap: it was never weighed against the plan, and the plan pays for it.",
        "Put each of these streams on a key result, or give it an owner and a day on which it ends.",
        "Which of these streams belong in the register, and which stop?",
        "{strength} of 100 working days of {scope} go to large streams that serve no key result",
        variants={
            ("larger", "1"): "Larger than the roadmap: {strength} of 100 working days of {scope} went to {count} large "
            "streams that serve no key result in the last {weeks} weeks ({low} to {high}, {trend}), the largest {streams}; "
            "only {planned} of 100 went to key results."
        },
    ),
    "creep": Kind(
        "Focus creep",
        focus_creep,
        "{strength} of 100 working days of {scope} ({low} to {high}) went in the last {weeks} weeks to {count} streams that "
        "were born after the plan was made and serve no key result, on top of what served none before; the largest {streams}.",
        "The plan was not changed, it was added to: each extra thing was small when it came.",
        "Let nothing new begin without a sentence on what it serves and what makes room for it.",
        "What of this is worth changing the plan for?",
        "{strength} of 100 working days of {scope} go to work that came after the plan and serves no key result",
    ),
    "support": Kind(
        "Under-supported",
        under_supported,
        "{objective} gets {strength} of 100 working days ({low} to {high}) and {plan} were planned: over {weeks} weeks about "
        "{days} person-days less.",
        "A goal that gets less than half of its plan is not late, it is not being worked on.",
        "Move people to it now, or take it out of the register and say so.",
        "Is it still wanted? If it is, what stops for it?",
        "{objective} gets {strength} of 100 working days, {plan} were planned",
        variants={
            (
                "against",
                "rank",
            ): "{objective} has priority {rank} and gets {strength} of 100 working days ({low} to {high}) "
            "over the last {weeks} weeks.",
            (
                "key_result",
                "*",
            ): "Hardly anything was done on {key_result} (of {objective}) for {weeks} whole weeks, {days} "
            "person-days in all; in the register it is for {teams}.",
        },
        brief_variants={
            ("against", "rank"): "{objective} has priority {rank} and gets {strength} of 100 working days",
            ("key_result", "*"): "hardly anything was done on {key_result} for {weeks} whole weeks",
        },
    ),
    "stopping": Kind(
        "Slow to stop",
        slow_to_stop,
        "{stream} was stopped on {said} and still takes {strength}% of the work that it took before ({low} to {high}): {days} "
        "person-days in {weeks} weeks.",
        "A stop that is not followed teaches everybody that decisions of this kind do not count.",
        "Say again who winds it up and by when, or take the stop back.",
        "Does the stop hold?",
        "{stream} was stopped on {said} and took {days} person-days since",
    ),
}
