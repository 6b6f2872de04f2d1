"""Who a GitHub account is: its name, and the address that joins it to the person's other accounts."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from connectors.base import Account
from connectors.github.client import Client, Empty, Gone, NotThere
from connectors.github.parse import Repository
from connectors.github.people import Author, People, is_bot
from connectors.github.walk import path

_COMMITS = 100
_MOST_REPOSITORIES = 5
"""In so many of the listed repositories an address is looked for, beside the one in which somebody was met."""


class Directory:
    """Looks each account up once. GitHub rarely shows an address, so it is taken from the person's own commits."""

    def __init__(self, client: Client, own_domains: Sequence[str]) -> None:
        self._client, self._own = client, {domain.lower().lstrip("@") for domain in own_domains}
        self._known: dict[str, Account] = {}
        self._numbers: dict[str, str | None] = {}

    def number(self, login: str) -> str | None:
        """The number of the account that is called so now."""
        if login.lower() not in self._numbers:
            try:
                self._numbers[login.lower()] = str(self._client.get(f"/users/{login}")["id"])
            except (NotThere, KeyError, TypeError):
                self._numbers[login.lower()] = None
        return self._numbers[login.lower()]

    def accounts(self, people: People, repository: Repository, others: Iterable[Repository]) -> list[Account]:
        """All that were met."""
        places = [repository, *[one for one in others if one.id != repository.id][:_MOST_REPOSITORIES]]
        found = [self._account(number, user, places) for number, user in people.users.items()]
        return [*found, *(self._by_address(author) for author in people.authors.values())]

    def _account(self, number: str, user: Mapping[str, Any], places: Sequence[Repository]) -> Account:
        if number not in self._known:
            login = str(user.get("login") or "")
            if is_bot(user):
                self._known[number] = Account("github", number, login, bot=True)
            else:
                self._known[number] = self._looked_up(number, login, places)
        return self._known[number]

    def _looked_up(self, number: str, login: str, places: Sequence[Repository]) -> Account:
        try:
            profile = self._client.get(f"/user/{number}")
        except NotThere:
            return Account("github", number, login)
        login = str(profile.get("login") or login)
        email = self._best([str(profile.get("email") or ""), *self._addresses(login, places)])
        return Account("github", number, str(profile.get("name") or login), email)

    def _addresses(self, login: str, places: Sequence[Repository]) -> list[str]:
        """Of the account's last commits, the most frequent first."""
        for place in places:
            try:
                rows = self._client.rows(f"{path(place)}/commits", 1, author=login, per_page=_COMMITS)
            except (Empty, Gone, NotThere):
                continue
            counted = Counter(str(((row.get("commit") or {}).get("author") or {}).get("email") or "") for row in rows)
            found = [address for address, _ in sorted(counted.items(), key=lambda one: (-one[1], one[0]))]
            if any(found):
                return found
        return []

    def _by_address(self, author: Author) -> Account:
        bot = author.name.endswith("[bot]")
        return Account("github", author.account, author.name, self._best([author.email]), bot)

    def _best(self, addresses: Iterable[str]) -> str | None:
        """The first that can join accounts: no placeholder, and of the company where its domains are set."""
        for address in addresses:
            _, _, domain = address.lower().partition("@")
            if domain and "noreply" not in address.lower() and (not self._own or domain in self._own):
                return address
        return None
