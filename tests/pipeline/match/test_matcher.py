"""The match on a small company: what a user would miss if it were gone. The figures are benchmarks/fit_fusion.py's."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.encode.bundled import ModelError, bundled_model
from pipeline.encode.encoder import BUNDLED, SentenceEncoder, Vectors, text_hash
from pipeline.files import InputError
from pipeline.items import Item
from pipeline.match.active_learning import worth_asking
from pipeline.match.answers import Answers, loosened
from pipeline.match.conditional_logit import Features, Fusion, fit
from pipeline.match.graph import Links
from pipeline.match.matcher import Matcher
from pipeline.offline.match import Prediction, as_row, match_offline, predict, read_labels, read_signals
from pipeline.register.document import Register, parse
from tests.conftest import HashedWords

OKRS = """
period: {name: Q3, start: 2026-07-01, end: 2026-09-30}
teams:
  - {key: app, name: App, lead: a@x.example}
  - {key: ops, name: Operations, lead: o@x.example}
objectives:
  - key: O1
    title: Riders love the app
    priority: 1
    key_results:
      - {key: O1.1, title: "App store rating from 3.6 to 4.5", owner: a@x.example, teams: [app]}
      - {key: O1.2, title: "Unlock a bike in under two seconds without network", owner: a@x.example, teams: [app]}
  - key: O2
    title: Repairs are quick
    priority: 2
    key_results:
      - {key: O2.1, title: "Repair turnaround from 6 days to 48 hours", owner: o@x.example, teams: [ops]}
      - {key: O2.2, title: "Spare parts in stock for 97 % of repairs", owner: o@x.example, teams: [ops]}
"""


def item(id_: str, title: str, team: str | None = None, **more: object) -> Item:
    return Item(
        id_,
        str(more.pop("source", "jira")),
        str(more.pop("kind", "task")),
        str(more.pop("container", "A")),
        team,
        title=title,
        **more,
    )  # type: ignore[arg-type]


ITEMS = [
    item("R-1", "Crash on login makes riders give one star in the store", "app"),
    item("R-2", "Reply to one-star reviews in the app store", "app"),
    item("U-1", "Bluetooth unlock is slow in the garage without signal", "app", kind="epic"),
    item("U-2", "part two", "app", parent="U-1"),
    item("P-1", "Spare parts for repairs are out of stock again: brake pads", "ops"),
    item("P-2", "Minimum stock of spare parts: inner tubes", "ops"),
    item("T-1", "Bikes wait four days before a mechanic looks at them", "ops"),
    item("T-2", "Evening shift so that repairs leave the same day", "ops"),
    item("X-1", "Renew the TLS certificate", "app"),
    item("X-2", "Order cake for the birthday", None, source="slack", kind="message", container="#random"),
    item("X-3", "haha thanks", None, source="slack", kind="message", container="#random"),
    item("X-4", "Expense report is due on Friday", "ops"),
    item("M-1", "see U-1, still hangs", "app", source="slack", kind="message", container="#app", mentions=("U-1",)),
]


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    return SentenceEncoder()


@pytest.fixture(scope="module")
def register() -> Register:
    return parse(OKRS)


@pytest.fixture(scope="module")
def found(encoder: SentenceEncoder, register: Register) -> dict[str, Prediction]:
    return {p.id: p for p in match_offline(register, ITEMS, encoder)}


def test_work_goes_to_its_key_result_and_routine_to_none(found: dict[str, Prediction]) -> None:
    right = {
        "R-2": "O1.1",
        "U-1": "O1.2",
        "P-1": "O2.2",
        "P-2": "O2.2",
        "X-1": None,
        "X-2": None,
        "X-3": None,
        "X-4": None,
    }
    assert {id_: found[id_].key_result for id_ in right} == right


def test_a_terse_child_is_decided_by_its_epic_and_says_so(found: dict[str, Prediction]) -> None:
    assert found["U-2"].probabilities["O1.2"] > 0.3
    assert max(found["U-2"].probabilities, key=lambda key: found["U-2"].probabilities[key]) == "O1.2"
    assert any("Bluetooth unlock" in reason for reason in found["U-2"].evidence)


def test_an_answer_of_none_says_why(found: dict[str, Prediction]) -> None:
    assert found["X-3"].evidence[0] == "text: reads like chatter"
    assert found["X-3"].evidence[1].startswith("text: nearest was ")


def test_probabilities_add_up(found: dict[str, Prediction]) -> None:
    for prediction in found.values():
        assert sum(prediction.probabilities.values()) + prediction.none == pytest.approx(1, abs=1e-5)
        assert all(0 <= p <= 1 for p in prediction.probabilities.values())


def test_a_label_fixes_its_item_and_moves_its_children(encoder: SentenceEncoder, register: Register) -> None:
    matcher = Matcher(register, ITEMS, encoder)
    before = {p.id: p for p in predict(matcher)}
    after = {p.id: p for p in predict(matcher, {"U-1": "O1.1"})}
    assert after["U-1"].key_result == "O1.1"
    assert after["U-1"].confidence == 1
    assert after["U-2"].probabilities["O1.1"] > before["U-2"].probabilities["O1.1"]
    assert "labelled" in after["U-1"].evidence[0]


def test_who_said_none_before_a_key_result_was_there_was_not_asked_about_it_label_studio_4596(
    encoder: SentenceEncoder, register: Register
) -> None:
    matcher = Matcher(register, ITEMS, encoder)
    before, _ = matcher.probabilities()
    found = loosened(matcher, matcher.believe(), Answers({}, {"U-1": frozenset({"O1.2"})})).found
    at, asked_since = matcher.position["U-1"], matcher.keys.index("O1.2")
    assert found[at].argmax() == asked_since
    assert found[at, asked_since] >= before[at, asked_since]
    assert found[at].sum() == pytest.approx(1)
    assert np.delete(found[at], [asked_since, -1]).sum() == 0


def test_a_scope_of_the_register_decides(encoder: SentenceEncoder) -> None:
    scoped = parse(OKRS.replace('hours", owner', 'hours", scope: {items: [X-1], containers: ["#random"]}, owner'))
    found = {p.id: p for p in match_offline(scoped, ITEMS, encoder)}
    assert [found[id_].key_result for id_ in ("X-1", "X-2", "X-3")] == ["O2.1"] * 3


def test_the_same_items_against_another_register_are_matched_as_if_nothing_were_shared(register: Register) -> None:
    scoped = parse(OKRS.replace('hours", owner', 'minutes", scope: {items: [X-1]}, owner'))
    encoder = HashedWords()
    matcher = Matcher(register, ITEMS, encoder)
    before, near = matcher.probabilities()[0], matcher.nearest
    other = matcher.beside(scoped, encoder)
    afresh = Matcher(scoped, ITEMS, encoder)
    assert np.array_equal(other.probabilities()[0], afresh.probabilities()[0])
    assert other.nearest == afresh.nearest != near
    assert np.array_equal(matcher.probabilities()[0], before)


@pytest.mark.parametrize(("teams", "issues", "others"), [(True, 0.2, 0.6), (False, 0.5, 0.5)])
def test_an_objective_that_becomes_a_top_priority_gains_the_same_odds_everywhere_and_what_was_said_stands(
    teams: bool, issues: float, others: float
) -> None:
    """They count more for what says less: messages and customers' records, and everything where no team tells what it is for."""
    items = ITEMS if teams else [replace(one, team=None) for one in ITEMS]
    register, later = parse(OKRS), parse(OKRS.replace("priority: 2", "priority: 4"))
    labels: dict[str, str | None] = {"T-1": "O2.1", "X-1": None}
    matchers = [Matcher(one, items, HashedWords()) for one in (register, later)]
    first, second = (one.probabilities(labels)[0] for one in matchers)
    free = [i for i, one in enumerate(ITEMS) if one.id not in labels]
    of_o1, of_o2 = slice(0, 2), slice(2, 4)
    before, after = (found[free][:, of_o2] / found[free][:, -1:] for found in (second, first))
    following = matchers[0].following  # a message that only names an issue is that issue's
    speaks = [items[following.core[following.speaker[i]]] for i in free]
    said_less = np.array([one.kind in ("message", "deal", "ticket") for one in speaks])
    assert 0 < said_less.sum() < len(free)
    odds = np.exp(np.where(said_less, others, issues))[:, None]
    np.testing.assert_allclose(after / before, np.broadcast_to(odds, after.shape), rtol=1e-3)
    np.testing.assert_allclose(*(found[free][:, of_o1] / found[free][:, -1:] for found in (first, second)), rtol=1e-3)
    said = [i for i in range(len(ITEMS)) if i not in free]
    assert np.array_equal(first[said], second[said])


def test_what_an_earlier_match_settled_comes_out_as_it_was(register: Register) -> None:
    matcher = Matcher(register, ITEMS, HashedWords())
    stood = np.array([0.3, 0.2, 0.1, 0.1, 0.3], np.float32)
    np.testing.assert_allclose(matcher.believe({}, settled={0: stood}).found[0], stood, rtol=1e-6)


def test_an_epic_is_asked_about_rather_than_its_child_and_nothing_twice(
    encoder: SentenceEncoder, register: Register
) -> None:
    matcher = Matcher(register, ITEMS, encoder)
    found, _ = matcher.probabilities()
    asked = worth_asking(matcher, found, 99, set())
    assert "U-1" in asked
    assert "U-2" not in asked
    assert len(asked) == len(set(asked))
    assert asked[:3] == worth_asking(matcher, found, 3, set())
    again = worth_asking(matcher, matcher.probabilities({asked[0]: "O1.1"})[0], 99, {asked[0]})
    assert asked[0] not in again


def test_the_order_of_the_items_does_not_matter(
    encoder: SentenceEncoder, register: Register, found: dict[str, Prediction]
) -> None:
    again = {p.id: p for p in match_offline(register, ITEMS[::-1], encoder)}
    for id_, prediction in found.items():
        assert again[id_].probabilities == pytest.approx(prediction.probabilities, abs=2e-3)


@pytest.mark.parametrize(
    "items", [ITEMS[:1], [item("E-1", "")], [item("A", "x", parent="B"), item("B", "y", parent="A")]]
)
def test_one_item_an_empty_one_and_a_circle_of_parents(
    items: list[Item], encoder: SentenceEncoder, register: Register
) -> None:
    assert [p.id for p in match_offline(register, items, encoder)] == [i.id for i in items]


def test_the_files_are_read_and_written_as_documented(
    tmp_path: Path, encoder: SentenceEncoder, register: Register
) -> None:
    path = tmp_path / "signals.jsonl"
    path.write_text(
        json.dumps(
            {
                "id": "A-1",
                "source": "jira",
                "kind": "story",
                "team": "app",
                "container": "A",
                "parent": None,
                "title": "Ask for a rating in the store",
                "text": None,
                "mentions": [],
            }
        )
        + "\n"
    )
    rows = [as_row(p) for p in match_offline(register, read_signals(path), encoder)]
    assert set(rows[0]) == {"id", "key_result", "confidence", "alternatives", "evidence"}
    assert rows[0]["alternatives"][0][0] in {"O1.1", "O1.2", "O2.1", "O2.2", None}
    total = rows[0]["confidence"] + sum(p for _, p in rows[0]["alternatives"])
    assert total <= 1.001


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 1: not valid JSON"),
        ("[]", "line 1: expected an object"),
        ('{"id": 3}', "line 1: 'id' must be"),
        ('{"id": "a", "source": "jira", "kind": "task", "title": 3}', "line 1: 'title' must be"),
        ('{"id": "a", "source": "jira", "kind": "task", "mentions": "x"}', "'mentions' must be a list"),
        ("", "no signals"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "signals.jsonl"
    path.write_text(line)
    with pytest.raises(InputError) as caught:
        read_signals(path)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_label_for_an_unknown_key_result_is_refused(tmp_path: Path, register: Register) -> None:
    path = tmp_path / "labels.jsonl"
    path.write_text('{"id": "a", "key_result": null}\n{"id": "b", "key_result": "O9.9"}\n')
    with pytest.raises(InputError, match=r"line 2: unknown key result 'O9\.9'"):
        read_labels(path, register)


def test_vectors_do_not_depend_on_what_else_is_encoded(encoder: SentenceEncoder) -> None:
    texts = ["short", "a much longer text about bikes and repairs " * 5, "mid size text"]
    together, alone = encoder.encode(texts), np.concatenate([encoder.encode([t]) for t in texts])
    assert together.dtype == np.float16
    assert np.allclose(together.astype(float), alone.astype(float), atol=5e-3)
    assert text_hash("a") != text_hash("b")


def test_another_models_weights_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.encode.bundled.SHA256", "0" * 64)
    with pytest.raises(ModelError, match="not have the expected sha256"):
        bundled_model()
    with pytest.raises(ModelError, match="cannot be loaded"):
        SentenceEncoder("./no-such-folder").encode(["x"])
    assert BUNDLED == "bundled"


@given(st.lists(st.integers(-1, 9), min_size=1, max_size=10))
def test_any_parents_give_one_root_each(parents: list[int]) -> None:
    items = [item(str(i), "t", parent=str(p) if p >= 0 else None) for i, p in enumerate(parents)]
    links = Links(items)
    assert sorted(int(i) for group in links.groups for i in group) == list(range(len(items)))


def test_fusion_learns_which_feature_tells() -> None:
    rng = np.random.default_rng(0)
    true = rng.integers(0, 4, 300)
    pair = rng.normal(size=(300, 3, 2)).astype(np.float32)
    for i, k in enumerate(true):
        if k < 3:
            pair[i, k, 0] += 3
    nothing = {"nothing": np.zeros(300, np.float32)}
    features = Features({"tells": pair[:, :, 0], "noise": pair[:, :, 1]}, nothing)
    fusion = fit([(features, true)], 1.0)
    assert (fusion.predict(features).argmax(1) == true).mean() > 0.8
    assert abs(fusion.weights[0]) > 5 * abs(fusion.weights[1])
    renamed = Features({"other": pair[:, :, 0], "noise": pair[:, :, 1]}, nothing)
    with pytest.raises(ValueError, match="other features"):
        fusion.predict(renamed)


def test_a_weight_may_vary_with_the_item_and_survives_the_file() -> None:
    rng = np.random.default_rng(3)
    votes = rng.normal(size=(600, 3)).astype(np.float32)
    terse = (rng.random(600) < 0.5).astype(np.float32)
    features = Features({"votes": votes}, {"terse": terse})
    # Only in terse items do the votes say anything.
    true = np.where(terse > 0, votes.argmax(1), rng.integers(0, 4, 600))
    varying, plain = (fit([(features, true)], 1.0, products) for products in ([("votes", "terse")], []))
    right = [(fusion.predict(features).argmax(1) == true)[terse > 0].mean() for fusion in (varying, plain)]
    assert right[0] >= right[1]
    confident = varying.predict(features).max(1)
    assert confident[terse > 0].mean() > confident[terse == 0].mean() + 0.2

    chosen = np.zeros(600, np.int64)
    told = varying.contributions(features, chosen)[:, 0]
    assert np.abs(told[terse > 0]).mean() > 5 * np.abs(told[terse == 0]).mean()
    read = Fusion.from_json(json.loads(json.dumps(varying.as_json())))
    assert read.predict(features) == pytest.approx(varying.predict(features), abs=1e-4)


def test_what_routine_sounds_like_is_learned_and_of_another_models_vectors_nothing_is_said(
    encoder: SentenceEncoder, register: Register
) -> None:
    things = ["invoice", "licence", "printer", "certificate", "backup", "payroll", "badge", "server", "rota", "ledger"]
    routine = [f"Renew the {thing} as every {when}" for thing in things for when in ("month", "year")]
    goals = [f"Build the first {thing} for new {who}" for thing in things for who in ("riders", "shops")]
    vectors = encoder.encode([*routine, *goals]).astype(np.float32)
    true = np.repeat([1, 0], 20)

    def features(rows: slice) -> Features:
        n = len(true[rows])
        return Features(
            {"votes": np.zeros((n, 1), np.float32)}, {"one": np.zeros(n, np.float32)}, {"own": vectors[rows]}
        )

    fusion = fit([(features(slice(None, None, 2)), true[::2])] * 20, 1.0, directions=[("own", "")])
    assert (fusion.predict(features(slice(1, None, 2))).argmax(1) == true[1::2]).mean() > 0.9
    unseen = replace(features(slice(None)), text={})
    with pytest.raises(ValueError, match="other features"):
        fusion.predict(unseen)

    class Another:
        name = "another-model"

        def encode(self, texts: Sequence[str]) -> Vectors:
            return encoder.encode(texts)[:, ::-1]

    ours, other = (Matcher(register, ITEMS, one) for one in (encoder, Another()))
    assert ours.weights[0].directions
    assert not other.weights[0].directions
    np.testing.assert_allclose(other.probabilities()[0].sum(1), 1, atol=1e-5)


@given(st.integers(1, 5), st.integers(0, 2**16))
def test_log_odds_against_none_are_the_contributions_and_what_the_item_adds(keys: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    length = rng.normal(scale=2, size=4).astype(np.float32)
    age, along = rng.normal(size=4).astype(np.float32), rng.normal(size=6).astype(np.float32)
    text = rng.normal(size=(4, 6)).astype(np.float32)
    pair = {name: rng.normal(size=(4, keys)).astype(np.float32) for name in "ab"}
    features = Features(pair, {"length": length, "age": age}, {"own": text})
    mean, scale, weights, varying = (part.astype(np.float32) for part in rng.uniform(0.5, 2, (4, 4)))
    products = (("a", "length"), ("b", "length"), ("a", "age"))
    older = rng.normal(size=6).astype(np.float32)
    directions = {("own", ""): along, ("own", "age"): older}
    fusion = Fusion(features.names, mean, scale, weights, 0.3, products, varying[:3], directions)
    odds, z = np.log(fusion.predict(features)), (np.stack([length, age], 1) - mean[2:]) / scale[2:]
    of_item = 0.3 + z @ weights[2:] + text @ along + age * (text @ older)
    for k in range(keys):
        expected = fusion.contributions(features, np.full(4, k)).sum(1) + of_item
        assert odds[:, k] - odds[:, -1] == pytest.approx(expected, abs=1e-3)


def test_a_texts_vector_does_not_depend_on_what_it_is_encoded_with(encoder: SentenceEncoder) -> None:
    texts = [
        " ".join(["checkout", "retry", "dunning", "webhook", "ledger"][n % 5] for n in range(3 + 19 * i))
        for i in range(14)
    ]
    together = encoder.encode(texts)
    apart = np.concatenate([encoder.encode([text]) for text in texts[:3]] + [encoder.encode(texts[:2:-1])[::-1]])
    assert (together == apart).all()
    assert np.linalg.norm(together.astype(np.float32), axis=1) == pytest.approx(1, abs=1e-3)


TERSE = [
    ("Unlock timeouts", "O1.2"),
    ("Bluetooth drops offline", "O1.2"),
    ("Unlock slow in garage", "O1.2"),
    ("Store rating prompt", "O1.1"),
    ("One-star reviews again", "O1.1"),
    ("App rating dialog bug", "O1.1"),
    ("Brake pads stock", "O2.2"),
    ("Order spare chains", "O2.2"),
    ("Spare parts list", "O2.2"),
    ("Repair queue report", "O2.1"),
    ("Turnaround per mechanic", "O2.1"),
    ("Repair takes 6 days", "O2.1"),
]


def test_terse_titles_are_not_taken_for_nothing_where_teams_say_nothing(encoder: SentenceEncoder) -> None:
    register = parse(OKRS)
    some = [item(str(n), title, "app") for n, (title, _) in enumerate(TERSE)]
    one_team = Matcher(register, some, encoder)
    assert one_team.alone
    two = [*some, item("x", "Order more brake pads", "ops")]
    assert not Matcher(register, two, encoder).alone
    both = parse(OKRS.replace("teams: [app]", "teams: [app, ops]").replace("teams: [ops]", "teams: [app, ops]"))
    assert Matcher(both, two, encoder).alone
    ours = parse(OKRS.replace("teams: [ops]", "teams: [app]"))
    assert not Matcher(ours, two, encoder).alone  # what operations do is on none
    found, _ = one_team.probabilities()
    assert found[:, -1].mean() < 0.5
    right = [one_team.keys[k] == key for k, (_, key) in zip(found[:, :-1].argmax(1), TERSE, strict=True)]
    assert np.mean(right) > 0.8
