"""Text to vectors: the bundled all-MiniLM-L6-v2 by default, any sentence-transformers name or folder by setting.

Vectors are unit length, float16, one per distinct text (by hash of the model and the text), so that an unchanged
text is never encoded twice.
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
"""What the names of the bundled model's vectors begin with, however they are computed."""
_NAMES = {BUNDLED: BUNDLED_NAME, BUNDLED_INT8: f"{BUNDLED_NAME}-int8"}
_BATCH = 8
"""Texts of another model at once: without a matrix unit a quarter less time than 32 where there are many, a third for one."""
_CARD_BATCH = 32
"""As many of another model at once on a graphics card: its memory and the model's size are unknown."""

On = Literal["auto", "cpu", "cuda", "mps"]

Vectors = NDArray[np.float16]


class Encoder(Protocol):
    """Anything that turns texts into unit vectors."""

    name: str

    def encode(self, texts: Sequence[str]) -> Vectors:
        """(len(texts), dimension) float16, rows of length one."""
        ...


class SentenceEncoder:
    """A model on this machine's processor or graphics card. Loads it at its first use.

    The bundled one goes the way that is quickest here (see choice.py): ONNX Runtime, torch in bfloat16, or torch on the card;
    their vectors agree to the last digits of float16, so machines of all kinds may share a database. `on` names the device.
    Raises ModelError where the model is not there, its weights are not the expected ones, or the named card cannot be used.
    """

    def __init__(self, model: str = BUNDLED, on: On = "auto") -> None:
        self.model = model
        self.on = on
        self.name = _NAMES.get(model, model[-60:])

    def encode(self, texts: Sequence[str]) -> Vectors:
        """See Encoder. A text's vector does not depend on what it is encoded with, to the last bit."""
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
    """The card that the setting names; None where it names none. Raises ModelError where that card cannot be used."""
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
    """The bundled model, loaded, to be used in that way."""
    if way == "bfloat16":
        from pipeline.encode.batches import bundled_in_bfloat16

        return bundled_in_bfloat16(bundled_model())
    if way in ("cuda", "mps"):
        from pipeline.encode.batches import bundled_on

        return bundled_on(way, bundled_model())
    from pipeline.encode.by_length import ByLength

    return ByLength(int8=way == "int8")


def text_hash(text: str) -> str:
    """The name under which a text's vector is kept."""
    return hashlib.sha256(text.encode()).hexdigest()
