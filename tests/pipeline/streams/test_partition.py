"""Which items are one stream, and which stream it stays."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.items import Item
from pipeline.streams.partition import NOTHING, Group, Known, partition
from tests.conftest import HashedWords


def task(id_: str, title: str | None, parent: str | None = None, kind: str = "task") -> Item:
    return Item(id_, "jira", kind, "A", "app", parent, title)


def said(id_: str, text: str, *names: str) -> Item:
    return Item(id_, "slack", "message", "#app", "app", text=text, mentions=names)


def found(items: list[Item], known: Known = NOTHING) -> list[Group]:
    own = HashedWords().encode([item.words or "-" for item in items]).astype(np.float32)
    own[[i for i, item in enumerate(items) if not item.words]] = 0

    def vectors(at: NDArray[np.int64]) -> NDArray[np.float32]:
        return np.asarray(own[at])

    return partition(items, range(len(items)), vectors, known)


def names(items: list[Item], groups: list[Group]) -> list[set[str]]:
    return [{items[i].id for i in one.members} for one in groups]


def known_after(items: list[Item], groups: list[Group], later: list[Item]) -> Known:
    """What would be known of these groups to a later run; a new one gets the next number."""
    place = {item.id: i for i, item in enumerate(later)}
    numbers = {n: one.stream if one.stream is not None else 100 + n for n, one in enumerate(groups)}
    stream = {
        place[items[i].id]: (numbers[n], i in one.own.tolist())
        for n, one in enumerate(groups)
        for i in one.members.tolist()
        if items[i].id in place
    }
    return Known(stream, {numbers[n]: items[one.anchor].id for n, one in enumerate(groups)})


EPIC = [
    task("E", "Bluetooth unlock", kind="epic"),
    task("S", "Unlock in the garage", "E", "story"),
    task("T", "tests", "S", "sub-task"),
    said("M", "S nearly there", "S"),
]


def test_an_epic_its_stories_and_the_messages_that_name_them_are_one_stream() -> None:
    items = [*EPIC, task("U", "Order new chairs for the office")]
    assert names(items, found(items)) == [{"E", "S", "T", "M"}, {"U"}]


def test_loose_items_that_are_alike_are_one_stream_whose_anchor_is_the_oldest() -> None:
    items = [
        task("1", "refund wrong invoice again"),
        task("2", "lunch menu friday"),
        task("3", "wrong invoice refund"),
        said("4", "wrong invoice once more refund"),
    ]
    groups = found(items)
    assert names(items, groups) == [{"1", "3", "4"}, {"2"}]
    assert items[groups[0].anchor].id == "1"


def test_what_has_no_words_and_hangs_on_nothing_is_by_itself() -> None:
    items = [task("1", None), task("2", None)]
    assert names(items, found(items)) == [{"1"}, {"2"}]


def test_an_item_that_moves_its_parent_moves_stream() -> None:
    before = [*EPIC, task("F", "Cheaper parts", kind="epic"), task("G", "Find a supplier", "F")]
    after = [task("S", "Unlock in the garage", "F", "story") if item.id == "S" else item for item in before]
    groups = found(before)
    moved = found(after, known_after(before, groups, after))
    assert names(after, moved) == [{"E"}, {"F", "G", "S", "T", "M"}]
    assert [one.stream for one in moved] == [100, 101]


def test_an_item_that_leaves_its_tree_does_not_stay_as_if_it_were_alike() -> None:
    before = [task("A", "refund wrong invoice"), task("B", "lunch menu", "A")]
    after = [before[0], task("B", "lunch menu")]
    groups = found(after, known_after(before, found(before), after))
    assert names(after, groups) == [{"A"}, {"B"}]
    assert [one.stream for one in groups] == [100, None]


def test_what_comes_later_moves_nothing_that_was_there_even_if_it_is_older() -> None:
    before = [task("1", "refund wrong invoice"), task("2", "wrong invoice refund asked")]
    after = [task("0", "refund wrong invoice for a friend"), *before]
    groups = found(after, known_after(before, found(before), after))
    assert names(after, groups) == [{"0", "1", "2"}]
    assert (groups[0].stream, after[groups[0].anchor].id) == (100, "1")


def test_without_its_anchor_a_stream_is_known_by_what_is_left() -> None:
    before = [
        task("1", "refund wrong invoice"),
        task("2", "wrong invoice refund asked"),
        task("3", "refund of a wrong invoice"),
    ]
    groups = found(before[1:], known_after(before, found(before), before[1:]))
    assert [one.stream for one in groups] == [100]


def test_a_story_that_gets_an_epic_stays_the_stream_and_what_splits_gets_a_new_one() -> None:
    before = [task("S", "Unlock in the garage", kind="story"), *(task(f"T{n}", "tests", "S") for n in range(4))]
    under = [task("S", "Unlock in the garage", "E", "story"), *before[1:], task("E", "Bluetooth", kind="epic")]
    known = known_after(before, found(before), under)
    assert [one.stream for one in found(under, known)] == [100]
    halves = [
        task("S", "Unlock in the garage", "E", "story"),
        *(task(f"T{n}", "tests", "F") for n in range(4)),
        task("E", "Bluetooth", kind="epic"),
        task("F", "Chairs", kind="epic"),
    ]
    parts = found(halves, known_after(before, found(before), halves))
    assert {frozenset(some): one.stream for some, one in zip(names(halves, parts), parts, strict=True)} == {
        frozenset({"S", "E"}): None,
        frozenset({"F", "T0", "T1", "T2", "T3"}): 100,
    }


WORDS = ["unlock", "invoice", "chairs", "garage"]


@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from(WORDS), st.sampled_from(WORDS)), min_size=10, max_size=10))
def test_every_item_has_one_stream_and_a_second_run_changes_nothing(rows: list[tuple[int, str, str]]) -> None:
    items = [
        task(str(i), f"{one} {other}", None if above == i else str(above)) for i, (above, one, other) in enumerate(rows)
    ]
    groups = found(items)
    assert sorted(i for one in groups for i in one.members.tolist()) == list(range(10))
    again = found(items, known_after(items, groups, items))
    assert names(items, again) == names(items, groups)
    assert [one.stream for one in again] == [100 + n for n in range(len(groups))]
