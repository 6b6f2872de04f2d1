"""An encoder for tests that are not about meaning; imported alone by processes of theirs."""

from collections.abc import Sequence
from zlib import crc32

import numpy as np
from numpy.typing import NDArray


class HashedWords:
    """An encoder for tests of everything but meaning: words by their hash, so that texts that share words are alike."""

    name = "hashed words"

    def encode(self, texts: Sequence[str]) -> NDArray[np.float16]:
        """See pipeline.encode.Encoder."""
        found = np.full((len(texts), 64), 0.01)
        for i, words in enumerate(texts):
            for word in words.lower().split():
                found[i, crc32(word.encode()) % 64] += 1
        return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float16)
