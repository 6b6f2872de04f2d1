"""What many traces are left on is less often no key result, what hardly any are left on more often; nothing else changes."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.encode.encoder import SentenceEncoder
from pipeline.items import Item
from pipeline.match.attention import answered, traces_beside_usual
from pipeline.match.following import Following
from pipeline.match.matcher import Matcher
from pipeline.register.document import parse
from tests.pipeline.match.test_following import TREE
from tests.pipeline.match.test_matcher import OKRS


def issue(id_: str, traces: int, parent: str | None = None, title: str = "A garage without signal") -> Item:
    return Item(id_, "jira", "story", "A", parent=parent, title=title, traces=traces)


def beside(*items: Item) -> list[float]:
    found: list[float] = traces_beside_usual(items, Following(items)).tolist()
    return found


def test_what_people_come_back_to_is_less_often_none_and_what_hangs_on_it_goes_with_it() -> None:
    known = [replace(one, traces=40 if one.id == "S-1" else 4) for one in TREE if one.source == "jira"]
    alike = [replace(one, traces=4) for one in known]
    matcher = Matcher(parse(OKRS), known, SentenceEncoder())
    none = matcher.probabilities()[0][:, -1]
    usual = Matcher(parse(OKRS), alike, SentenceEncoder()).probabilities()[0][:, -1]
    rows = [matcher.position[id_] for id_ in ("S-1", "S-2", "S-3")]
    assert (none[rows] < usual[rows]).all()
    assert np.ptp(none[rows]) <= 0.02


def test_traces_count_beside_what_is_usual_for_the_source() -> None:
    few, usual, many = beside(issue("a", 2), issue("b", 6), issue("c", 18))
    assert few < 0 == usual < many
    assert beside(issue("a", 20), issue("b", 60), issue("c", 180)) == pytest.approx([few, usual, many], rel=1e-6)


def test_a_storys_traces_are_its_own_and_those_of_the_sub_tasks_that_say_nothing() -> None:
    whole = beside(issue("a", 18), issue("b", 6), issue("c", 6))
    parts = beside(issue("a", 3), issue("b", 6), issue("c", 6), issue("d", 15, "a", "tests"))
    assert parts == pytest.approx(whole)


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=12))
def test_an_automations_hundreds_say_no_more_than_much(traces: list[int]) -> None:
    found = np.array(beside(*(issue(str(n), count) for n, count in enumerate(traces))))
    assert (np.abs(found) <= 2).all()
    assert (found[np.array(traces) == 0] == 0).all()


def test_a_thread_is_long_for_other_reasons() -> None:
    talk = [Item(f"m{n}", "slack", "message", "#app", text=f"Number {n} is talked about", traces=n) for n in (1, 5, 90)]
    assert beside(*talk) == [0, 0, 0]


def thread(id_: str, messages: int, text: str, mentions: tuple[str, ...] = ()) -> Item:
    return Item(id_, "slack", "message", "general", text=text, traces=messages, mentions=mentions)


def test_a_short_thread_that_was_answered_is_not_surely_chatter() -> None:
    known = [one for one in TREE if one.source == "jira"]

    def none(messages: int) -> list[float]:
        threads = [thread("C:1", messages, "new roll-ups"), thread("C:2", messages, "who has the key?")]
        return Matcher(parse(OKRS), [*known, *threads], SentenceEncoder()).probabilities()[0][-2:, -1].tolist()

    assert all(many < one for many, one in zip(none(12), none(1), strict=True))
    assert none(90) == pytest.approx(none(12), abs=0.02)


def test_a_thread_that_names_an_issue_goes_by_that_and_an_issue_is_no_thread() -> None:
    items = [thread("C:1", 5, "a"), thread("C:2", 1, "b"), thread("C:3", 5, "c", ("S-1",)), issue("S-1", 5)]
    following = Following(items)
    found = {items[i].id for i, one in zip(following.core.tolist(), answered(items, following), strict=True) if one}
    assert found == {"C:1"}
