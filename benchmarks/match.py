"""Time to match a large company: stored vectors against key results, including propagation along links.

    python -m benchmarks.match --items 1000000 --key-results 200 --workers 2

Generates issues in trees of twenty and threads that name them, with vectors as stored (float16, in a file), and matches them in
the product's chunks, each alongside a sample of the company, up to probabilities and reasons in words. Database time (reading
items and vectors, storing results) is measured by benchmarks/scale. Only the register's texts are encoded.
"""

import argparse
import multiprocessing
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.scale.company import WORDS, WordVectors, register_text, word_vector
from benchmarks.scale.workers import peak_memory
from pipeline.items import Item
from pipeline.match.chunking import CHUNK, SAMPLE
from pipeline.match.evidence import reasons
from pipeline.match.matcher import Matcher
from pipeline.register.document import parse

TREE, LENGTH, TEAMS = 20, 8, 100
_BLOCK = 20_000


def spoken(first: int, last: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """(items, LENGTH): which words each item has; those of a tree share half."""
    found = np.random.default_rng(first).integers(len(WORDS), size=(last - first, LENGTH))
    trees = np.arange(first, last) // TREE
    theme = np.random.default_rng(7).integers(len(WORDS), size=(100_003, LENGTH // 2))
    found[:, : LENGTH // 2] = theme[trees % len(theme)]
    return found


def write(path: Path, count: int) -> None:
    """The vectors and the words of all items."""
    directions = np.array([word_vector(word) for word in WORDS], np.float32)
    vectors = np.memmap(path / "vectors", np.float16, "w+", shape=(count, directions.shape[1]))
    words = np.memmap(path / "words", np.int16, "w+", shape=(count, LENGTH))
    for first in range(0, count, _BLOCK):
        last = min(count, first + _BLOCK)
        said = spoken(first, last)
        summed = directions[said].sum(1)
        vectors[first:last] = summed / np.linalg.norm(summed, axis=1, keepdims=True)
        words[first:last] = said


def item(i: int, words: Any) -> Item:
    """The item of that number: every fourth of a tree is a thread that names the issue before it."""
    title, team = " ".join(WORDS[w] for w in words), f"t{i // 500 % TEAMS}"
    if i % 4 == 3:
        return Item(f"slack:{i}", "slack", "message", f"C{i // 500}", team, None, None, title, (f"jira:{i - 1}",))
    kind, parent = ("story", f"jira:{i - i % TREE}") if i % TREE else ("epic", None)
    return Item(f"jira:{i}", "jira", kind, f"P{i // 500}", team, parent, title, key=f"K-{i}")


def stored(path: Path, kind: type[np.generic], size: int, rows: Any) -> Any:
    """These rows of a file, run by run."""
    runs = np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1)
    width = size * np.dtype(kind).itemsize
    return np.concatenate(
        [np.fromfile(path, kind, len(run) * size, offset=int(run[0]) * width).reshape(-1, size) for run in runs]
    )


def work(path: Path, count: int, document: str, pieces: Any, results: Any) -> None:
    """One worker: matches pieces until none is left; says how many items served a key result, and its memory."""
    register, served, encoder = parse(document), 0, WordVectors()
    size = (path / "vectors").stat().st_size // 2 // count
    trees = np.arange(0, count, max(TREE, count * TREE // SAMPLE)) // TREE * TREE
    sample = (trees[:, None] + np.arange(TREE)).ravel()
    sample = sample[sample < count]
    with threadpool_limits(1):
        results.put("ready")
        while (first := pieces.get()) is not None:
            mine = np.arange(first, min(count, first + CHUNK))
            here = np.union1d(mine, sample) if count > CHUNK else mine
            words = stored(path / "words", np.int16, LENGTH, here)
            items = [item(i, said) for i, said in zip(here.tolist(), words.tolist(), strict=True)]
            vectors = stored(path / "vectors", np.float16, size, here).astype(np.float32)
            matcher = Matcher(register, items, encoder, vectors)
            found, features = matcher.probabilities({})
            positions = np.searchsorted(here, mine)
            reasons(matcher, {}, found, features, positions.tolist())
            served += int((found[positions].argmax(1) < len(matcher.keys)).sum())
    results.put((served, peak_memory()))


def _bare(made: Path, items: int, key_results: int, workers: int) -> float:
    """Seconds of the product of the two matrices alone."""
    vectors = np.memmap(made / "vectors", np.float16, "r").reshape(items, -1)
    targets = np.random.default_rng(0).normal(size=(vectors.shape[1], key_results)).astype(np.float32)
    began = time.perf_counter()
    with threadpool_limits(workers):
        for first in range(0, items, _BLOCK):
            (vectors[first : first + _BLOCK].astype(np.float32) @ targets).argmax(1)
    return time.perf_counter() - began


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--key-results", type=int, default=200)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    document = register_text(8 * TEAMS, given.key_results)
    context = multiprocessing.get_context("spawn")
    pieces, results = context.Queue(), context.Queue()
    with tempfile.TemporaryDirectory() as made:
        write(Path(made), given.items)
        workers = [
            context.Process(target=work, args=(Path(made), given.items, document, pieces, results))
            for _ in range(given.workers)
        ]
        for worker in workers:
            worker.start()
        for _ in workers:
            results.get()
        began = time.perf_counter()
        for first in range(0, given.items, CHUNK):
            pieces.put(first)
        for _ in workers:
            pieces.put(None)
        found = [results.get() for _ in workers]
        seconds = time.perf_counter() - began
        for worker in workers:
            worker.join()
        bare = _bare(Path(made), given.items, given.key_results, given.workers)
    print(
        f"{given.items:,} items against {given.key_results} key results with {given.workers} workers: {seconds:.1f} s, "
        f"{given.items / seconds:,.0f} items a second; {sum(n for n, _ in found) / given.items:.0%} on a key result; "
        f"memory of the larger worker {max(memory for _, memory in found):,.0f} MB; "
        f"{seconds / bare:.1f} times the bare product of the two matrices"
    )


if __name__ == "__main__":
    main()
