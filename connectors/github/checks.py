"""`leeway check` for GitHub: whose the token is, what it may do, and how much there is."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from connectors.base import Check, NotReachable, RateLimited, ScopeError, SourceError
from connectors.checks import after_pages, clock_row, listed_rows
from connectors.github.client import Answer, Client, Empty, Gone, NotThere
from connectors.github.walk import text_of
from connectors.limits import Rate

_CAPABILITIES = (
    ("issues", "Issues: read", "read issues and their comments"),
    ("pulls", "Pull requests: read", "read pull requests and reviews"),
    ("commits", "Contents: read", "read commits"),
)
_SOON_DAYS = 14
_CALLS_AN_ISSUE = 3
_FIX = "Give the token access to it: a fine-grained token or an app has a list of repositories."


def check(client: Client, repositories: Sequence[str], since: datetime, rate: Rate) -> list[Check]:
    """One line a capability."""
    try:
        rows = list(_token(client))
        rows.append(clock_row(client.skew))
        there: dict[str, int] = {}
        for name in repositories:
            try:
                there[name] = int(client.get(f"/repos/{name}")["id"])
            except NotReachable as error:  # single sign-on, an allow list
                rows.append(Check(f"repository {name}", False, error.message, error.fix))
            except (NotThere, ScopeError):
                rows.append(Check(f"repository {name}", False, "not visible", _FIX))
        rows += listed_rows("repository", list(there), [*there, *_others(client, repositories)], _FIX)
        for name, id_ in there.items():
            rows += _capabilities(client, name, id_)
        rows += _limit(client, rate)
        if there and all(row.ok for row in rows):
            rows.append(_volume(client, there.values(), since, rate))
    except RateLimited as error:
        return [Check("limit", False, error.message, error.fix)]
    except SourceError as error:
        return [Check("token", False, error.message, error.fix)]
    return rows


def _token(client: Client) -> Iterator[Check]:
    """Whose the token is and of which kind; a classic one says its scopes, the others are tried below."""
    if client.is_app:
        count = client.get("/installation/repositories", per_page=1).get("total_count", "?")
        yield Check("token", True, f"from an app installation with access to {count} repositories")
        return
    answer = client.ask("/user", {})
    login, scopes = answer.data.get("login", "?"), answer.headers.get("x-oauth-scopes")
    if scopes is None:
        yield Check("token", True, f"{login}, a fine-grained token")
    else:
        given = {scope.strip() for scope in scopes.split(",")}
        ok = bool(given & {"repo", "public_repo"})
        fix = "" if ok else "Private repositories need the scope repo: Settings, Developer settings, the token."
        yield Check("scope repo", ok, f"{login}, a classic token with {scopes or 'no scope'}", fix)
    yield from _expiry(answer)


def _expiry(answer: Answer) -> Iterator[Check]:
    text = answer.headers.get("github-authentication-token-expiration", "")
    try:
        days = (datetime.fromisoformat(text.replace(" UTC", "+00:00")) - datetime.now(UTC)).days
    except (ValueError, TypeError):
        return
    yield Check(
        "expiry",
        days > _SOON_DAYS,
        f"the token expires in {days} days",
        "" if days > _SOON_DAYS else "Create a new one in time and set github.token.",
    )


def _others(client: Client, repositories: Sequence[str]) -> list[str]:
    """Repositories that could be listed."""
    answer = client.get("/installation/repositories" if client.is_app else "/user/repos", per_page=100)
    rows = answer.get("repositories", []) if isinstance(answer, Mapping) else answer
    listed = {name.lower() for name in repositories}
    return [row["full_name"] for row in rows if row["full_name"].lower() not in listed]


def _capabilities(client: Client, name: str, id_: int) -> Iterator[Check]:
    for what, permission, purpose in _CAPABILITIES:
        try:
            client.ask(f"/repositories/{id_}/{what}", {"per_page": 1}, rows=True)
        except Gone:
            yield Check(f"{name} {what}", True, "issues are disabled there; pull requests are read")
        except Empty:
            yield Check(f"{name} {what}", True, "no commit yet")
        except ScopeError:
            yield Check(f"{name} {what}", False, f"may not {purpose}", f"Give the token the permission {permission}.")


def _limit(client: Client, rate: Rate) -> Iterator[Check]:
    try:
        answer: Any = client.get("/rate_limit")
    except NotThere:  # an Enterprise Server without limits
        return
    core = (answer.get("resources") or {}).get("core") or {}
    limit, kept = int(core.get("limit") or 0), rate.amount * 3600 // rate.seconds
    if limit:
        yield Check(
            "limit",
            kept <= limit,
            f"{limit} requests an hour, {core.get('remaining')} left; {kept} are kept to",
            "" if kept <= limit else "Lower github.requests_per_hour.",
        )


def _volume(client: Client, repositories: Iterable[int], since: datetime, rate: Rate) -> Check:
    """One issue a page: the last page's number is how many there are."""
    count = 0
    for id_ in repositories:
        query = {"state": "all", "since": text_of(since), "per_page": 1}
        try:
            answer = client.ask(f"/repositories/{id_}/issues", query, rows=True)
        except Gone:
            continue
        count += max(answer.last, len(answer.data)) if answer.data else 0
    return after_pages("issues and pull requests", count, 1, rate, _CALLS_AN_ISSUE)
