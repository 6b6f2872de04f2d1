"""A stand-in for a language model: an OpenAI-compatible server on loopback that keeps every byte it gets.

What it answers is a function of the two messages; what goes wrong is a queue of faults, one a request.
"""

import json
import socketserver
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

Brain = Callable[[Mapping[str, Any]], Any]
"""From the work it is shown (`key_results`, `work`) to the words of its answer; what is no text is written as JSON."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens instead of an answer: a status with headers and body, or a silence of so many seconds."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    silence: float = 0.0


@dataclass
class JudgeServer:
    """A context manager that serves while it is open. `knows_schema` and `knows_limits` say what it takes in a request."""

    brain: Brain
    tokens: int = 1_000
    token: str = ""
    knows_schema: bool = True
    knows_limits: bool = True
    faults: list[Fault] = field(default_factory=list)
    received: list[bytes] = field(default_factory=list, init=False)
    questions: list[dict[str, Any]] = field(default_factory=list, init=False)
    closing: threading.Event = field(default_factory=threading.Event, init=False)

    def __enter__(self) -> "JudgeServer":
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.judge = self
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    @property
    def url(self) -> str:
        """The address for the settings."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def answer(self, path: str, headers: Mapping[str, str], body: bytes) -> Fault:
        """The answer to a request."""
        if self.faults:
            return self.faults.pop(0)
        if self.token and headers.get("authorization") != f"Bearer {self.token}":
            return Fault(401)
        path = path.partition("?")[0]
        if path.endswith("/models"):
            return Fault(body=b'{"data": []}')
        if not path.endswith("/chat/completions"):
            return Fault(404)
        request = json.loads(body)
        if ("response_format" in request and not self.knows_schema) or (
            "max_tokens" in request and not self.knows_limits
        ):
            return Fault(400, body=b'{"error": {"message": "unknown parameter"}}')
        question = json.loads(request["messages"][-1]["content"])
        self.questions.append(question)
        said = self.brain(question)
        text = said if isinstance(said, str) else json.dumps(said)
        answer = {"choices": [{"message": {"content": text}}], "usage": {"total_tokens": self.tokens}}
        return Fault(body=json.dumps(answer).encode())


def sure_of(key: str, quote: str, name: str = "", p: float = 0.9) -> dict[str, Any]:
    """An answer in the form that is asked for: `p` on one key result, the rest on none."""
    other = [] if key == "none" else [{"key": "none", "probability": round(1 - p, 6)}]
    return {
        "answer": [{"key": key, "probability": 1.0 if key == "none" else p}, *other],
        "quotes": [quote],
        "name": name,
    }


def words_of(question: Mapping[str, Any]) -> Sequence[str]:
    """All titles and texts of a question."""
    return [*question["work"]["titles"], *question["work"]["texts"]]


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    judge: JudgeServer


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        judge: JudgeServer = self.server.judge  # type: ignore[attr-defined]
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = self.rfile.readline()
            if not line:
                return
            head += line
        lines = head.decode("latin-1").split("\r\n")
        headers = {name.strip().lower(): value.strip() for name, _, value in (one.partition(":") for one in lines[1:])}
        body = self.rfile.read(int(headers.get("content-length", 0)))
        judge.received.append(head + body)
        given = judge.answer(lines[0].split(" ")[1], headers, body)
        if given.silence:
            judge.closing.wait(given.silence)
            return
        more = "".join(f"{name}: {value}\r\n" for name, value in given.headers.items())
        start = f"HTTP/1.1 {given.status} X\r\nContent-Length: {len(given.body)}\r\nConnection: close\r\n{more}\r\n"
        self.wfile.write(start.encode() + given.body)
