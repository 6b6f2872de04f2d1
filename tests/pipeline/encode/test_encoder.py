"""Which way a text becomes a vector, and that the ways agree."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from pipeline.encode import by_length, card, choice, encoder
from pipeline.encode.batches import Batches
from pipeline.encode.bundled import LONGEST_TOKENS, ModelError, bundled_model
from pipeline.encode.by_length import ByLength
from pipeline.encode.encoder import SentenceEncoder, bundled
from pipeline.encode.place import cache_folder

TEXTS = [
    "",
    "Checkout: retry failed payments",
    "Größere Händler bekommen eine Rechnung im Monat 🎉",
    "standup",
    "The export stops after 10,000 rows. Steps: open the report, choose a year, press export. " * 40,
]
FLAGS = "processor\t: 0\nmodel name\t: Some CPU\nflags\t\t: fpu sse2 avx2 {}\n"


def test_one_by_one_gives_what_the_model_gives_in_batches() -> None:
    ours = bundled("float32").encode(TEXTS).astype(np.float32)
    theirs = Batches(bundled_model(), 8, longest=LONGEST_TOKENS).encode(TEXTS).astype(np.float32)
    assert np.linalg.norm(ours, axis=1) == pytest.approx(1, abs=1e-3)
    assert np.abs(ours - theirs).max() < 1e-3


@pytest.fixture(scope="module", params=["by length", "in batches"])
def local(request: pytest.FixtureRequest) -> ByLength | Batches:
    if request.param == "by length":
        return ByLength()
    return Batches(bundled_model(), 4, longest=LONGEST_TOKENS)


def test_what_a_text_is_encoded_with_changes_nothing(local: ByLength | Batches) -> None:
    together = local.encode([*TEXTS, *TEXTS[::-1]])
    assert (together[: len(TEXTS)] == local.encode(TEXTS)).all()
    assert (together[: len(TEXTS) - 1 : -1] == together[: len(TEXTS)]).all()
    assert local.encode([]).shape == (0, 384)


def test_a_text_alone_is_what_it_is_among_others_of_its_length() -> None:
    local = ByLength()
    texts = [f"{kind} {n}" for kind in ("invoice", "a lock that opens at once in the rain:") for n in range(10, 50)]
    together = local.encode(texts)
    for row in (0, 39, 40, 79):
        assert (local.encode([texts[row]])[0] == together[row]).all()
        assert (local.encode(texts[row : row + 3])[0] == together[row]).all()


def test_int8_is_nearly_the_same_under_another_name() -> None:
    exact, small = SentenceEncoder(), SentenceEncoder("bundled-int8")
    agreement = (exact.encode(TEXTS[1:]).astype(np.float32) * small.encode(TEXTS[1:]).astype(np.float32)).sum(1)
    assert agreement.min() > 0.95
    assert small.name != exact.name  # or vectors of both would lie under one hash


def test_without_bfloat16_nothing_is_tried(tmp_path: Path) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text(FLAGS.format(""))
    assert not choice.has_bfloat16(info)
    assert not choice.has_bfloat16(tmp_path / "none")
    for flag in ("avx512_bf16", "amx_bf16"):
        info.write_text(FLAGS.format(flag))
        assert choice.has_bfloat16(info)


@pytest.mark.parametrize(("quicker", "slower"), [("float32", "bfloat16"), ("bfloat16", "float32")])
def test_the_quicker_way_is_found_by_trying_once(
    quicker: choice.Way, slower: choice.Way, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, tried = [0.0], []
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(choice, "has_bfloat16", lambda: True)
    monkeypatch.setattr(choice, "seems_there", lambda: False)
    monkeypatch.setattr(choice.time, "perf_counter", lambda: clock[0])

    def ways(way: choice.Way) -> Callable[[Sequence[str]], object]:
        def encode(some: Sequence[str]) -> None:
            clock[0] += len(some) * (0.01 if way == quicker else 0.02)

        tried.append(way)
        return encode

    assert choice.known() is None
    assert choice.chosen(ways) == quicker
    assert set(tried) == {quicker, slower}
    assert choice.known() == choice.chosen(ways) == quicker
    assert len(tried) == 2
    (tmp_path / "leeway" / "encoder.json").write_text("{")  # a kill while it was written
    assert choice.chosen(ways) == quicker


@pytest.mark.parametrize(("rates", "quickest"), [((0.02, 0.001), "cuda"), ((0.001, 0.02), "float32")])
def test_a_graphics_card_is_used_where_it_is_quicker_than_the_processor(
    rates: tuple[float, float], quickest: choice.Way, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(choice, "has_bfloat16", lambda: False)
    monkeypatch.setattr(choice, "seems_there", lambda: True)
    monkeypatch.setattr(choice, "card", lambda: "cuda")
    monkeypatch.setattr(choice.time, "perf_counter", lambda: clock[0])

    def ways(way: choice.Way) -> Callable[[Sequence[str]], object]:
        def encode(some: Sequence[str]) -> None:
            clock[0] += len(some) * rates[way == "cuda"]

        return encode

    assert choice.known() is None
    assert choice.chosen(ways) == quickest
    assert choice.known() == quickest
    assert choice.known(cards=False) == choice.chosen(ways, cards=False) == "float32"
    assert choice.known() == quickest  # the one answer is kept beside the other


def test_a_card_is_looked_for_before_torch_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(card.platform, "system", lambda: "Linux")
    assert not card.seems_there(tmp_path)
    (tmp_path / "nvidia0").touch()
    assert card.seems_there(tmp_path)


@pytest.mark.parametrize("there", [None, "mps"])
def test_a_card_that_is_named_and_cannot_be_used_is_told(there: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder, "card", lambda: there)
    with pytest.raises(ModelError, match=f"on = 'cuda'.*can use {there or 'none'} here.*Install torch with support"):
        SentenceEncoder(on="cuda").encode(["a text"])


def test_where_nothing_can_be_kept_it_still_encodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = bundled("float32").encode(TEXTS[:2])
    with by_length.converted() as file:
        made = Path(file).read_bytes()
    (tmp_path / "leeway").write_text("a file where the folder should be")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(by_length, "_export", lambda file: file.write_bytes(made))
    assert (bundled("float32").encode(TEXTS[:2]) == expected).all()


def test_a_conversion_that_was_killed_leaves_no_half_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    def killed(file: Path) -> None:
        file.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(by_length, "_export", killed)
    with pytest.raises(KeyboardInterrupt), by_length.converted():
        pass
    assert not list((tmp_path / "leeway").glob("*.onnx"))


def test_encoding_tells_nobody_and_leaves_no_trace_of_it(tmp_path: Path) -> None:
    """ONNX Runtime counts its users from 1.29 on: it asks for Microsoft's address and keeps a number of the machine
    (wyoming-piper #64, microsoft/onnxruntime #25573)."""
    with by_length.converted():  # there, so that nothing is converted below
        pass
    given = {"TMPDIR": str(tmp_path), "HOME": str(tmp_path), "XDG_CACHE_HOME": str(cache_folder().parent)}
    whole = "from pipeline.encode.by_length import ByLength; ByLength().encode(['a text'])"
    subprocess.run([sys.executable, "-c", whole], check=True, env={**os.environ, **given, "ORT_DISABLE_TELEMETRY": "0"})
    assert list(tmp_path.iterdir()) == []


def test_as_many_texts_at_once_as_were_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert by_length.threads() == 3
    monkeypatch.setenv("OMP_NUM_THREADS", "")
    assert by_length.threads() >= 1


def test_without_a_home_nothing_is_kept_and_nothing_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user of a container that is in no list of users, with HOME unset (openshift/origin #11046, open-webui #26662)."""

    def homeless(*_: object) -> Path:
        raise RuntimeError("could not determine the home directory")

    monkeypatch.setattr("platformdirs.user_cache_path", homeless)
    with pytest.raises(OSError, match="leeway"):
        cache_folder().mkdir(parents=True, exist_ok=True)
