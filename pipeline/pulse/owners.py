"""Whom the pulse asks about which key results: each one's single owner, by address."""

import re

from pipeline.register.document import KeyResult, Register
from pipeline.register.quality import owners

_ADDRESS = re.compile(r"[^\s@<>,;:()\[\]\\\"]+@[^\s@<>,;:()\[\]\\\"]+")


def owner_of(register: Register, key: str) -> str:
    """Return the address of a key result's owner, else its objective's, in lower case; empty unless it is a single address."""
    for objective, one in register.key_results():
        if one.key == key:
            return _address(one.owner or objective.owner)
    return ""


def owned(register: Register) -> dict[str, list[KeyResult]]:
    """Return the key results of each owner, in register order."""
    found: dict[str, list[KeyResult]] = {}
    for objective, one in register.key_results():
        if address := _address(one.owner or objective.owner):
            found.setdefault(address, []).append(one)
    return found


def unowned(register: Register) -> list[str]:
    """Return the keys of key results without anybody to ask: no owner, several, or a name without an address."""
    return [one.key for objective, one in register.key_results() if not _address(one.owner or objective.owner)]


def _address(owner: str | None) -> str:
    found = owners(owner or "")
    return found[0].lower() if len(found) == 1 and _ADDRESS.fullmatch(found[0]) else ""
