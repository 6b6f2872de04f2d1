"""Run any sentence-transformers model through torch, in batches of one shape per text length, on a CPU or GPU."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.encode.bundled import LONGEST_TOKENS, ModelError

STEP = 32
"""Texts are padded to the next multiple of this many tokens."""


class Batches:
    """Encodes texts. Loads the model immediately; raises ModelError if that fails. `longest` truncates texts, in tokens."""

    def __init__(
        self, folder: Path | str, size: int, *, longest: int = 0, half: bool = False, device: str = "cpu"
    ) -> None:
        self._model = _load(folder, device)
        self._size = size
        if longest:
            self._model.max_seq_length = longest
        if half:
            self._model.bfloat16()
        self._longest = self._model.max_seq_length
        self._padding = self._model.tokenizer.pad_token_id or 0
        self._left = self._model.tokenizer.padding_side == "left"
        self._nothing = self._tokens([""])

    def encode(self, texts: Sequence[str]) -> NDArray[np.float16]:
        """Return an array of shape (len(texts), dimension) with rows of length one.

        A text's vector is independent of the rest of its batch to the last bit. The shape of a batch changes the order in which a
        processor sums, so the shape is determined by the text's own length.
        """
        import torch

        tokens = self._tokens(texts)
        by_length: dict[int, list[int]] = defaultdict(list)
        for row, one in enumerate(tokens):
            by_length[min(self._longest, -(-len(one["input_ids"]) // STEP) * STEP)].append(row)
        found = []
        with torch.inference_mode():
            for length, rows in sorted(by_length.items()):
                for first in range(0, len(rows), self._size):
                    batch = rows[first : first + self._size]
                    found.append((batch, self._run([tokens[row] for row in batch], length)[: len(batch)]))
        vectors = np.empty((len(texts), self._model.get_embedding_dimension()), dtype=np.float16)
        for batch, rows_of in found:  # only now, to avoid waiting for the GPU between batches
            vectors[batch] = rows_of.cpu().numpy()
        return vectors

    def _tokens(self, texts: Sequence[str]) -> list[dict[str, Any]]:
        if not texts:
            return []
        found = self._model.tokenizer(list(texts), truncation=True, max_length=self._longest)
        return [dict(zip(found, values, strict=True)) for values in zip(*found.values(), strict=True)]

    def _run(self, some: list[dict[str, Any]], length: int) -> Any:
        import torch

        filled = some + self._nothing * (self._size - len(some))
        given = {}
        for name in filled[0]:
            fill = self._padding if name == "input_ids" else 0
            padded = np.full((self._size, length), fill, dtype=np.int64)
            for row, one in enumerate(filled):
                first = length - len(one[name]) if self._left else 0
                padded[row, first : first + len(one[name])] = one[name]
            given[name] = torch.from_numpy(padded).to(self._model.device)
        return torch.nn.functional.normalize(self._model(given)["sentence_embedding"].float(), dim=1)


def bundled_in_bfloat16(folder: Path) -> Batches:
    """Return the bundled model in bfloat16, with batches sized for a CPU with a matrix unit."""
    return Batches(folder, 32, longest=LONGEST_TOKENS, half=True)


def bundled_on(card: str, folder: Path) -> Batches:
    """Return the bundled model in float32 on a GPU, with batches that fill it."""
    return Batches(folder, 128, longest=LONGEST_TOKENS, device=card)


def _load(folder: Path | str, device: str) -> Any:
    from sentence_transformers import SentenceTransformer  # takes seconds, which only encoding should cost
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # for reading the 90 MB file; it would appear in every log
    try:
        return SentenceTransformer(str(folder), device=device)
    except (OSError, ValueError, RuntimeError) as error:
        raise ModelError(f"the model {str(folder)!r} cannot be loaded: {str(error)[:200]}") from None
