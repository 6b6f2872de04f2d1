"""What a chat completion says, wherever a server puts it.

Compatible is a wide word: words may be a string, a list of parts, the arguments of a call that stands for the schema, or where
a model's thoughts belong; an answer may come as a stream of events that nobody asked for, packed, or as an error under a good
status.
"""

import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

LARGEST_BYTES = 1_000_000
_CUT = ("length", "max_tokens", "model_length")
_MOST_TOKENS = 10**9


class NoCompletion(Exception):
    """The bytes are none."""


@dataclass(frozen=True, slots=True)
class Completion:
    """Words, what they cost (0 where it is not known), and whether they were cut off; `error` is what a server reports instead of
    an answer, its number as a status where it has one."""

    text: str = ""
    tokens: int = 0
    cut: bool = False
    error: int | None = None


def read_completion(data: bytes, limit: int | None) -> Completion:
    """Read an answer for which so many tokens were allowed. Raises NoCompletion."""
    try:
        answer = _whole(unpacked(data).decode("utf-8-sig").strip())
        error = answer.get("error")
        if error is None and isinstance(answer.get("choices"), Sequence) and answer["choices"]:
            choice = answer["choices"][0]
            error = choice.get("error")
            if error is None:
                return _read(choice, answer.get("usage"), limit)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, zlib.error):
        raise NoCompletion from None
    if error is None:
        raise NoCompletion
    return Completion(error=_status_of(error))


def unpacked(data: bytes) -> bytes:
    """The bytes, unpacked where something on the way packed them, whether it says so or not. Raises ValueError, zlib.error."""
    if not data.startswith(b"\x1f\x8b"):
        return data
    found = zlib.decompressobj(wbits=31).decompress(data, LARGEST_BYTES + 1)
    if len(found) > LARGEST_BYTES:
        raise ValueError("too large")
    return found


def _whole(text: str) -> Mapping[str, Any]:
    """One object; the events of a stream put together."""
    if text.startswith("{"):
        found: Mapping[str, Any] = json.loads(text)
        return found
    events = list(_events(text))
    whole = [one for one in events if one.get("error") is not None or _message(one)]
    if whole:
        return whole[-1]
    said, finish, usage = "", None, None
    for one in events:
        usage = one.get("usage") or usage
        for choice in (one.get("choices") or [])[:1]:
            delta = choice.get("delta") or {}
            said, finish = said + _words(delta.get("content")), choice.get("finish_reason") or finish
    if not events:
        raise NoCompletion
    return {"choices": [{"message": {"content": said}, "finish_reason": finish}], "usage": usage}


def _events(text: str) -> Iterator[Mapping[str, Any]]:
    for line in text.splitlines():
        if line.startswith("data:") and line[5:].strip() != "[DONE]":
            yield json.loads(line[5:])


def _message(event: Mapping[str, Any]) -> bool:
    return any("message" in choice for choice in event.get("choices") or [])


def _read(choice: Mapping[str, Any], usage: Any, limit: int | None) -> Completion:
    message = choice["message"]
    text = _words(message.get("content"))
    if not text:
        text = "".join(
            _words((call.get("function") or {}).get("arguments")) for call in message.get("tool_calls") or []
        )
    if not text:  # a server that takes all words of a model that does not think for its thoughts
        text = _words(message.get("reasoning_content") or message.get("reasoning"))
    written = _count(usage, "completion_tokens")
    cut = str(choice.get("finish_reason")).lower() in _CUT or (limit is not None and written >= limit)
    total = _count(usage, "total_tokens") or _count(usage, "prompt_tokens") + written
    return Completion(text, total, cut)


def _words(content: Any) -> str:
    """A string, or the texts among the parts."""
    if isinstance(content, list):
        return "".join(part.get("text") or "" for part in content if part.get("type") == "text")
    return content if isinstance(content, str) else ""


def _count(usage: Any, name: str) -> int:
    count = usage.get(name) if isinstance(usage, Mapping) else None
    return count if isinstance(count, int) and not isinstance(count, bool) and 0 <= count < _MOST_TOKENS else 0


def _status_of(error: Any) -> int:
    """The error's number where it is one of HTTP; 500 of what has none."""
    code = error.get("code") if isinstance(error, Mapping) else None
    number = int(code) if isinstance(code, int | str) and str(code).isdecimal() else 0
    return number if 400 <= number < 600 else 500
