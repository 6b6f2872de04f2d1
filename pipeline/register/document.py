"""Read and check okrs.yaml. Errors name file, line, field and fix, all faults at once."""

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
    "fingerprint",
    "hints",
    "judged",
    "parse",
    "read",
    "stored",
]


class RegisterError(Exception):
    """okrs.yaml is invalid; the message lists each fault with its line."""


@lru_cache(maxsize=8)
def _document(text: str) -> Document:
    """Cached: a text is checked, then asked for its unused entries, then stored."""
    return Document(text)


@lru_cache(maxsize=512)  # each page asks for years of a company's plans in order
def stored(document: str, version: int) -> Register:
    """Return a version that was loaded before. Versions never change, and every page and cycle asks for them; entries that later
    versions of Leeway would reject stay as they were."""
    return Register.model_validate(_document(document).data, context={STORED: True})


def parse(text: str, name: str = "okrs.yaml") -> Register:
    """Parse a register. Raises RegisterError with every fault, each with its line."""
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
    """Return the register of a text (None if it cannot be parsed) and every fault. Raises NotYaml."""
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
    """Read a register file; return it with its text. Raises RegisterError."""
    try:
        text = decode(path.read_bytes(), str(path))
    except FileNotFoundError:
        raise RegisterError(f"{path} does not exist. `leeway init` writes one to start from.") from None
    except InputError as error:
        raise RegisterError(str(error)) from None
    except (OSError, ValueError) as error:
        raise RegisterError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.") from None
    return parse(text, str(path)), text


def fingerprint(text: str) -> str:
    """Return the identity of a version: the same text is the same version."""
    return hashlib.sha256(text.encode()).hexdigest()


def hints(register: Register, today: date, least_people: int) -> list[str]:
    """Return what is allowed but weakens the match or the alerts; figures are shown for teams of `least_people`."""
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
        here = {one.email.lower() for one in team.members if one.last is None or one.last >= today}
        if team.members and len(here) < least_people:
            left = len(team.addresses) - len(here)
            gone = f" ({left} {'has' if left == 1 else 'have'} left)" if left else ""
            many = f"{len(here)} member{'' if len(here) == 1 else 's'}"
            found.append(f"team {team.key}: {many}{gone}; figures are shown from {least_people} members on.")
    found += [
        f"team {team.key}: {one.email!r} is not an address, so no work can be assigned to it."
        for team in register.teams
        for one in team.members
        if "@" not in one.email
    ]
    found += [
        f"{email}: in teams {', '.join(teams)} at once; a person's day counts for one team, here {teams[-1]}. "
        "Write `to:` in the other, or remove them there."
        for email, teams in _in_two_teams(register).items()
    ]
    found += [
        f"{one.email}: part {one.part:g} is {5 * one.part:g} days a week, but `days` adds up to {one.week(5):g}, which "
        "counts. Add more days, or remove `part`."
        for team in register.teams
        for one in team.members
        if one.days and one.part < 1 and one.week(5) < 5 * one.part - 0.01
    ]
    if not register.top():
        found.append("no objective has priority 1, 2 or 3, so there is no top share to watch.")
    return found


def _in_two_teams(register: Register) -> dict[str, list[str]]:
    """Return teams by address, for people listed by two teams for the same days without a `from` that settles which counts."""
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
