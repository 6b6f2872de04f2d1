"""What many traces are left on is less often no key result, what hardly any are left on more often; nothing else changes."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.encode.encoder import SentenceEncoder
from pipeline.items import Item
from pipeline.match.attention import answered, as_sure_as_right, odds_of_none
from pipeline.match.following import Following
from pipeline.match.matcher import Matcher
from pipeline.register.document import parse
from tests.pipeline.match.test_following import TREE
from tests.pipeline.match.test_matcher import OKRS


def issue(id_: str, traces: int, parent: str | None = None, title: str = "A garage without signal") -> Item:
    return Item(id_, "jira", "story", "A", parent=parent, title=title, traces=traces)


def odds(*items: Item) -> list[float]:
    found: list[float] = odds_of_none(items, Following(items)).tolist()
    return found


def test_what_people_come_back_to_is_less_often_none_and_what_hangs_on_it_goes_with_it() -> None:
    known = [replace(one, traces=40 if one.id == "S-1" else 4) for one in TREE if one.source == "jira"]
    matcher = Matcher(parse(OKRS), known, SentenceEncoder())
    none = matcher.probabilities()[0][:, -1]
    usual = Matcher(parse(OKRS), [replace(one, traces=0) for one in known], SentenceEncoder()).probabilities()[0][:, -1]
    rows = [matcher.position[id_] for id_ in ("S-1", "S-2", "S-3")]
    assert (none[rows] < usual[rows]).all()
    assert np.ptp(none[rows]) <= 0.02


def test_traces_count_beside_what_is_usual_for_the_source() -> None:
    few, usual, many = odds(issue("a", 2), issue("b", 6), issue("c", 18))
    assert few > 1 == usual > many
    assert odds(issue("a", 20), issue("b", 60), issue("c", 180)) == pytest.approx([few, usual, many], rel=1e-6)


def test_a_storys_traces_are_its_own_and_those_of_the_sub_tasks_that_say_nothing() -> None:
    whole = odds(issue("a", 18), issue("b", 6), issue("c", 6))
    parts = odds(issue("a", 3), issue("b", 6), issue("c", 6), issue("d", 15, "a", "tests"))
    assert parts == pytest.approx(whole)


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=12))
def test_nothing_is_multiplied_by_more_than_an_automation_could_not_change(traces: list[int]) -> None:
    found = np.array(odds(*(issue(str(n), count) for n, count in enumerate(traces))))
    assert ((found > 0.3) & (found < 3.4)).all()
    assert (found[np.array(traces) == 0] == 1).all()


def test_a_thread_is_long_for_other_reasons() -> None:
    talk = [Item(f"m{n}", "slack", "message", "#app", text=f"Number {n} is talked about", traces=n) for n in (1, 5, 90)]
    assert odds(*talk) == [1, 1, 1]


def thread(id_: str, messages: int, text: str, mentions: tuple[str, ...] = ()) -> Item:
    return Item(id_, "slack", "message", "general", text=text, traces=messages, mentions=mentions)


def test_a_short_thread_that_was_answered_is_not_surely_chatter_and_one_that_nobody_answered_is() -> None:
    known = [one for one in TREE if one.source == "jira"]

    def none(messages: int) -> list[float]:
        threads = [thread("C:1", messages, "new roll-ups"), thread("C:2", messages, "who has the key?")]
        return Matcher(parse(OKRS), [*known, *threads], SentenceEncoder()).probabilities()[0][-2:, -1].tolist()

    assert min(none(1)) > 0.8
    assert none(0) == none(1)
    assert all(0.3 < belief < 0.7 for belief in none(12))
    assert none(90) == pytest.approx(none(12), abs=0.02)


def test_a_thread_that_names_an_issue_goes_by_that_and_an_issue_is_no_thread() -> None:
    items = [thread("C:1", 5, "a"), thread("C:2", 1, "b"), thread("C:3", 5, "c", ("S-1",)), issue("S-1", 5)]
    following = Following(items)
    found = {items[i].id for i, one in zip(following.core.tolist(), answered(items, following), strict=True) if one}
    assert found == {"C:1"}


beliefs = st.lists(st.floats(0, 1, width=32), min_size=3, max_size=6).filter(lambda row: sum(row) > 0.01)


@given(beliefs, st.booleans())
def test_beliefs_in_an_answered_thread_stay_beliefs_in_the_same_order_and_are_less_sure(
    row: list[float], other: bool
) -> None:
    before = np.array([row, row], np.float32) / np.float32(sum(row))
    after = as_sure_as_right(before.copy(), np.array([True, other]))
    assert after.sum(1) == pytest.approx(1, abs=1e-5)
    assert 0.001 < after[0, -1] < 0.98
    assert (np.diff(after[0, :-1][np.argsort(before[0, :-1])]) >= -1e-6).all()
    assert (after[1] == (after[0] if other else before[1])).all()
