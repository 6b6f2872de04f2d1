"""What the stages need to know of a mailbox."""

from connectors.base import ItemKind, Traits, Words

TRAITS = Traits("mailbox", "mailbox", words=Words.SIGNALS, evidence=frozenset({ItemKind.MAIL}), loggers=("imap_tools",))
