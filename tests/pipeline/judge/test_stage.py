"""A judge is asked, its answers are kept, weighed and counted; and what goes wrong holds nothing up."""

import json
import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, true
from sqlalchemy.orm import Session

from models import JudgeAnswer, JudgeDay, JudgeState, Lease, Match, Stream, WorkItem
from pipeline.judge.budget import Budget
from pipeline.judge.learning import silence
from pipeline.people.quotes import drop_quotes
from simulator.judge import Fault, JudgeServer, sure_of, words_of
from tests.pipeline.judge.conftest import FRIDAY, NOW, SERVES, Small, honest, truth
from tests.pipeline.streams.test_stage import add, item, keep

CONFIRMED = [f"A-{n}-{k}" for n in range(3) for k in range(4)]
REST = [f"A-{n}-{k}" for n in (3, 4) for k in range(4)]


def right(found: dict[str, dict[str, float]], names: list[str]) -> float:
    """Mean probability of what is true."""
    kinds = list(SERVES.values())
    total = 0.0
    for name in names:
        key = kinds[int(name[-1])]
        total += found[name].get(key, 0.0) if key else 1 - sum(found[name].values())
    return total / len(names)


def test_a_judge_that_is_right_on_what_was_confirmed_counts_elsewhere(everywhere: Small) -> None:
    small = everywhere
    small.confirm(CONFIRMED)
    before = small.match()
    with JudgeServer(honest) as server:
        done = small.judge(server)
        assert (done.answered, done.void, done.waiting) == (20, 0, 0)
        after = small.match()
        assert 1 - right(after, REST) < (1 - right(before, REST)) * 2 / 3
        assert small.judge(server).answered == 0  # nothing is asked twice
        assert len(server.questions) == 20
    state = small.state()
    assert state.weight["streams"] == 12
    assert state.weight["knows_goal"] > 0.5
    assert state.weight["knows_none"] > 0.5
    assert 0.5 < state.weight["says"] <= 1
    assert state.weight["sharpness"] >= 1


def test_a_judge_that_says_anything_changes_nothing(small: Small) -> None:
    small.confirm(CONFIRMED)
    before = small.match()

    def whatever(question: dict[str, Any]) -> dict[str, Any]:
        words = words_of(question)[0]
        return sure_of(("K1", "K2", "K3", "none")[sum(map(ord, words)) % 4], words.split()[0])

    with JudgeServer(whatever) as server:
        small.judge(server)
    assert small.match() == before


@pytest.mark.parametrize("answer", ["K1", "none"])
def test_a_judge_that_always_says_the_same_changes_nothing_though_nothing_is_confirmed(
    small: Small, answer: str
) -> None:
    before = small.match()
    with JudgeServer(lambda question: sure_of(answer, words_of(question)[0], p=1.0)) as server:
        small.judge(server)
    after = small.match()
    assert all(
        after[name].get(key, 0.0) == pytest.approx(p, abs=0.01) for name in before for key, p in before[name].items()
    )


def test_what_somebody_confirmed_stands_against_the_judge(small: Small) -> None:
    small.confirm([*CONFIRMED, "A-3-0"])
    with JudgeServer(lambda q: honest(q) if "station" not in words_of(q)[0] else sure_of("none", "station")) as server:
        small.judge(server)
    assert small.match()["A-3-0"]["K1"] == 1.0


def test_evidence_says_who_said_what(small: Small) -> None:
    small.confirm(CONFIRMED)
    with JudgeServer(honest) as server:
        small.judge(server)
    small.match()
    with small.sessions() as session:
        query = select(WorkItem.external_id, Match.evidence).join(Match, Match.work_item_id == WorkItem.id)
        said = dict(session.execute(query).all())
    assert said["A-0-0"] == ["people: somebody labelled it K1", "judge: K1 with 90% from 'unlock'"]
    assert all(one.split(": ")[0] in ("text", "links", "judge") for one in said["A-4-0"])
    assert said["A-4-0"][-1] == "judge: K1 with 90% from 'unlock'"


def test_a_judge_that_is_switched_off_counts_no_more(everywhere: Small) -> None:
    small = everywhere
    small.confirm(CONFIRMED)
    before = small.match()
    with JudgeServer(honest) as server:
        small.judge(server)
        assert small.match() != before
        assert silence(small.sessions)
        assert not silence(small.sessions)
        assert small.match() == before
        small.judge(server)  # on again: what it said is still known
        assert len(server.questions) == 20


def test_a_changed_stream_is_asked_again_and_a_small_one_not_at_all(small: Small) -> None:
    with JudgeServer(honest) as server:
        small.judge(server)
        add(small.sessions, [item("A-0-0", "unlock the gate harbour", "epic"), item("B-1", "unlock unworked stream")])
        keep(small.sessions, FRIDAY + timedelta(days=3))
        assert small.judge(server).answered == 1
        assert server.questions[-1]["work"]["titles"][0] == "unlock the gate harbour"


FAULTS = {
    "an error": Fault(500),
    "no chat completion": Fault(body=b"<html>busy</html>"),
    "a redirect": Fault(302, {"Location": "http://127.0.0.1:9/elsewhere"}),
    "an empty answer": Fault(body=b'{"choices": []}'),
    "a refused token": Fault(401),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_judge_that_does_not_answer_is_asked_again_later(small: Small, fault: str) -> None:
    before = small.match()
    with JudgeServer(honest, faults=[FAULTS[fault]] * 6) as server:
        done = small.judge(server)
        assert (done.answered, done.waiting) == (0, 20)
        assert done.fault
        assert small.state().failing_since == NOW
        assert small.match() == before
        server.faults.clear()
        count = len(server.received)
        small.judge(server, now=NOW + timedelta(minutes=4))
        assert len(server.received) == count  # it is given a pause
        assert small.judge(server, now=NOW + timedelta(minutes=6)).answered == 20
        assert (small.state().fault, small.state().failing_since) == ("", None)


def test_a_time_out_holds_up_nobody_for_long(small: Small) -> None:
    with JudgeServer(honest, faults=[Fault(silence=60)] * 3) as server:
        began = time.monotonic()
        done = small.judge(server, timeout=0.05)
        assert time.monotonic() - began < 30  # the time that is set, and not the client library's own for each question
    assert (done.answered, done.waiting) == (0, 20)
    assert "no answer within 0.05 seconds" in done.fault


def test_one_question_that_is_too_much_for_the_server_does_not_keep_the_others_waiting(small: Small) -> None:
    with JudgeServer(honest, faults=[Fault(502)]) as server:
        done = small.judge(server)
        assert (done.answered, done.waiting, done.fault) == (19, 1, "")
        assert small.judge(server).answered == 1


def test_a_rate_limit_is_kept_as_long_as_it_asks(small: Small) -> None:
    with JudgeServer(honest, faults=[Fault(429, {"Retry-After": "3600"})]) as server:
        small.judge(server)
        assert len(server.received) == 1
        small.judge(server, now=NOW + timedelta(minutes=59))
        assert len(server.received) == 1
        assert small.judge(server, now=NOW + timedelta(minutes=61)).answered == 20


def test_a_limit_that_says_nothing_of_how_long_is_tried_ever_more_rarely_openclaude_249(small: Small) -> None:
    """Used-up credit is told so by many; it was asked every minute for as long as that lasted."""
    with JudgeServer(honest, faults=[Fault(429)] * 2) as server:
        for minutes, received in ((0, 1), (4, 1), (6, 2), (15, 2)):
            small.judge(server, now=NOW + timedelta(minutes=minutes))
            assert len(server.received) == received
        assert small.judge(server, now=NOW + timedelta(minutes=17)).answered == 20


@pytest.mark.parametrize("after", ["inf", "1e300", "99999999999999"])
def test_a_rate_limit_that_asks_for_ever_is_tried_again_some_day(small: Small, after: str) -> None:
    with JudgeServer(honest, faults=[Fault(429, {"Retry-After": after})]) as server:
        small.judge(server)
        assert small.judge(server, now=NOW + timedelta(days=60)).answered == 20


def test_quotes_that_are_deleted_stand_in_no_evidence(small: Small) -> None:
    with JudgeServer(honest) as server:
        small.judge(server)
    small.match()
    with small.sessions.begin() as session:
        drop_quotes(session, true())
        assert {len(quotes) for quotes in session.scalars(select(JudgeAnswer.quotes))} == {0}
        assert not [one for some in session.scalars(select(Match.evidence)) for one in some if "from '" in one]
        assert session.scalar(select(func.count()).where(WorkItem.unmatched)) == 20
    small.match()
    with small.sessions() as session:
        said = [one for some in session.scalars(select(Match.evidence)) for one in some if one.startswith("judge: ")]
    assert len(said) == 20
    assert not [one for one in said if "from '" in one]


def test_a_weight_of_other_key_results_does_not_count(everywhere: Small) -> None:
    everywhere.confirm(CONFIRMED)
    before = everywhere.match()
    with JudgeServer(honest) as server:
        everywhere.judge(server)
    with everywhere.sessions.begin() as session:  # key results changed places, and no round was held since
        state = session.get_one(JudgeState, "judge")
        state.weight = {**state.weight, "keys": state.weight["keys"][::-1]}
    assert everywhere.match() == before


def test_an_address_that_is_gone_for_a_week_is_tried_ever_more_rarely(small: Small) -> None:
    now = NOW
    while now < NOW + timedelta(days=7):
        small.judge("http://127.0.0.1:9/v1", now=now)
        with small.sessions() as session:
            now = session.scalars(select(Lease.until).where(Lease.name == "next judge")).one()
    state = small.state()
    assert 20 < state.failures < 40
    assert (state.failing_since, state.waiting) == (NOW, 20)
    with JudgeServer(honest) as server:
        assert small.judge(server, now=NOW + timedelta(days=8)).answered == 20


FORM = "it is not of the form that was asked for"
VOID: list[tuple[Any, str]] = [
    ("I would rather talk about the weather", "it is no JSON"),
    ('{"answer": [{"key": "K1", "probability"', "it is no JSON"),
    ({"answer": "K1", "quotes": ["unlock"]}, FORM),
    ({"answer": [{"key": "K1", "probability": float("inf")}], "quotes": ["plan"]}, FORM),
    (sure_of("K9", "plan"), "it names a key result that is not in the register"),
    ({"answer": [{"key": "K1", "probability": 0.4}] * 2, "quotes": ["plan"]}, "it names a key result twice"),
    ({"answer": [{"key": "K1", "probability": 0.4}], "quotes": ["plan"]}, "its probabilities do not add up to one"),
    (sure_of("K1", "words that nobody wrote"), "it quotes words that are not in the text"),
    (sure_of("K1", "  .. "), "it quotes words that are not in the text"),
]


def test_an_answer_that_cannot_be_trusted_is_void_and_not_asked_for_again(small: Small) -> None:
    before, said = small.match(), iter([one for one, _ in VOID])
    with JudgeServer(lambda question: next(said, VOID[0][0])) as server:
        done = small.judge(server)
        assert (done.answered, done.void, done.waiting) == (20, 20, 0)
        assert {why for _, why in small.answers().values()} == {why for _, why in VOID}
        assert small.judge(server).answered == 0
    assert small.match() == before


def test_a_used_up_budget_waits_for_the_next_day(small: Small) -> None:
    with JudgeServer(honest, tokens=500) as server:
        assert small.judge(server, budget=Budget(7, 1_000_000)).waiting == 13
        assert small.state().spent
        assert small.judge(server, budget=Budget(7, 1_000_000)).answered == 0
        assert small.judge(server, budget=Budget(50, 4_000)).answered < 3  # what a question may cost counts beforehand
        assert small.judge(server, budget=Budget(7, 1_000_000), now=NOW + timedelta(days=1)).answered == 7
    with small.sessions() as session:
        day = session.get(JudgeDay, NOW.date() + timedelta(days=1))
        assert day is not None
        assert (day.calls, day.tokens) == (7, 3_500)


def test_servers_that_do_not_know_the_schema_are_asked_without_it(small: Small) -> None:
    fenced = lambda question: f"Sure!\n```json\n{__import__('json').dumps(honest(question))}\n```"  # noqa: E731
    with JudgeServer(fenced, knows_schema=False, knows_limits=False) as server:
        done = small.judge(server)
    assert (done.answered, done.void) == (20, 0)
    assert len(server.received) == 22  # the first question found out


def test_thoughts_around_an_answer_do_not_void_it_hindsight_1644_zettelrobbe_74(small: Small) -> None:
    def thinks(question: dict[str, Any]) -> str:
        thought = 'It wants {"answer": [...]}, so {K1} or {"answer": "K2", "quotes": []}.'
        return f"<think>{thought}</think>\n{json.dumps(honest(question) | {'name': None})}\nI hope {{this}} helps."

    with JudgeServer(thinks) as server:
        done = small.judge(server)
    assert (done.answered, done.void) == (20, 0)


def test_an_answer_that_was_cut_off_is_asked_for_without_the_limit_webai_192_lmstudio_1990(small: Small) -> None:
    """A model that thinks first had used the limit up before its first word, for every question, and was void for ever."""
    cut = {"choices": [{"message": {"content": ""}, "finish_reason": "length"}], "usage": {"total_tokens": 1_700}}
    with JudgeServer(honest, faults=[Fault(body=json.dumps(cut).encode())]) as server:
        done = small.judge(server)
        assert (done.answered, done.void, len(server.received)) == (20, 0, 21)
        assert [b"max_tokens" in one for one in server.received] == [True, *[False] * 20]
        assert all(b"response_format" in one for one in server.received)
    with small.sessions() as session:
        day = session.get(JudgeDay, NOW.date())
        assert day is not None
        assert (day.calls, day.tokens) == (21, 21_700)


def test_an_answer_that_stands_where_thoughts_belong_is_read_vllm_19839_new_api_1255(small: Small) -> None:
    with JudgeServer(honest) as server:
        usual = server.answer
        moved = b'"message": {"content": null, "reasoning_content": '
        server.answer = lambda *given: replace(  # type: ignore[method-assign]
            usual(*given), body=usual(*given).body.replace(b'"message": {"content": ', moved)
        )
        done = small.judge(server)
    assert (done.answered, done.void) == (20, 0)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"error": {"message": "model \'m\' not found, try pulling it first"}}', "does not know the model"),
        (b"404 page not found", "no chat completion endpoint at this address"),
    ],
)
def test_a_model_that_is_not_there_is_not_taken_for_a_wrong_address_openoats_716_llama_index_12985(
    small: Small, body: bytes, said: str
) -> None:
    with JudgeServer(honest, faults=[Fault(404, body=body)] * 5) as server:
        assert said in small.judge(server).fault


def test_a_server_that_refuses_everything_is_not_taken_for_one_that_refuses_a_question(small: Small) -> None:
    with JudgeServer(honest, faults=[Fault(400)] * 60) as server:
        done = small.judge(server)
        assert (done.answered, done.waiting) == (0, 20)
        assert "rejected" in done.fault


def test_only_streams_without_a_title_of_their_own_take_its_name(small: Small) -> None:
    alike = [item("T-1", "broken invoice ferry refund"), item("T-2", "refund broken ferry invoice")]
    add(small.sessions, alike)
    keep(small.sessions, FRIDAY + timedelta(days=3))
    small.confirm(["T-1"])
    with small.sessions() as session:
        old = dict(session.execute(select(Stream.name, Stream.id)).all())

    def naming(question: dict[str, Any]) -> dict[str, Any]:
        words = words_of(question)[0]
        return sure_of(truth(words) or "none", words.split()[0], "broken invoice" if "ferry" in words else "plan")

    with JudgeServer(naming) as server:
        small.judge(server)
    keep(small.sessions, FRIDAY + timedelta(days=4))
    with small.sessions() as session:
        new = dict(session.execute(select(Stream.id, Stream.name)).all())
    changed = {name: new[id_] for name, id_ in old.items() if new[id_] != name}
    assert changed == {"broken invoice ferry refund": "broken invoice"}


def cached(session: Session) -> int:
    return len(session.scalars(select(JudgeAnswer.content)).all())


def test_another_model_is_asked_anew_and_an_answer_of_before_is_known_when_it_comes_back(small: Small) -> None:
    with JudgeServer(honest) as server:
        small.judge(server)
        add(small.sessions, [item("A-0-0", "unlock the gate harbour", "epic")])
        small.judge(server)
        add(
            small.sessions,
            [item("A-0-0", "unlock plan number00 harbour", "epic", text="we do the unlock at the harbour now")],
        )
        assert small.judge(server).answered == 0
    with small.sessions() as session:
        assert cached(session) == 21
