"""Who did something on GitHub: an account by its number, which stays when it is renamed, else the address of a commit."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_NOREPLY = re.compile(r"^(?:(\d+)\+)?([A-Za-z0-9_-]+(?:\[bot\])?)@users\.noreply\.", re.IGNORECASE)
_LOST = "ghost"
"""The account that stands for all that were deleted."""


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote a commit: an account by its number, or an address that belongs to none."""

    account: str
    name: str
    email: str
    user: Mapping[str, Any] | None = None


class People:
    """Collects who is met: `users` by number, `authors` by address. `number` finds an account's number by its login."""

    def __init__(self, number: Callable[[str], str | None]) -> None:
        self.users: dict[str, Mapping[str, Any]] = {}
        self.authors: dict[str, Author] = {}
        self._number = number

    def account(self, user: Any) -> str | None:
        """The account's number; None for a deleted one."""
        if not user or user.get("login") == _LOST:
            return None
        id_ = str(user["id"])
        self.users.setdefault(id_, user)
        return id_

    def author(self, name: str, email: str, user: Any = None) -> str | None:
        """The account of a commit's author; `user` is whom GitHub knows by that address."""
        if user and "id" in user:
            return self.account(user)
        if not email:
            return None
        noreply = _NOREPLY.match(email)
        if noreply:
            number, login = noreply.groups()
            number = number or self._number(login)
            if number:
                kind = "Bot" if login.endswith("[bot]") else "User"
                self.users.setdefault(number, {"id": int(number), "login": login, "type": kind})
                return number
        address = email.lower()[:128]
        self.authors.setdefault(address, Author(address, name, "" if noreply else address))
        return address


def is_bot(user: Any) -> bool:
    """Whether the account is an app's, by its type or its name."""
    return bool(user) and (user.get("type") == "Bot" or str(user.get("login") or "").endswith("[bot]"))
