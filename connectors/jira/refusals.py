"""What a Jira, or what stands before it, means by 401 and 403: the account, the token's scope, the network, or a lock."""

from collections.abc import Mapping

from connectors.base import CredentialError, NotReachable, ScopeError, SourceError
from connectors.network import is_page, stopped_before

SOURCE = "jira"
TOKEN_URL = "https://id.atlassian.com/manage-profile/security/api-tokens"  # noqa: S105
GATEWAY = "https://api.atlassian.com/ex/jira/"
"""Where tokens with scopes, and those of service accounts, are taken; the site itself answers them with 401."""


def refusal(url: str, status: int, headers: Mapping[str, str], body: str) -> SourceError:
    """The error for a 401 or 403 of the Jira at this address."""
    said = body.lower()
    if status == 401:
        is_scope = "scope does not match" in said or "scope" in headers.get("X-Failure-Category", "").lower()
        return _missing() if is_scope else not_accepted(url)
    if "CAPTCHA" in headers.get("X-Authentication-Denied-Reason", "").upper():
        return CredentialError(
            SOURCE,
            "Jira requires a CAPTCHA after failed logins.",
            "Sign in to it once in a browser as that account; then check jira.email and jira.token.",
        )
    if "ip address" in said and ("allow" in said or "reject" in said):
        return NotReachable(
            SOURCE,
            "the site's IP allowlist refuses this machine.",
            "Add its address there, or connect through one that is listed.",
        )
    if is_page(said) and "atlassian" not in said and "jira" not in said:
        return stopped_before(SOURCE, url)
    if "basic auth" in said:
        return not_accepted(url)
    return _missing()


def not_accepted(url: str) -> SourceError:
    """The error for a token that is none here."""
    fix = f"Make a new one at {TOKEN_URL}, or in your Jira's profile on Data Center, and set jira.email, jira.token."
    if url.startswith("https://") and url.removesuffix("/").endswith(".atlassian.net"):
        fix += f" A token with scopes works only at {GATEWAY}CLOUD-ID: find the id at {url}/_edge/tenant_info, and set jira.url."
    return CredentialError(SOURCE, "the token was rejected.", fix)


def nothing_there(url: str) -> SourceError:
    """The error for an address at which no Jira answers."""
    return NotReachable(
        SOURCE,
        f"there is no Jira at {url}.",
        "jira.url is the base address, without /jira, /browse or /projects: https://company.atlassian.net, with the "
        "path that a Data Center may have.",
    )


def _missing() -> SourceError:
    return ScopeError(
        SOURCE,
        "read:jira-work",
        "Give the account Browse Projects, or the token the scopes read:jira-work and read:jira-user.",
    )
