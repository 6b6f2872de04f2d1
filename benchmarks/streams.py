"""Purity of streams on labelled companies: how much of a stream a single answer gets right.

    python -m benchmarks.streams ../shared/eval/tablewright ../shared/eval/brightline benchmarks/companies/*/

For each similarity threshold for loose items: the number of streams and items in them and, among items in streams of several, the
proportion that serves the same key result as the majority of its stream (on which one answer for the stream would be right).
"""

import json
import sys
from collections import Counter
from pathlib import Path

import numpy as np

from pipeline.encode.encoder import SentenceEncoder
from pipeline.match.matcher import encode_items
from pipeline.offline.match import read_signals
from pipeline.streams import partition as streams


def main(folders: list[str]) -> None:
    """Print a row a similarity."""
    encoder = SentenceEncoder()
    companies = []
    for folder in map(Path, folders):
        items = read_signals(folder / "signals.jsonl")
        lines = (folder / "gold.jsonl").read_text(encoding="utf-8").splitlines()
        truth = {row["id"]: row["key_result"] for row in map(json.loads, lines)}
        companies.append((items, encode_items(items, encoder), [truth.get(item.id) for item in items]))
    print("alike  streams  items  in streams of several  right with one answer  of these in clusters  right")
    for alike in (0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 2.0):
        streams.ALIKE = alike
        total = Counter[str]()
        for items, vectors, truth in companies:
            found = streams.partition(items, range(len(items)), lambda rows, own=vectors: np.asarray(own[rows]))
            for one in found:
                right = Counter(truth[i] for i in one.members.tolist()).most_common(1)[0][1]
                total.update(streams=1, items=len(one.members))
                if len(one.members) > 1:
                    total.update(several=len(one.members), right=right)
                if len(one.own) > 1:
                    total.update(clustered=len(one.members), clustered_right=right)
        print(
            f"{alike:5} {total['streams']:8} {total['items']:6} {total['several']:8} "
            f"{total['right'] / max(1, total['several']):8.3f} {total['clustered']:8} "
            f"{total['clustered_right'] / max(1, total['clustered']):8.3f}"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
