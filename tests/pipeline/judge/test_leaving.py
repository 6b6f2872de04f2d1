"""What leaves the machine: nothing of what is not allowed, by every byte that the judge's server gets."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from models import Effort, Stream, WorkItem
from pipeline.judge.answer import fit_name
from pipeline.judge.redaction import Redaction
from simulator.judge import JudgeServer, words_of
from tests.pipeline.judge.conftest import FRIDAY, Small, honest
from tests.pipeline.streams.test_stage import add, item, keep

PEOPLE = ["Míra O'Sullivan-Boateng", "Bo Chen", "bo.chen@x.example", "山田太郎", "ada@x.example", "Ada Li"]
SECRETS = (
    "unlock asked Míra today",
    "unlock asked MIRA O'SULLIVAN today",
    "unlock for Boateng's team",
    "unlock call Bo about it",
    "unlock write to bo.chen@x.example or ada@x.example",
    "unlock ping <@U123ABC> and @bo.chen and [~accountid:5b10a2844c20165700ede21g]",
    "unlock 山田太郎さんに聞く",
    "unlock M\u00edr\u200ba said so",
    "unlock see https://intra.example/people/bo?token=hunter2 for it",
    "unlock phone +49 (0)30 1234-5678 at night",
)
GONE = re.compile(
    r"m[ií]ra|mi\u0301ra|sullivan|boateng|\bbo\b|chen|ada@|山田|太郎|u123abc|5b10a|@x\.example|hunter2|intra\.example|1234",
    re.IGNORECASE,
)


def all_bytes(server: JudgeServer) -> str:
    """Everything that arrived, JSON's escapes undone."""
    return "\n".join(one.decode().encode().decode("unicode_escape", "ignore") + one.decode() for one in server.received)


def test_no_name_address_or_mention_leaves(small: Small) -> None:
    add(
        small.sessions,
        [item(f"S-{n}", text if n % 2 else f"unlock number{n}", "epic", text=text) for n, text in enumerate(SECRETS)],
    )
    keep(small.sessions, FRIDAY + timedelta(days=3))
    small.confirm([f"S-{n}" for n in range(len(SECRETS))])
    with JudgeServer(honest) as server:
        small.judge(server)
        asked = " ".join(words for question in server.questions for words in words_of(question))
        assert asked.count("someone") >= 6
        assert all(f"number{n}" in asked for n in range(0, len(SECRETS), 2))
        assert not GONE.findall(all_bytes(server))


def test_titles_only_means_titles_only(small: Small) -> None:
    with JudgeServer(honest) as server:
        small.judge(server, texts=False)
        assert len(server.questions) == 20
        assert "we do the" not in all_bytes(server)


def test_of_a_listed_container_nothing_leaves_and_nothing_that_was_said_of_it_counts(small: Small) -> None:
    with JudgeServer(honest) as server:
        small.judge(server)
    assert "A-0-0" in small.answers()
    with small.sessions.begin() as session:
        session.execute(update(WorkItem).where(WorkItem.external_id.like("A-0-%")).values(container="HR Board"))
    with JudgeServer(honest) as server:
        small.judge(server, not_from=frozenset({"hr board"}), texts=False)
        assert len(server.questions) == 16
        assert "harbour" not in all_bytes(server)
    assert not [name for name in small.answers() if name.startswith("A-0-")]


def test_what_was_said_of_a_place_that_is_kept_back_now_is_unsaid_and_matched_again(small: Small) -> None:
    with JudgeServer(honest) as server:
        small.judge(server)
        small.match()
        with small.sessions.begin() as session:
            session.execute(update(WorkItem).values(unmatched=False))
            session.execute(update(WorkItem).where(WorkItem.external_id.like("A-0-%")).values(container="HR Board"))
            # Nobody works on them any more, so nothing would be asked about them anyhow.
            here = select(WorkItem.id).where(WorkItem.external_id.like("A-0-%"))
            session.execute(delete(Effort).where(Effort.work_item_id.in_(here)))
        small.judge(server, not_from=frozenset({"hr board"}))
    assert not [name for name in small.answers() if name.startswith("A-0-")]
    with small.sessions() as session:
        marked = set(session.scalars(select(WorkItem.external_id).where(WorkItem.unmatched)))
    assert {f"A-0-{k}" for k in range(4)} <= marked


def test_a_request_holds_the_key_results_the_words_and_nothing_else(small: Small) -> None:
    with JudgeServer(honest) as server:
        small.judge(server)
        head, _, body = server.received[0].partition(b"\r\n\r\n")
    sent = json.loads(body)
    assert set(sent) == {"model", "messages", "temperature", "max_tokens", "response_format"}
    names = {line.split(b":")[0].lower() for line in head.split(b"\r\n")[1:]}
    wanted = {b"host", b"user-agent", b"accept", b"accept-encoding", b"connection", b"content-type", b"content-length"}
    assert names == wanted
    shown: dict[str, Any] = json.loads(sent["messages"][1]["content"])
    assert {key: set(part) for key, part in [("all", shown), ("work", shown["work"])]} == {
        "all": {"key_results", "work"},
        "work": {"titles", "texts"},
    }
    assert [set(one) for one in shown["key_results"]] == [{"key", "objective", "key_result"}] * 3
    with small.sessions() as session:
        names_of_streams = set(session.scalars(select(Stream.name)))
    assert shown["work"]["titles"][0] in names_of_streams


@pytest.mark.parametrize(
    ("name", "fit"),
    [
        ("Ferry invoice", "Ferry invoice"),
        ("ferry for the harbour", "ferry for the harbour"),
        ("Ferry \u202einvoice", "Ferry invoice"),
        ("Ferry\ud800 invoice", "Ferry invoice"),
        ("Ferry invoice of Bo", ""),
        ("Míra and the ferry", ""),
        ("Hostile takeover", ""),
        ("ferry " * 12, ""),
        ("<b>ferry</b>", ""),
        ("ferry @everyone", ""),
        ("the of", ""),
    ],
)
def test_a_stream_is_called_by_its_own_words_only(name: str, fit: str) -> None:
    assert fit_name(name, ["the ferry at the harbour", "invoice"], Redaction(PEOPLE)) == fit
