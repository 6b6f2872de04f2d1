"""What the stages need to know of Slack."""

from connectors.base import ItemKind, Traits, Words

TRAITS = Traits(
    "slack", "Slack", words=Words.SIGNALS, evidence=frozenset({ItemKind.MESSAGE}), loggers=("slack_sdk", "slack_bolt")
)
