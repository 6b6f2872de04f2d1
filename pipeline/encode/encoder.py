"""Text embeddings: the bundled all-MiniLM-L6-v2 by default, or any sentence-transformers model name or folder.

Vectors have unit length and are float16, one per distinct text (keyed by model and text hash), so that an unchanged text is
never encoded twice.
"""

import hashlib
from collections.abc import Sequence
from functools import cached_property
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.encode.bundled import ModelError, bundled_model
from pipeline.encode.card import Card, card
from pipeline.encode.choice import Way, chosen

BUNDLED, BUNDLED_INT8 = "bundled", "bundled-int8"
BUNDLED_NAME = "all-MiniLM-L6-v2@256"
"""Prefix of the vector names of the bundled model, however they are computed."""
_NAMES = {BUNDLED: BUNDLED_NAME, BUNDLED_INT8: f"{BUNDLED_NAME}-int8"}
_BATCH = 8
"""Batch size of other models: without a matrix unit it saves a quarter of the time of 32 for many texts, a third for one."""
_CARD_BATCH = 32
"""Batch size of other models on a GPU, whose memory and the model's size are unknown."""

On = Literal["auto", "cpu", "cuda", "mps"]

Vectors = NDArray[np.float16]


class Encoder(Protocol):
    """Anything that turns texts into unit vectors."""

    name: str

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return an array of shape (len(texts), dimension), float16, with rows of length one."""
        ...


class SentenceEncoder:
    """A model on this machine's CPU or GPU, loaded at first use.

    The bundled model runs in the fastest way on this machine (see choice.py): ONNX Runtime, torch in bfloat16, or torch on the
    GPU; their vectors agree to the last digits of float16, so different machines may share a database. `on` names the device.
    Raises ModelError if the model is missing, its weights are not the expected ones, or the named GPU cannot be used.
    """

    def __init__(self, model: str = BUNDLED, on: On = "auto") -> None:
        self.model = model
        self.on = on
        self.name = _NAMES.get(model, model[-60:])

    def encode(self, texts: Sequence[str]) -> Vectors:
        """See Encoder. A text's vector is independent of the rest of its batch, to the last bit."""
        return self._loaded.encode(texts)

    @cached_property
    def _loaded(self) -> "_Loaded":
        wanted = named_card(self.on)
        if self.model == BUNDLED:
            return bundled(wanted or chosen(lambda way: bundled(way).encode, cards=self.on == "auto"))
        if self.model == BUNDLED_INT8:
            return bundled("int8")
        from pipeline.encode.batches import Batches

        found = wanted or (card() if self.on == "auto" else None)
        return Batches(self.model, _CARD_BATCH, device=found) if found else Batches(self.model, _BATCH)


def named_card(on: On) -> Card | None:
    """Return the GPU named by the setting, None if it names none. Raises ModelError if that GPU cannot be used."""
    if on in ("auto", "cpu"):
        return None
    found = card()
    if found != on:
        there = f"it can use {found} here" if found else "it can use none here"
        raise ModelError(
            f"[model] on = {on!r}, and torch cannot use that card ({there}). Install torch with support for it (Linux: "
            "`pip install torch==2.13.0` without the index of CPU wheels), or leave `on` out."
        )
    return found


class _Loaded(Protocol):
    def encode(self, texts: Sequence[str]) -> Vectors: ...


def bundled(way: Way | Literal["int8"]) -> _Loaded:
    """Load the bundled model for one way of running it."""
    if way == "bfloat16":
        from pipeline.encode.batches import bundled_in_bfloat16

        return bundled_in_bfloat16(bundled_model())
    if way in ("cuda", "mps"):
        from pipeline.encode.batches import bundled_on

        return bundled_on(way, bundled_model())
    from pipeline.encode.by_length import ByLength

    return ByLength(int8=way == "int8")


def text_hash(text: str) -> str:
    """Return the key under which a text's vector is stored."""
    return hashlib.sha256(text.encode()).hexdigest()
