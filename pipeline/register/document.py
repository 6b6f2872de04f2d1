"""okrs.yaml read and judged. Errors name file, line, field and the fix, all at once."""

import hashlib
from datetime import date
from functools import lru_cache
from pathlib import Path

import structlog
from pydantic import ValidationError

from pipeline.files import InputError, decode
from pipeline.register.faults import all_faults, unused
from pipeline.register.planned import STORED, Plan
from pipeline.register.schema import Calendar, KeyResult, Member, Objective, Period, Register, Scope, Team
from pipeline.register.yaml_nodes import Document, LintError, NotYaml

__all__ = [
    "Calendar",
    "KeyResult",
    "Member",
    "Objective",
    "Period",
    "Plan",
    "Register",
    "RegisterError",
    "Scope",
    "Team",
    "digest",
    "hints",
    "judged",
    "parse",
    "read",
    "stored",
]


class RegisterError(Exception):
    """okrs.yaml is not right; the message lists each fault with its line."""


@lru_cache(maxsize=8)
def _document(text: str) -> Document:
    """A text that is judged is asked for what it does not use right after, and is stored."""
    return Document(text)


@lru_cache(maxsize=512)  # a company's plans of years are asked for in their order by each page
def stored(document: str, version: int) -> Register:
    """A version that was loaded before. It never changes, and every page and cycle asks for it; what later versions of
    Leeway would refuse stays as it was."""
    return Register.model_validate(_document(document).data, context={STORED: True})


def parse(text: str, name: str = "okrs.yaml") -> Register:
    """Read a register. Raises RegisterError with every fault, each with its line."""
    try:
        register, faults = judged(text)
    except NotYaml as error:
        raise RegisterError(f"{name}, line {error.line}: not valid YAML: {error.message}") from None
    if register is None or faults:
        raise RegisterError(
            "\n".join(f"{name}, line {f.line}: {f'{f.field}: ' if f.field else ''}{f.message}" for f in faults)
        )
    for fault in unused(_document(text)):
        structlog.get_logger().warning(f"{name}, line {fault.line}: {fault.field}: {fault.message}")
    return register


def judged(text: str) -> tuple[Register | None, list[LintError]]:
    """The register of a text, None where it cannot be read, and every fault. Raises NotYaml."""
    document = _document(text)
    if not isinstance(document.data, dict):
        return None, [LintError(1, "", "expected `period:`, `teams:` and `objectives:`. See `leeway init`.")]
    register, errors = None, []
    try:
        register = Register.model_validate(document.data)
    except ValidationError as error:
        errors = error.errors(include_url=False)
    return register, all_faults(document, register, errors)


def read(path: Path) -> tuple[Register, str]:
    """Read a register file; gives it with its text. Raises RegisterError."""
    try:
        text = decode(path.read_bytes(), str(path))
    except FileNotFoundError:
        raise RegisterError(f"{path} does not exist. `leeway init` writes one to start from.") from None
    except InputError as error:
        raise RegisterError(str(error)) from None
    except (OSError, ValueError) as error:
        raise RegisterError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.") from None
    return parse(text, str(path)), text


def digest(text: str) -> str:
    """The name of a version: the same text is the same version."""
    return hashlib.sha256(text.encode()).hexdigest()


def hints(register: Register, today: date) -> list[str]:
    """What is allowed but weakens the match or the alerts; for `leeway okrs lint`."""
    found = []
    for _, key_result in register.key_results():
        if len(key_result.title.split()) < 4 and not key_result.description:
            found.append(
                f"{key_result.key}: {key_result.title!r} says little; a description or aliases help the match."
            )
        if not key_result.teams:
            found.append(f"{key_result.key}: no teams; naming the teams that work on it is strong evidence.")
    for team in register.teams:
        if not team.members:
            found.append(f"team {team.key}: no members; list their addresses, or nobody's work counts for the team.")
        elif len(here := {one.email.lower() for one in team.members if one.last is None or one.last >= today}) < 5:
            left = len(team.addresses) - len(here)
            gone = f" ({left} {'has' if left == 1 else 'have'} left)" if left else ""
            many = f"{len(here)} member{'' if len(here) == 1 else 's'}"
            found.append(f"team {team.key}: {many}{gone}; figures are shown from five on.")
    found += [
        f"team {team.key}: {one.email!r} is no address, so nobody's work is found by it."
        for team in register.teams
        for one in team.members
        if "@" not in one.email
    ]
    found += [
        f"{email}: in teams {', '.join(teams)} at once; a person's day counts for one, here {teams[-1]}. "
        "Write `to:` in the other, or leave them out there."
        for email, teams in _in_two_teams(register).items()
    ]
    found += [
        f"{one.email}: part {one.part:g} is {5 * one.part:g} days a week, and `days` are {one.week(5):g}; so many count. Write "
        "more of them, or leave `part` out."
        for team in register.teams
        for one in team.members
        if one.days and one.part < 1 and one.week(5) < 5 * one.part - 0.01
    ]
    if not register.top():
        found.append("no objective has priority 1, 2 or 3, so there is no top share to watch.")
    return found


def _in_two_teams(register: Register) -> dict[str, list[str]]:
    """Teams by address of somebody whom two of them list for the same days without a `from` since which the later one counts."""
    found: dict[str, list[tuple[str, Member]]] = {}
    for team in register.teams:
        for member in team.members:
            found.setdefault(member.email.lower(), []).append((team.key, member))
    return {
        email: [team for team, _ in places]
        for email, places in found.items()
        if any(
            later.first is None and (later.last is None or earlier.first is None or earlier.first <= later.last)
            for n, (_, later) in enumerate(places)
            for _, earlier in places[:n]
        )
    }
