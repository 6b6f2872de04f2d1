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

from pipeline.encode.bundled import bundled_model
from pipeline.encode.choice import Way, chosen

BUNDLED, BUNDLED_INT8 = "bundled", "bundled-int8"
_NAMES = {BUNDLED: "all-MiniLM-L6-v2@256", BUNDLED_INT8: "all-MiniLM-L6-v2@256-int8"}
_BATCH = 8
"""Texts of another model at once: without a matrix unit a quarter less time than 32 where there are many, a third for one."""

Vectors = NDArray[np.float16]


class Encoder(Protocol):
    """Anything that turns texts into unit vectors."""

    name: str

    def encode(self, texts: Sequence[str]) -> Vectors:
        """(len(texts), dimension) float16, rows of length one."""
        ...


class SentenceEncoder:
    """A model on this machine's processor. Loads it at its first use.

    The bundled one goes through ONNX Runtime or, where bfloat16 is quicker, through torch (see choice.py); their vectors
    agree to the last digits of float16, so machines of both kinds may share a database. Raises ModelError where the model is not
    there or its weights are not the expected ones.
    """

    def __init__(self, model: str = BUNDLED) -> None:
        self.model = model
        self.name = _NAMES.get(model, model[-60:])

    def encode(self, texts: Sequence[str]) -> Vectors:
        """See Encoder. A text's vector does not depend on what it is encoded with, to the last bit."""
        return self._loaded.encode(texts)

    @cached_property
    def _loaded(self) -> "_Loaded":
        if self.model == BUNDLED:
            return bundled(chosen(lambda way: bundled(way).encode))
        if self.model == BUNDLED_INT8:
            return bundled("int8")
        from pipeline.encode.batches import Batches

        return Batches(self.model, _BATCH)


class _Loaded(Protocol):
    def encode(self, texts: Sequence[str]) -> Vectors: ...


def bundled(way: Way | Literal["int8"]) -> _Loaded:
    """The bundled model, loaded, to be used in that way."""
    if way == "bfloat16":
        from pipeline.encode.batches import bundled_in_bfloat16

        return bundled_in_bfloat16(bundled_model())
    from pipeline.encode.one_by_one import OneByOne

    return OneByOne(int8=way == "int8")


def text_hash(text: str) -> str:
    """The name under which a text's vector is kept."""
    return hashlib.sha256(text.encode()).hexdigest()
