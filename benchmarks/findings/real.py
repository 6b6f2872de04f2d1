"""Duplicate effort and the vocabulary gap on real text, for manual inspection.

    python -m benchmarks.findings.real duplicate|wording CLONE_OR_FOLDER

The clone is kubernetes/enhancements: groups (SIGs) are teams, and a proposal's summary and motivation are its stream. A folder is
a labelled company (signals.jsonl, gold.jsonl, okrs.yaml; see the evaluation data): a team's work on one key result or theme is a
stream. Neither contains effort, so privacy floors and sizes are ignored; it prints the ten closest candidates.
"""

import argparse
import json
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from pipeline.encode.encoder import SentenceEncoder
from pipeline.findings.duplicate import ITEMS, near
from pipeline.findings.found import Usage
from pipeline.findings.load_terms import sentence_with, terms_of
from pipeline.findings.wording import RATE, _tested
from pipeline.register.document import parse

Streams = dict[tuple[str, str], list[str]]
"""Sentences by team and stream."""
_PARTS = re.compile(r"^## (?:Summary|Motivation)\s*$(.*?)^## ", re.M | re.S)
_BREAKS = re.compile(r"(?<=[.!?])\s+|\n+")


def kubernetes(clone: Path) -> tuple[Streams, Iterable[str]]:
    """Sentences of proposals, and the words that stand in five titles and more."""
    git = ["git", "-C", str(clone)]
    names = subprocess.run(
        [*git, "ls-tree", "-r", "--name-only", "HEAD", "keps/"], capture_output=True, text=True, check=True
    )
    found: Streams = {}
    for name in names.stdout.split("\n"):
        place = re.match(r"keps/(sig-[\w-]+)/(\d+-[^/]+)/README\.md$", name)
        if not place:
            continue
        text = subprocess.run([*git, "show", f"HEAD:{name}"], capture_output=True, text=True, check=True).stdout
        said = " ".join(_PARTS.findall(re.sub(r"<!--.*?-->|```.*?```", " ", text, flags=re.S)))
        lines = [" ".join(one.split()) for one in _BREAKS.split(said)]
        some = [one.lstrip("-*# ") for one in lines if 5 <= len(one.split()) <= 60][:30]
        if len(some) >= ITEMS:
            found[place[1], place[2]] = some
    words = [word for _, name in found for word in re.findall(r"[a-z]{4,}", name)]
    return found, [word for word in dict.fromkeys(words) if words.count(word) >= 5]


def company(folder: Path) -> tuple[Streams, Iterable[str]]:
    """What teams of a labelled company wrote, by what it serves."""
    gold = {row["id"]: row for row in map(json.loads, (folder / "gold.jsonl").read_text("utf-8").splitlines())}
    found: Streams = defaultdict(list)
    for row in map(json.loads, (folder / "signals.jsonl").read_text("utf-8").splitlines()):
        label = gold[row["id"]]["key_result"] or gold[row["id"]].get("theme")
        words = ". ".join(one for one in (row["title"], row["text"]) if one and one.strip("-. "))
        if words and row.get("team"):
            found[row["team"], label or "routine"].append(words)
    register = parse((folder / "okrs.yaml").read_text("utf-8"))
    return {key: some for key, some in found.items() if key[1] != "routine" and len(some) >= 3}, terms_of(register)


def duplicates(streams: Streams) -> None:
    """The nearest pairs of two teams, as parts of the usual nearness of two halves of a stream."""
    encoder, keys = SentenceEncoder(), list(streams)
    vectors = [np.asarray(encoder.encode(streams[key]), dtype=float) for key in keys]
    centres = np.stack([some.mean(0) for some in vectors])
    middle = centres.mean(0)
    halves = []
    for some in vectors:
        if len(some) >= ITEMS:
            one, other = some[::2].mean(0) - middle, some[1::2].mean(0) - middle
            halves.append(float(one @ other / np.linalg.norm(one) / np.linalg.norm(other)))
    usual, alike = float(np.median(halves)), near(centres)
    teams = np.array([key[0] for key in keys])
    alike[teams[:, None] == teams[None, :]] = -1
    mutual = [(n, int(k)) for n, k in enumerate(alike.argmax(1)) if n < k and alike[k].argmax() == n]
    print(f"{len(keys)} streams, {len(set(teams))} teams; two halves of one: {usual:.2f}; {len(mutual)} nearest pairs")
    for n, k in sorted(mutual, key=lambda pair: -alike[pair])[:10]:
        print(f"{alike[n, k] / usual:.2f}  {keys[n]} | {keys[k]}")
        print(f"      {streams[keys[n]][0][:110]}\n      {streams[keys[k]][0][:110]}")


def wordings(streams: Streams, terms: Iterable[str], sentences: int) -> None:
    """The terms that teams use most differently, with two sentences."""
    encoder = SentenceEncoder()
    rows = [(n, team, text) for n, ((team, _), some) in enumerate(streams.items()) for text in some]
    usages, texts = [], {}
    for term in sorted(terms):
        held = [(n, team, said) for n, team, text in rows if (said := sentence_with(term, text))][:600]
        if len(held) < 2 * sentences:
            continue
        gone = re.compile(rf"\b{term}s?\b", re.I)
        vectors = np.asarray(encoder.encode([gone.sub("", said) for _, _, said in held]), dtype=float)
        item = np.array([n for n, _, _ in held])
        usages.append(Usage(term, vectors, tuple(team for _, team, _ in held), item, item, item < 0))
        texts[term] = [said for _, _, said in held]
    found = []
    for usage in usages:
        whose = np.array(usage.team)
        for team in sorted(set(usage.team)):
            mine = whose == team
            if min(mine.sum(), (~mine).sum()) < sentences or len(set(usage.item[mine])) < 3:
                continue
            other = [
                (one.vectors[np.array(one.team) == team], one.vectors[np.array(one.team) != team])
                for one in usages
                if one is not usage
            ]
            ours, theirs = (np.concatenate([pair[side] for pair in other]).mean(0) for side in (0, 1))
            shifted = usage.vectors - np.where(mine[:, None], ours, theirs)
            size, chance = _tested(shifted, mine, usage.item, 0.0, seed=1)
            apart = shifted[mine].mean(0) - shifted[~mine].mean(0)
            said = [
                texts[usage.term][int(np.flatnonzero(side)[np.argmax(sign * shifted[side] @ apart)])]
                for side, sign in ((mine, 1), (~mine, -1))
            ]
            found.append((chance, size, usage.term, team, said))
    ranked = sorted(found, key=lambda one: one[0])
    kept = max((n + 1 for n, one in enumerate(ranked) if one[0] <= RATE * (n + 1) / len(ranked)), default=0)
    print(f"{len(usages)} terms, {len(found)} tests, {kept} told by the test")
    for chance, size, term, team, said in sorted(ranked, key=lambda one: (one[0] > RATE, -one[1]))[:10]:
        print(f"{size:.2f} p={chance:.4f} {term} {team}\n      {said[0][:150]}\n      {said[1][:150]}")


def main() -> None:
    """Print what is nearest, or most apart."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("duplicate", "wording"))
    parser.add_argument("place", type=Path)
    given = parser.parse_args()
    streams, terms = company(given.place) if (given.place / "gold.jsonl").exists() else kubernetes(given.place)
    if given.what == "duplicate":
        duplicates(streams)
    else:
        wordings(streams, terms, 15 if len(streams) > 100 else 6)


if __name__ == "__main__":
    main()
