"""A sub-task follows its story and a message the issue that it names: in belief, in answers, and in what is usual."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.encode.encoder import SentenceEncoder
from pipeline.items import Item
from pipeline.match.following import Following
from pipeline.match.matcher import Matcher
from pipeline.match.teams import teams_of
from pipeline.offline.match import match_offline
from pipeline.register.document import parse
from tests.pipeline.match.test_matcher import ITEMS, OKRS


def task(id_: str, title: str | None, parent: str | None = None, kind: str = "sub-task") -> Item:
    return Item(id_, "jira", kind, "A", "app", parent, title)


def said(id_: str, text: str, *names: str) -> Item:
    return Item(id_, "slack", "message", "#app", "app", text=text, mentions=names)


STORY = task("S-1", "Unlock over Bluetooth in the garage without signal", kind="story")
TREE = [
    *ITEMS,
    STORY,
    task("S-2", "tests", "S-1"),
    task("S-3", None, "S-1"),
    task("S-4", "prep", "S-3"),
    said("M-2", "S-1 nearly there", "S-1"),
]


@pytest.fixture(scope="module")
def matcher() -> Matcher:
    return Matcher(parse(OKRS), TREE, SentenceEncoder())


def test_what_says_nothing_is_believed_as_what_it_hangs_on(matcher: Matcher) -> None:
    found, _ = matcher.probabilities()
    rows = [matcher.position[id_] for id_ in ("S-1", "S-2", "S-3", "S-4", "M-2")]
    assert np.abs(found[rows] - found[rows[0]]).max() <= 0.02


def test_sub_tasks_that_say_nothing_change_nothing_for_others(matcher: Matcher) -> None:
    encoder = SentenceEncoder()
    crowd = [*TREE, *(task(f"C-{n}", "follow-up", "S-1") for n in range(40))]
    found, _ = matcher.probabilities()
    crowded, _ = Matcher(parse(OKRS), crowd, encoder).probabilities()
    assert np.abs(found - crowded[: len(TREE)]).max() < 1e-4


def test_an_answer_about_an_epic_holds_for_its_tree_and_a_sub_tasks_for_its_story(matcher: Matcher) -> None:
    found, _ = matcher.probabilities({"U-1": "O2.1", "S-4": "O1.1"})
    answer = {
        id_: matcher.keys[int(found[matcher.position[id_], :-1].argmax())]
        for id_ in ("U-2", "M-1", "S-1", "S-2", "M-2")
    }
    assert answer == {"U-2": "O2.1", "M-1": "O2.1", "S-1": "O1.1", "S-2": "O1.1", "M-2": "O1.1"}
    assert found[matcher.position["U-2"]].max() > 0.9


def test_an_answer_of_its_own_stands_against_that_of_its_story(matcher: Matcher) -> None:
    found, _ = matcher.probabilities({"S-1": "O1.1", "S-2": None})
    assert found[matcher.position["S-2"], -1] == 1
    assert found[matcher.position["S-1"]].argmax() == matcher.keys.index("O1.1")


def test_a_silent_item_says_what_it_belongs_to() -> None:
    found = {p.id: p for p in match_offline(parse(OKRS), TREE, SentenceEncoder())}
    assert found["S-2"].evidence[0].startswith("links: belongs to story 'Unlock over Bluetooth")


@given(st.lists(st.integers(0, 11), min_size=12, max_size=12), st.integers(0, 1))
def test_circles_and_broken_links_leave_every_item_somebody_that_speaks(parents: list[int], words: int) -> None:
    items = [task(str(i), "tests" * words or None, str(above)) for i, above in enumerate(parents)]
    following = Following(items)
    assert len(following.core) > 0
    assert ((following.speaker >= 0) & (following.speaker < len(following.core))).all()


def test_what_is_assigned_to_nobody_is_of_the_team_that_works_below_it_but_an_epic_is_nobodys() -> None:
    epic = Item("E-1", "jira", "epic", "A", None, None, "Camel")
    below = [
        Item(f"E-{n}", "jira", "story", "A", team, "E-1", f"Long day, small cell, part {n}")
        for n, team in ((2, "ops"), (3, "ops"), (4, "app"), (5, None))
    ]
    prep = Item("E-6", "jira", "sub-task", "A", "app", "E-5", "prep")
    items = [epic, *below, prep, Item("E-7", "jira", "task", "A", None, None, "A loose one of nobody's")]
    following = Following(items)
    teams = dict(zip((items[i].id for i in following.core), teams_of(items, following), strict=True))
    assert teams == {"E-1": None, "E-2": "ops", "E-3": "ops", "E-4": "app", "E-5": "app", "E-7": None}
