"""Character n-grams of texts, weighted by how few texts have them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_array  # slow to import, and most commands and workers match nothing

SIZES = (3, 4, 5)


class NGrams:
    """TF-IDF over character n-grams (3 to 5 characters, within word boundaries, sublinear, rows of unit length), with the same
    counts as scikit-learn's TfidfVectorizer with `char_wb`, which takes over a second to import. An n-gram never crosses a word
    boundary, so those of each distinct word are counted once, and those of a text are a product of two sparse matrices.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        """Count document frequencies over `texts`."""
        of_texts, words = counted([text.lower().split() for text in texts])
        of_words, _ = counted([list(ngrams(word)) for word in words])
        self.counts = of_texts @ of_words
        documents = np.bincount(self.counts.indices, minlength=self.counts.shape[1])
        self._idf = (np.log((1 + self.counts.shape[0]) / (1 + documents)) + 1).astype(np.float32)

    def weigh(self, counts: "csr_array") -> "csr_array":
        """Turn rows of n-gram counts into rows of TF-IDF weights."""
        found = counts.copy()
        found.data = (1 + np.log(found.data)) * self._idf[found.indices]
        length = np.sqrt(np.add.reduceat(np.append(found.data**2, 0), found.indptr[:-1]) * (np.diff(found.indptr) > 0))
        found.data /= np.repeat(np.maximum(length, 1e-12), np.diff(found.indptr)).astype(np.float32)
        return found


def ngrams(word: str) -> Iterator[str]:
    """Yield the n-grams of a word with a blank on both sides; of a size that is longer, the whole word once for all of them."""
    padded = f" {word} "
    for size in SIZES:
        yield from (padded[at : at + size] for at in range(max(1, len(padded) - size + 1)))
        if size >= len(padded):
            return


def counted(rows: Sequence[Sequence[str]]) -> "tuple[csr_array, list[str]]":
    """Return how often each row has each of the terms, float32, and the terms in the order of their columns."""
    from scipy.sparse import csr_array

    place: dict[str, int] = {}
    columns: list[int] = []
    values: list[int] = []
    ends = [0]
    for row in rows:
        found = Counter(row)
        columns += [place.setdefault(term, len(place)) for term in found]
        values += found.values()
        ends.append(len(columns))
    terms = sorted(place)
    order = np.empty(len(terms), np.int32)
    order[[place[term] for term in terms]] = np.arange(len(terms), dtype=np.int32)
    data = np.array(values, np.float32)
    counts = csr_array((data, np.array(columns, np.int32), np.array(ends, np.int32)), shape=(len(rows), len(terms)))
    counts.sort_indices()
    # Within a row the terms stay in the order of their first appearance, as the sums' last bits have always followed it.
    counts.indices = order[counts.indices]
    counts.has_sorted_indices = False
    return counts, terms
