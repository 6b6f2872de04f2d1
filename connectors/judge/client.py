"""One question, one answer, by the chat completions that local servers, gateways and vendors have in common.

With httpx rather than the `openai` package: it is there already, and this is one POST. The package would bring its own retries,
which hide a Retry-After from the budget, and follows redirects, which could take a company's words to another address than the
one that was allowed.
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import httpx

from connectors.base import BadAnswer, CredentialError, NotReachable, RateLimited, SourceUnavailable
from connectors.network import trusted, why
from connectors.retry import seconds_of

LARGEST_BYTES = 1_000_000
LONGEST_REPLY = 800
"""Tokens of an answer."""
_WITHOUT_RETRY_AFTER = 60.0
_PLAINEST = 2
"""The last of the ways to ask."""
_ODD = (400, 413, 415, 422)
LARGEST_ERROR = 10_000
_CHECK_MODEL = "Set judge.model to a name that the server lists; Ollama has to pull it first."
_CHECK_URL = "Check judge.url: it ends where /chat/completions would follow, often in /v1."


class Refused(BadAnswer):
    """The server does not take this question, whatever is left out of the request."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The words of an answer, and what it cost."""

    text: str
    tokens: int
    calls: int = 1


@dataclass
class Client:
    """`name` tells answers of one model from another's. Raises SourceError; no error holds the token or what was sent."""

    url: str
    model: str
    token: str = ""
    seconds: float = 60.0
    _plainer: int = field(default=0, init=False)
    _longer: bool = field(default=False, init=False)

    @property
    def name(self) -> str:
        """The model at its address."""
        return f"{self.model} at {self.url}"

    @cached_property
    def _http(self) -> httpx.Client:
        """One for all questions."""
        return httpx.Client(follow_redirects=False, verify=trusted())

    def ask(self, messages: Sequence[Mapping[str, str]], schema: Mapping[str, Any]) -> Reply:
        """Ask once. A server that refuses the schema, or what its model does not know, is asked without that from then on; so is
        one whose answer was cut off without the limit, since a model that thinks first may use it up before its first word."""
        calls, spent, at = 0, 0, self._plainer
        while True:
            body = self._bodies(messages, schema)[at]
            status, headers, data = self._send("POST", "chat/completions", body)
            calls += 1
            if status in _ODD and at < _PLAINEST:
                at += 1
                continue
            self._refuse(status, headers, data)
            self._plainer = at
            text, tokens, cut = _read(data)
            spent += tokens
            if not cut or "max_tokens" not in body:
                return Reply(text, spent, calls)
            self._longer = True

    def check(self) -> None:
        """Whether there is a server that takes the token; sends nothing but that. Raises SourceError."""
        status, headers, _ = self._send("GET", "models", None)
        if status not in (404, 405):  # not every gateway lists its models
            self._refuse(status, headers)

    def _bodies(self, messages: Sequence[Mapping[str, str]], schema: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The request in full, without the schema, and without anything that a server may not know."""
        bare = {"model": self.model, "messages": list(messages)}
        usual = bare | {"temperature": 0} | ({} if self._longer else {"max_tokens": LONGEST_REPLY})
        wanted = {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": dict(schema)}}
        return [usual | {"response_format": wanted}, usual, bare]

    def _send(self, method: str, path: str, body: Mapping[str, Any] | None) -> tuple[int, httpx.Headers, bytes]:
        headers = {"User-Agent": "leeway", "Accept": "application/json", "Accept-Encoding": "identity"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        content = None if body is None else json.dumps(body, ensure_ascii=False, sort_keys=True).encode()
        if content is not None:
            headers["Content-Type"] = "application/json"
        until = time.monotonic() + self.seconds
        try:
            # Waits as long as is set: a model that does not stream sends nothing before it has written all.
            with self._http.stream(
                method, f"{self.url.rstrip('/')}/{path}", content=content, headers=headers, timeout=self.seconds
            ) as answer:
                data = b""
                for some in answer.iter_raw():
                    data += some
                    if time.monotonic() > until:
                        raise SourceUnavailable("judge", f"no whole answer within {self.seconds:g} seconds.")
                    if len(data) > LARGEST_BYTES:
                        raise BadAnswer("judge", f"the answer is larger than {LARGEST_BYTES // 1_000_000} MB.")
                return answer.status_code, answer.headers, data
        except (httpx.InvalidURL, httpx.UnsupportedProtocol):
            raise NotReachable("judge", "the address leads nowhere.", _CHECK_URL) from None
        except httpx.TimeoutException:
            raise SourceUnavailable("judge", f"no answer within {self.seconds:g} seconds.") from None
        except httpx.HTTPError as error:
            what, fix = why(error, "")
            raise SourceUnavailable("judge", f"no answer ({what}).", fix) from None

    def _refuse(self, status: int, headers: httpx.Headers, data: bytes = b"") -> None:
        if status in (401, 403):
            raise CredentialError("judge", f"the token is not accepted ({status}).", "Set judge.token again.")
        if status == 429:
            raise RateLimited("judge", seconds_of(headers.get("Retry-After"), _WITHOUT_RETRY_AFTER))
        if status == 404 and b"model" in data[:LARGEST_ERROR].lower():
            raise NotReachable("judge", f"the server does not know the model {self.model} (404).", _CHECK_MODEL)
        if status in (404, 405) or 300 <= status < 400:
            raise NotReachable("judge", f"nothing answers questions at this address ({status}).", _CHECK_URL)
        if status in _ODD:
            raise Refused("judge", f"the server refuses the question ({status}).")
        if status != 200:
            raise SourceUnavailable("judge", f"the server answered {status}.")


def _read(data: bytes) -> tuple[str, int, bool]:
    """Words and tokens of a chat completion, and whether it was cut off. Raises BadAnswer where it is none."""
    try:
        answer = json.loads(data)
        said = answer["choices"][0]["message"]
        text = said["content"]
        if not text:  # a server that takes all words of a model that does not think for its thoughts
            text = said.get("reasoning_content") or said.get("reasoning")
        cut = answer["choices"][0].get("finish_reason") == "length"
        tokens = (answer.get("usage") or {}).get("total_tokens")
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
        raise BadAnswer("judge", "the answer is no chat completion.", _CHECK_URL) from None
    if not isinstance(tokens, int) or isinstance(tokens, bool) or not 0 <= tokens < 10**9:
        tokens = 0
    return text if isinstance(text, str) else "", tokens, cut
