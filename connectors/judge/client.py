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
from urllib.parse import urlsplit

import httpx

from connectors.base import BadAnswer, CredentialError, NotReachable, RateLimited, SourceUnavailable
from connectors.judge.completion import LARGEST_BYTES, Completion, NoCompletion, read_completion
from connectors.network import is_page, no_answer, shown, stopped_before, trusted
from connectors.retry import seconds_of

LONGEST_REPLY = 800
"""Tokens of an answer."""
_PLAINEST = 2
"""The last of the ways to ask."""
_ODD = (400, 413, 415, 422)
_BROKEN = (500, 501)
"""What a server answers that breaks over the schema, and any other that breaks."""
_BUSY = (429, 503, 529)
LARGEST_ERROR = 10_000
_CHECK_MODEL = "Set judge.model to a name that the server lists; with Ollama, pull it first."
_NO_MODEL = (
    b"model_not_found",
    b"not a valid model",
    b"invalid model",
    b"model identifier",
    b"unknown model",
    b"no such model",
)
_NO_TOKEN = (b"api key", b"api_key", b"apikey")
_CHECK_URL = "Check judge.url: it is what comes before /chat/completions, and often ends in /v1."


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
    _answered: bool = field(default=False, init=False)

    @property
    def name(self) -> str:
        """The model at its address."""
        return f"{self.model} at {shown(self.url)}"

    @cached_property
    def _http(self) -> httpx.Client:
        """One for all questions."""
        return httpx.Client(follow_redirects=False, verify=trusted())

    def ask(self, messages: Sequence[Mapping[str, str]], schema: Mapping[str, Any]) -> Reply:
        """Ask once. A server that refuses the schema or breaks over it, or what its model does not know, is asked without that
        from then on; so is one whose answer was cut off without the limit, since a model that thinks first may use it up before
        its first word."""
        calls, spent, at = 0, 0, self._plainer
        while True:
            body = self._bodies(messages, schema)[at]
            status, headers, data = self._send("POST", "chat/completions", body)
            calls += 1
            found = _read(data, body.get("max_tokens")) if status == 200 else Completion()
            status = found.error or status
            if (status in _ODD and at < _PLAINEST) or (status in _BROKEN and at == 0 and not self._answered):
                at += 1
                continue
            self._refuse(status, headers, data)
            self._plainer, self._answered = at, True
            spent += found.tokens
            if not found.cut or "max_tokens" not in body:
                return Reply(found.text, spent, calls)
            self._longer = True

    def check(self) -> None:
        """Whether there is a server that takes the token; sends nothing but that. Raises SourceError."""
        status, headers, data = self._send("GET", "models", None)
        if status not in (404, 405):  # not every gateway lists its models
            self._refuse(status, headers, data)

    def _bodies(self, messages: Sequence[Mapping[str, str]], schema: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The request in full, without the schema, and without anything that a server may not know."""
        bare = {"model": self.model, "messages": list(messages)}
        usual = bare | {"temperature": 0} | ({} if self._longer else {"max_tokens": LONGEST_REPLY})
        wanted = {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": dict(schema)}}
        return [usual | {"response_format": wanted}, usual, bare]

    def _at(self, path: str) -> str:
        """Its address: of a gateway's with a query, or one that was copied with its whole path, too."""
        parts = urlsplit(self.url)
        base = parts.path.rstrip("/").removesuffix("/chat/completions")
        return parts._replace(path=f"{base}/{path}").geturl()

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
                method, self._at(path), content=content, headers=headers, timeout=self.seconds
            ) as answer:
                data = b""
                for some in answer.iter_raw():
                    data += some
                    if time.monotonic() > until:
                        raise SourceUnavailable("judge", f"no complete answer within {self.seconds:g} seconds.")
                    if len(data) > LARGEST_BYTES:
                        raise BadAnswer("judge", f"the answer is larger than {LARGEST_BYTES // 1_000_000} MB.")
                return answer.status_code, answer.headers, data
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, ValueError):
            raise NotReachable("judge", "the address cannot be reached.", _CHECK_URL) from None
        except httpx.TimeoutException:
            raise SourceUnavailable("judge", f"no answer within {self.seconds:g} seconds.") from None
        except httpx.HTTPError as error:
            raise no_answer("judge", "no answer", error, _CHECK_URL) from None

    def _refuse(self, status: int, headers: httpx.Headers, data: bytes = b"") -> None:
        """Raise what a status other than 200 stands for."""
        said = data[:LARGEST_ERROR].lower()
        if status == 403 and is_page(said.decode(errors="replace")):
            raise stopped_before("judge", self.url)
        if status in (401, 403) or (status == 400 and any(one in said for one in _NO_TOKEN)):
            raise CredentialError("judge", f"the token was rejected ({status}).", "Set judge.token again.")
        if status == 402:
            raise CredentialError("judge", "there is no credit left (402).", "Top it up, or set another judge.token.")
        asked_for = _wait(headers)
        if status == 429 or (status in _BUSY and asked_for):
            raise RateLimited("judge", asked_for)
        if (status == 404 and b"model" in said) or (status == 400 and any(one in said for one in _NO_MODEL)):
            raise NotReachable("judge", f"the server does not know the model {self.model} ({status}).", _CHECK_MODEL)
        if status in (404, 405) or 300 <= status < 400:
            raise NotReachable("judge", f"no chat completion endpoint at this address ({status}).", _CHECK_URL)
        if status in _ODD:
            raise Refused("judge", f"the server rejected the question ({status}).")
        if status != 200:
            raise SourceUnavailable("judge", f"the server answered {status}.")


def _read(data: bytes, limit: int | None) -> Completion:
    """Raises SourceError."""
    try:
        return read_completion(data, limit)
    except NoCompletion:
        if is_page(data[:LARGEST_ERROR].decode(errors="replace")):
            raise NotReachable("judge", "a web page answers at this address.", _CHECK_URL) from None
        raise BadAnswer("judge", "the answer is not a chat completion.", _CHECK_URL) from None


def _wait(headers: httpx.Headers) -> float:
    """Seconds to leave the server alone for; 0 where it does not say."""
    if seconds := seconds_of(headers.get("Retry-After"), 0.0):
        return seconds
    return max(seconds_of(headers.get(name), 0.0) / 1_000 for name in ("retry-after-ms", "x-ms-retry-after-ms"))
