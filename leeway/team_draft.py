"""Draft the teams of okrs.yaml from the groups that people are in: Slack user groups and HubSpot teams."""

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from connectors.base import Account


@dataclass(frozen=True, slots=True)
class DraftTeam:
    """A team to be looked through: its key, its name as the source has it, and the addresses of its members."""

    key: str
    name: str
    members: tuple[str, ...]


def teams_of(accounts: Iterable[Account]) -> list[DraftTeam]:
    """One team for each group, by key. Who is in several counts in the smallest: the others are wider circles.

    Bots and accounts without an address are left out, and groups of which nobody is left.
    """
    names: dict[str, str] = {}
    groups: dict[str, set[str]] = {}
    for account in accounts:
        if account.email and not account.bot:
            for group in account.groups:
                key = _key(group)
                names.setdefault(key, group)
                groups.setdefault(key, set()).add(account.email.lower())
    own: dict[str, set[str]] = {}
    for email in set().union(*groups.values()) if groups else set():
        smallest = min((key for key in groups if email in groups[key]), key=lambda key: (len(groups[key]), key))
        own.setdefault(smallest, set()).add(email)
    return [DraftTeam(key, one_line(names[key]), tuple(sorted(own[key]))) for key in sorted(own)]


def with_teams(template: str, teams: Sequence[DraftTeam]) -> str:
    """The template of okrs.yaml with these teams in place of its own; its example objective is the first one's."""
    start, stop = template.index("teams:\n"), template.index("objectives:\n")
    lines = ["teams:                     # drafted from your groups: review them, and name each team's lead"]
    for team in teams:
        lines += [
            f"  - key: {_yaml(team.key)}",
            f"    name: {_yaml(team.name)}",
            "    # lead: lead@your-company.com   # gets the team's digest",
            "    members:",
            *(f"      - {_yaml(email)}" for email in team.members),
        ]
    rest = template[stop:].replace("teams: [app]", f"teams: [{_yaml(teams[0].key)}]")
    return template[:start] + "\n".join(lines) + "\n" + rest


def _key(name: str) -> str:
    """A short key of small letters; of a name without any, what Unicode has of it."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or one_line(name)


def one_line(text: str) -> str:
    """A name from outside as a terminal and a file can take it: without line breaks, escapes and what cannot be seen."""
    return "".join(sign if sign.isprintable() else " " for sign in " ".join(text.split()))


def _yaml(text: str) -> str:
    """Plain where YAML cannot take it for anything else, else in quotes, which JSON writes alike."""
    safe = re.fullmatch(r"[a-z][a-z0-9.-]*(@[a-z0-9.-]+)?", text) and text not in ("yes", "no", "on", "off", "y", "n")
    safe = safe and text not in ("true", "false", "null")
    return text if safe else json.dumps(one_line(text), ensure_ascii=False)
