"""What users of other clients reported of OpenAI-compatible servers and gateways, tried against ours over real HTTP.

Each case names where it was reported; docs/judge.md lists them.
"""

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest

from connectors.base import CredentialError, NotReachable, RateLimited, SourceError, SourceUnavailable
from connectors.judge.client import LONGEST_REPLY, Client, Refused, Reply
from simulator.judge import Fault, JudgeServer

SAID = '{"answer": [{"key": "none", "probability": 1}], "quotes": ["plan"], "name": "plan"}'
WORK = [{"role": "user", "content": '{"key_results": [], "work": {"titles": ["plan"], "texts": []}}'}]


@pytest.fixture
def server() -> Iterator[JudgeServer]:
    with JudgeServer(lambda _: SAID) as found:
        yield found


def ask(server: JudgeServer, *faults: Fault) -> Reply:
    """What our client makes of these answers, one after the other."""
    server.faults[:] = faults
    return Client(server.url, "maker/model").ask(WORK, {})


def completion(message: dict[str, Any], finish: str = "stop", usage: Any = None) -> dict[str, Any]:
    """A chat completion."""
    return {"choices": [{"message": message, "finish_reason": finish}], "usage": usage}


def body(answer: Any) -> Fault:
    """It as an answer."""
    return Fault(body=json.dumps(answer).encode())


def events(*chunks: Any) -> bytes:
    """A stream of events."""
    return (
        b": wait\n\n" + b"".join(b"data: " + json.dumps(one).encode() + b"\n\n" for one in chunks) + b"data: [DONE]\n\n"
    )


def delta(**said: Any) -> dict[str, Any]:
    """A piece of a streamed answer."""
    return {"choices": [{"delta": said, "finish_reason": None}]}


def error(code: Any, message: str = "no") -> Fault:
    """An error object under a good status."""
    return body({"error": {"message": message, "code": code}})


PARTS = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "reference"}]
USUAL = completion({"content": SAID}, usage={"total_tokens": 7})
ELSEWHERE = {
    "parts, vercel/ai 13703, nextcloud integration_openai 408": body(
        completion({"content": [*PARTS, {"type": "text", "text": SAID[:9]}, {"type": "text", "text": SAID[9:]}]})
    ),
    "a tool's arguments, litellm 6741": body(
        completion({"content": None, "tool_calls": [{"function": {"name": "json_tool_call", "arguments": SAID}}]})
    ),
    "a stream that nobody asked for, loreai 605": Fault(
        body=events(
            delta(role="assistant", content=""),
            delta(content=SAID[:20]),
            delta(content=SAID[20:]),
            {"choices": [], "usage": {"total_tokens": 7}},
        )
    ),
    "a whole answer as one event, openclaw 97474": Fault(body=events(USUAL)),
    "blanks first and a mark of the byte order": Fault(body=b"\xef\xbb\xbf \n\n" + json.dumps(USUAL).encode()),
    "packed though it was not to be, slicc 3037": Fault(body=gzip.compress(json.dumps(USUAL).encode())),
    "usage of another form, autogen 6352": body(completion({"content": SAID}, usage=[{"total": 1}])),
}


@pytest.mark.parametrize("where", ELSEWHERE)
def test_an_answer_is_found_wherever_a_server_puts_it(server: JudgeServer, where: str) -> None:
    assert ask(server, ELSEWHERE[where]).text == SAID


def test_what_an_answer_cost_is_known_from_its_parts_too(server: JudgeServer) -> None:
    usage = {"prompt_tokens": 30, "completion_tokens": 12}
    assert ask(server, body(completion({"content": SAID}, usage=usage))).tokens == 42
    assert ask(server, Fault(body=events(delta(content=SAID), {"choices": [], "usage": usage}))).tokens == 42


@pytest.mark.parametrize(
    "cut",
    [
        completion({"role": "assistant"}, "MAX_TOKENS"),  # qwen-code 9884: in capitals, and no content at all
        completion({"content": SAID[:30]}, "max_tokens"),  # inspect_ai 5143
        completion({"content": SAID[:30]}, "stop", {"completion_tokens": LONGEST_REPLY}),  # litellm 25825
    ],
)
def test_an_answer_that_was_cut_off_is_known_by_whatever_a_server_calls_it(
    server: JudgeServer, cut: dict[str, Any]
) -> None:
    assert ask(server, body(cut)) == Reply(SAID, 1_000 + (cut["usage"] or {}).get("completion_tokens", 0), 2)
    assert [b"max_tokens" in one for one in server.received] == [True, False]


def test_a_server_that_breaks_over_the_schema_is_asked_without_llama_cpp_23463_ik_llama_778(
    server: JudgeServer,
) -> None:
    client = Client(server.url, "m")
    server.faults[:] = [Fault(500, body=b'{"error": {"message": "response_format type must be text"}}')]
    assert client.ask(WORK, {}).text == SAID
    assert client.ask(WORK, {}).text == SAID
    assert [b"response_format" in one for one in server.received] == [True, False, False]
    fresh = Client(server.url, "m")
    server.faults[:] = [error(400)]  # so is one that says it under a good status
    assert fresh.ask(WORK, {}).text == SAID
    server.faults[:] = [Fault(500)]  # it was answered in this way before, so the schema is not what it breaks over
    with pytest.raises(SourceUnavailable):
        client.ask(WORK, {})
    assert len(server.received) == 6


def test_an_address_may_have_a_query_or_end_in_the_whole_path_ax_19_litellm_8572(server: JudgeServer) -> None:
    for url in (f"{server.url}?api-version=2024-10-21", f"{server.url}/chat/completions/?api-version=2024-10-21"):
        assert Client(url, "m").ask(WORK, {}).text == SAID
        assert server.received[-1].startswith(b"POST /v1/chat/completions?api-version=2024-10-21 ")
        Client(url, "m").check()
        assert server.received[-1].startswith(b"GET /v1/models?api-version=2024-10-21 ")


PAGE = b"<!DOCTYPE html><html>Access denied</html>"
WRONG: dict[str, tuple[Fault, type[SourceError], str]] = {
    "200 with an error, mini-swe-agent 902": (error(502), SourceUnavailable, "502"),
    "200 with an error of no number": (error("server_error"), SourceUnavailable, "500"),
    "200 with an error in the choice": (
        body({"choices": [{"error": {"code": 502}, "message": {"content": "{"}, "finish_reason": "error"}]}),
        SourceUnavailable,
        "502",
    ),
    "200 with a limit, aider 3550": (error(429), RateLimited, "rate limited"),
    "200 with a refused token": (error("401"), CredentialError, "token"),
    "an error in a stream, second-me 20": (Fault(body=events({"error": {"code": 503}})), SourceUnavailable, "503"),
    "400 for a wrong token, oh-my-pi 449": (
        Fault(400, body=b'[{"error": {"code": 400, "message": "API key not valid. Please pass a valid API key."}}]'),
        CredentialError,
        "token",
    ),
    "400 for a wrong model, litellm 9817": (
        Fault(400, body=b'{"error": {"message": "maker/model is not a valid model ID", "code": 400}}'),
        NotReachable,
        "does not know the model maker/model",
    ),
    "400 for a wrong model, opensre 2271": (
        Fault(400, body=b'{"error": "/chat/completions: Invalid model name passed in model=maker/model"}'),
        NotReachable,
        "does not know the model",
    ),
    "400 for too many words": (
        Fault(400, body=b'{"error": {"message": "This model\'s maximum context length is 4096 tokens"}}'),
        Refused,
        "rejected the question",
    ),
    "402, continue 11387": (Fault(402), CredentialError, "no credit"),
    "403 of a firewall, groq-python 16": (Fault(403, body=PAGE), NotReachable, "something in front of"),
    "a page to log in": (Fault(body=PAGE), NotReachable, "a web page"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_went_wrong_is_told_as_what_it_is(server: JudgeServer, what: str) -> None:
    fault, kind, said = WRONG[what]
    with pytest.raises(SourceError) as raised:
        ask(server, *[fault] * 3)
    assert type(raised.value) is kind
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, {"retry-after-ms": "1500"}, 1.5),  # kernel-memory 795
        (429, {"Retry-After": "20", "retry-after-ms": "19500"}, 20),
        (503, {"Retry-After": "120"}, 120),  # kernel-memory 795: of 503 too
        (529, {"Retry-After": "7"}, 7),
        (429, {}, 0),  # it does not say
        (429, {"Retry-After": "soon"}, 0),
    ],
)
def test_a_server_is_left_alone_for_as_long_as_it_says(
    server: JudgeServer, status: int, headers: dict[str, str], seconds: float
) -> None:
    with pytest.raises(RateLimited) as raised:
        ask(server, Fault(status, headers))
    assert raised.value.seconds == seconds
