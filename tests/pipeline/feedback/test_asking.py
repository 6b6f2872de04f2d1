"""What is asked about: where an answer moves the shares, one answer a stream."""

import numpy as np
from numpy.typing import NDArray

from pipeline.feedback.asking import most_telling
from pipeline.items import Item


def task(id_: str, title: str, parent: str | None = None, kind: str = "task") -> Item:
    return Item(id_, "jira", kind, "A", "app", parent, title)


def ask(
    items: list[Item],
    believed: list[float],
    effort: list[float],
    known: set[int] | None = None,
    count: int = 3,
    vectors: NDArray[np.float32] | None = None,
    recent: list[float] | None = None,
) -> list[str]:
    own = np.eye(len(items), dtype=np.float32) if vectors is None else vectors
    lately = np.array(effort if recent is None else recent)
    asked = most_telling(items, own, np.array(believed), np.array(effort), lately, known or set(), count)
    return [items[i].id for i in asked]


def test_doubt_about_much_work_is_asked_about_before_doubt_about_little_and_certainty_about_much() -> None:
    items = [task("little", "one"), task("much", "two"), task("sure", "three")]
    assert ask(items, [0.5, 0.5, 0.99], [1, 20, 40])[0] == "much"


def test_of_a_story_with_sub_tasks_the_story_is_asked_about_with_all_their_effort() -> None:
    items = [
        task("story", "Unlock in the garage", kind="story"),
        task("a", "tests", "story"),
        task("b", "prep", "story"),
        task("other", "Order parts"),
    ]
    assert ask(items, [0.5] * 4, [0, 6, 6, 10], count=1) == ["story"]


def test_an_epic_is_asked_about_where_many_doubtful_stories_hang_on_it_and_then_not_its_stories() -> None:
    items = [
        task("epic", "Garage", kind="epic"),
        *(task(f"s{n}", f"story {n}", "epic", "story") for n in range(4)),
        task("loose", "Order parts"),
    ]
    assert ask(items, [0.5] * 6, [0, 3, 3, 3, 3, 8], count=2) == ["epic", "loose"]


def test_what_grew_lately_is_asked_about_before_what_stayed_as_it_was() -> None:
    items = [task("steady", "one"), task("new", "two"), task("sure", "three")]
    assert ask(items, [0.5, 0.5, 0.999], [10, 10, 80], recent=[1, 4, 5])[0] == "new"


def test_nothing_that_was_answered_and_nothing_without_words_is_asked_about() -> None:
    items = [task("known", "one"), Item("wordless", "jira", "task", "A"), task("left", "three")]
    assert ask(items, [0.5] * 3, [10, 10, 1], known={0}) == ["left"]


def test_of_alike_work_one_is_asked_about_first() -> None:
    items = [task("a", "invoice"), task("twin", "invoices"), task("b", "signal")]
    vectors = np.array([[1, 0], [0.98, 0.199], [0, 1]], dtype=np.float32)
    assert ask(items, [0.5] * 3, [10, 9, 7], count=2, vectors=vectors) == ["a", "b"]
