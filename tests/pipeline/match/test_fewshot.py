"""What labels teach: this company's own ways, without three of them making anything worse."""

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.fit_fusion import Company, judge
from benchmarks.interview import Once
from pipeline.encode.encoder import SentenceEncoder
from pipeline.items import Item
from pipeline.match import fewshot
from pipeline.match.active_learning import worth_asking
from pipeline.match.following import Following
from pipeline.match.graph import Links
from pipeline.match.matcher import Matcher, shipped_weights
from pipeline.match.neighbours import Neighbours

LUMENLEAF = Path(__file__).parents[3] / "benchmarks" / "companies" / "lumenleaf"
RNG = np.random.default_rng(3)


def company(n: int = 400, classes: int = 4) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Vectors in clusters, one a key result; no item serves none."""
    centres = RNG.normal(size=(classes, 24))
    true = RNG.integers(classes, size=n)
    vectors = centres[true] + RNG.normal(size=(n, 24)) * 0.8
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), true


def sure_of_none(n: int, classes: int) -> NDArray[np.float32]:
    found = np.full((n, classes + 1), 0.02 / classes, np.float32)
    found[:, -1] = 0.98
    return found


def test_labels_overrule_a_belief_that_all_work_is_off_the_plan() -> None:
    vectors, true = company()
    believed = sure_of_none(len(true), 4)
    rows = RNG.choice(len(true), 40, replace=False)
    taught = fewshot.adapt(believed, believed, vectors, rows, true[rows], rows)
    assert (believed.argmax(1) == true).mean() == 0
    assert (taught.argmax(1) == true).mean() > 0.8
    assert taught.sum(1) == pytest.approx(1, abs=1e-5)


def test_answers_that_agree_with_what_was_found_change_little() -> None:
    vectors, true = company()
    found = np.full((len(true), 5), 0.025, np.float32)
    found[np.arange(len(true)), true] = 0.9
    rows = RNG.choice(len(true), 30, replace=False)
    taught = fewshot.adapt(found, found, vectors, rows, true[rows], rows)
    assert (taught.argmax(1) == true).mean() == 1
    assert np.abs(taught - found).mean() < 0.05


def test_a_model_that_earns_nothing_on_answers_it_has_not_seen_has_no_say() -> None:
    vectors, _ = company()
    found = np.full((len(vectors), 5), 0.2, np.float32)
    rows = RNG.choice(len(vectors), 60, replace=False)
    chance = RNG.integers(5, size=60)  # the answers have nothing to do with the words
    taught = fewshot.adapt(found, found, vectors, rows, chance, rows)
    assert np.abs(taught - found).max() < 0.1


@pytest.fixture(scope="module")
def encoder() -> Once:
    return Once(SentenceEncoder())


@pytest.fixture(scope="module")
def lumenleaf(encoder: Once) -> Company:
    return Company(LUMENLEAF, encoder)


def test_a_company_without_teams_and_links_is_not_called_off_the_plan(encoder: Once) -> None:
    bare = Company(LUMENLEAF, encoder, "bare")
    assert judge(bare, list(shipped_weights()))["on_goal_f1"] > 0.65


def test_three_labels_make_nothing_worse(lumenleaf: Company) -> None:
    gold = {row["id"]: row["key_result"] for row in lumenleaf.gold}
    before = judge(lumenleaf, list(shipped_weights()))["macro_f1"]
    ids, after = sorted(gold), []
    for seed in range(8):
        chosen = np.random.default_rng(seed).choice(ids, 3, replace=False).tolist()
        after.append(judge(lumenleaf, list(shipped_weights()), {id_: gold[id_] for id_ in chosen})["macro_f1"])
    assert np.mean(after) >= before
    assert min(after) > before - 0.03


def test_what_the_product_asks_for_is_worth_more_than_what_chance_asks(lumenleaf: Company) -> None:
    gold, weights = {row["id"]: row["key_result"] for row in lumenleaf.gold}, list(shipped_weights())
    found, _ = lumenleaf.matcher.probabilities()
    asked = worth_asking(lumenleaf.matcher, found, 30, set())
    drawn = [np.random.default_rng(seed).choice(sorted(gold), 30, replace=False).tolist() for seed in range(3)]
    ours, *chance = (judge(lumenleaf, weights, {id_: gold[id_] for id_ in ids})["macro_f1"] for ids in (asked, *drawn))
    assert ours > np.mean(chance) + 0.02


@dataclass
class Alike:
    """What choosing needs of a matcher: three groups of ten alike items, and five that are like nothing else."""

    links: Links
    neighbours: Neighbours
    following: Following
    core: NDArray[np.int64]
    position: dict[str, int]


def groups_and_strays() -> Alike:
    directions = np.repeat(np.eye(8, 16, dtype=np.float32), [10, 10, 10, 1, 1, 1, 1, 1], 0)
    vectors = directions + RNG.normal(size=directions.shape).astype(np.float32) * 0.02
    links = Links([Item(str(i), "jira", "task", title=f"item {i}") for i in range(len(vectors))])
    following = Following(links.items)
    near = Neighbours(links, vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    return Alike(links, near, following, following.core, following.position)


def asked_first(none: float, none_of_strays: float) -> list[int]:
    company, found = groups_and_strays(), np.zeros((35, 3), np.float32)
    found[:, 2] = none
    found[30:, 2] = none_of_strays
    found[:, 0] = 1 - found[:, 2]
    return [int(id_) for id_ in worth_asking(cast(Matcher, company), found, 3, set())]


def test_where_nearly_all_seems_off_the_plan_typical_items_are_asked_about_not_the_doubtful_ones() -> None:
    assert sorted(i // 10 for i in asked_first(0.97, 0.6)) == [0, 1, 2]  # one of each group


def test_elsewhere_doubt_leads() -> None:
    assert all(i >= 30 for i in asked_first(0.02, 0.5))
