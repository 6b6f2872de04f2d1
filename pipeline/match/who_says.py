"""Who says so, as each reason for a match begins: people, the register, links, the text; or a judge."""

PEOPLE, REGISTER, LINKS, TEXT = "people", "register", "links", "text"


def as_shown(reason: str) -> str:
    """A reason as people read it: without who says so, except where that is a judge."""
    who, _, why = reason.partition(": ")
    return why if why and who in (PEOPLE, REGISTER, LINKS, TEXT) else reason
