"""What `leeway check` says of Slack."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from connectors.base import Check, SourceError
from connectors.checks import clock_row, listed_rows, span
from connectors.limits import Rate
from connectors.slack.channels import Channels, is_closed
from connectors.slack.client import PAGE_SIZE, SCOPE_PAGE, SlackClient

SCOPES = {
    "channels:read": "find the listed channels",
    "channels:history": "read their messages",
    "users:read": "tell people from bots",
    "users:read.email": "recognise one person across the sources",
    "chat:write": "post the alert",
}
OPTIONAL_SCOPES = {
    "groups:read": "find listed private channels",
    "groups:history": "read the messages of listed private channels",
    "files:write": "add the chart to the alert",
    "usergroups:read": "take teams from user groups where okrs.yaml lists no members",
}


def check(
    client: SlackClient, channels: Channels, rate: Rate, now: Callable[[], float], since: datetime
) -> list[Check]:
    """The token, its scopes, the listed channels and how much is in them since then; `now` gives the time in seconds."""
    try:
        answer = client.ask("auth.test")
    except SourceError as error:
        return [Check("token", False, error.message, error.fix)]
    granted = client.granted()
    checks = [Check("token", True, f"{answer.get('user')} in {answer.get('team')}"), clock_row(client.skew)]
    for scope, purpose in SCOPES.items():
        fix = "" if scope in granted else f"Add it at {SCOPE_PAGE}."
        checks.append(Check(f"scope {scope}", scope in granted, f"to {purpose}", fix))
    for scope, purpose in OPTIONAL_SCOPES.items():
        given = "to" if scope in granted else "not granted; only needed to"
        checks.append(Check(f"scope {scope}", True, f"{given} {purpose}"))
    try:
        known = channels.all()
    except SourceError as error:
        return [*checks, Check("channels", False, error.message, error.fix)]
    joined = {name for name, channel in known.items() if channel.get("is_member", True)}
    fix = "Check the name, and invite the app in the channel: /invite."
    listed = [channels.name_of(name, known) for name in channels.listed]
    over = {name for name in listed if name in known and is_closed(known[name])}
    checks += listed_rows("channel", [name for name in listed if name not in over], joined, fix)
    found = "archived, so the app was removed from it; what was read stays"
    checks += [Check(f"channel {name}", True, found) for name in sorted(over)]
    if joined & set(listed) and granted >= set(SCOPES):
        checks.append(_volume(client, sorted(joined & set(listed)), known, rate, now, since))
    return checks


def _volume(
    client: SlackClient,
    names: Sequence[str],
    known: Mapping[str, Any],
    rate: Rate,
    now: Callable[[], float],
    since: datetime,
) -> Check:
    """Slack does not count: the time that each channel's newest page spans tells how dense it is."""
    pages = threads = 0.0
    for name in names:
        try:
            answer = client.ask(
                "conversations.history",
                channel=known[name]["id"],
                limit=PAGE_SIZE,
                oldest=f"{since.timestamp():.6f}",
            )
        except SourceError as error:
            return Check("data", False, f"#{name}: {error.message}", error.fix)
        stamps = [float(m["ts"]) for m in answer["messages"]]
        whole = 1.0
        if answer.get("has_more") and len(stamps) > 1:
            whole = max(1.0, (now() - since.timestamp()) / max(1.0, max(stamps) - min(stamps)))
        pages += whole
        threads += whole * sum(bool(m.get("reply_count")) for m in answer["messages"])
    return Check(
        "data",
        True,
        f"about {pages:.0f} pages and {threads:.0f} threads in the window; the backfill "
        f"takes at least {span(max(pages, threads), rate)}",
    )
