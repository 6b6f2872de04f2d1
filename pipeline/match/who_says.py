"""The origin that each reason for a match begins with: people, the register, links, the text, or a judge."""

import re
from collections.abc import Iterable, Mapping

PEOPLE, REGISTER, LINKS, TEXT = "people", "register", "links", "text"
_TEAM = re.compile(r"team (?P<key>.+) works on (?P<result>\S+)")
_NOT_NEAR = re.compile(r"nearest was \S+ with 0 ?%")


def as_shown(reason: str) -> str:
    """Return a reason as shown to people: without its origin, unless that is a judge."""
    who, _, why = reason.partition(": ")
    return why if why and who in (PEOPLE, REGISTER, LINKS, TEXT) else reason


def all_shown(evidence: Iterable[object], teams: Mapping[str, str]) -> list[str]:
    """Return a match's reasons as shown everywhere: teams by name (`teams` maps keys to names), nothing about far key results."""
    said = (as_shown(str(one)) for one in evidence)
    return [_by_name(one, teams) for one in said if not _NOT_NEAR.fullmatch(one)]


def _by_name(reason: str, teams: Mapping[str, str]) -> str:
    found = _TEAM.fullmatch(reason)
    return f"{teams.get(found['key'], found['key'])} works on {found['result']}" if found else reason
