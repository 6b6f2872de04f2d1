"""Any sentence-transformers model through torch, in batches of one shape a length; bfloat16 where it was found to be quicker."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.encode.bundled import LONGEST_TOKENS, ModelError

STEP = 32
"""Texts are padded to the next multiple of so many tokens, and batches to so many rows."""


class Batches:
    """Texts to vectors. Loads the model at once; raises ModelError where that fails. `longest` cuts texts, in tokens."""

    def __init__(self, folder: Path | str, size: int, *, longest: int = 0, half: bool = False) -> None:
        self._model = _load(folder)
        self._size = size
        if longest:
            self._model.max_seq_length = longest
        if half:
            self._model.bfloat16()

    def encode(self, texts: Sequence[str]) -> NDArray[np.float16]:
        """(len(texts), dimension), rows of length one. A text's vector does not depend on what it is encoded with, to the last
        bit: the shape of a batch changes the order in which a processor sums, so each text has the shape that its own length
        gives it.
        """
        import torch

        model, size = self._model, self._size
        longest = model.max_seq_length
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


def bundled_in_bfloat16(folder: Path) -> Batches:
    """The bundled model in bfloat16, in batches as a processor with a matrix unit likes them."""
    return Batches(folder, 32, longest=LONGEST_TOKENS, half=True)


def _load(folder: Path | str) -> Any:
    from sentence_transformers import SentenceTransformer  # takes seconds: only who encodes pays
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # of reading a file of 90 MB; it would stand in every log
    try:
        return SentenceTransformer(str(folder), device="cpu")
    except (OSError, ValueError) as error:
        raise ModelError(f"the model {str(folder)!r} cannot be loaded: {str(error)[:200]}") from None
