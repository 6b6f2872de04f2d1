"""Slack's `ts`: the time of a message and its id in a channel, kept as a string of seconds and microseconds."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

_TS = re.compile(r"\d{1,12}\.\d{1,6}")


def is_ts(value: Any) -> bool:
    """Return True if it is written as a ts."""
    return isinstance(value, str) and bool(_TS.fullmatch(value))


def stamps_of(messages: Sequence[Mapping[str, Any]]) -> list[str]:
    """The ts of those messages that have one."""
    return [message["ts"] for message in messages if is_ts(message.get("ts"))]


def oldest_in(messages: Sequence[Mapping[str, Any]]) -> str:
    """The smallest ts; empty where there is none."""
    return min(stamps_of(messages), key=float, default="")


def time_of(ts: str) -> datetime:
    """The time of a ts."""
    return datetime.fromtimestamp(float(ts), UTC)


def just_after(ts: str) -> datetime:
    """The next moment that a ts can name."""
    return time_of(ts) + timedelta(microseconds=1)


def next_ts(ts: str) -> str:
    """The next possible ts: `latest` is exclusive, and this message's own parent is to be read again."""
    whole, _, part = ts.partition(".")
    return f"{int(whole) + 1}.000000" if part == "999999" else f"{whole}.{int(part or 0) + 1:06d}"
