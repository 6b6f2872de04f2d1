"""Slack's words for what went wrong, by what they mean. https://docs.slack.dev/reference/methods/auth.test"""

NO_TOKEN = frozenset(
    {"invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "not_allowed_token_type"}
)
"""Nothing works before another token is set."""
TRANSIENT = frozenset(
    {"internal_error", "fatal_error", "service_unavailable", "request_timeout", "ratelimited", "team_added_to_org"}
)
"""It passes by itself; a workspace that becomes part of an organisation answers so until it has moved."""
ORGANISATION = frozenset(
    {
        "enterprise_is_restricted",
        "team_is_restricted",
        "org_login_required",
        "team_access_not_granted",
        "missing_argument",
        "ekm_access_denied",
    }
)
"""An Enterprise organisation: its token was taken and not a workspace's, or it has not let the app in."""
REFUSED = frozenset({"access_denied", "no_permission", "accesslimited"})
"""The workspace refuses this machine or this app."""


def wrong_token(code: str) -> str:
    """Why Slack rejected a token, to follow "the token was rejected"."""
    return {
        "not_allowed_token_type": "it is not a bot token (xoxb-)",
        "token_expired": "it has expired: switch token rotation off for the app, or use a token that does not expire",
    }.get(code, code)
