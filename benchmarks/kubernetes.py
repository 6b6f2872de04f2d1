"""The match on the history of a real project: Kubernetes' enhancement proposals as key results.

    git clone https://github.com/kubernetes/enhancements && python -m benchmarks.kubernetes enhancements

A commit that touches the folder of exactly one proposal is work on it; one that touches none is routine and serves none. The
newest COMMITS of the first kind, by subject line alone (without the proposal's number), are matched without labels, and with
labels of the oldest, so that the test items are later than the training items. Baselines: plain cosine similarity, and the
nearest labelled neighbour. The shipped weights were fitted on some of these commits; benchmarks/fit_alone.py prints the same for
weights fitted without them.
"""

import argparse
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml
from sklearn.metrics import roc_auc_score

from pipeline.encode.encoder import Encoder, SentenceEncoder
from pipeline.items import Item
from pipeline.match.conditional_logit import Fusion
from pipeline.match.matcher import Matcher
from pipeline.register.document import Register, parse
from pipeline.register.faults import LONGEST

COMMITS, ROUTINE, LABELS = 1_500, 300, (20, 60)
_FOLDER = re.compile(r"^keps/(sig-[\w-]+|prod-readiness)/(\d+-[\w.-]+)/")
_NUMBER = re.compile(r"(kep|KEP|#)?[\s:-]*#?\b\d{2,5}\b:?\s*")


@dataclass(frozen=True, slots=True)
class Commit:
    """Subject without numbers, author, and the proposal's folder; None is routine."""

    subject: str
    author: str
    proposal: tuple[str, str] | None


def commits(clone: Path) -> Iterator[Commit]:
    """Newest first; those that touch several proposals are left out."""
    command = ["git", "-C", str(clone), "log", "--no-merges", "--name-only", "--format=%x1e%ae%x1f%s%x1f"]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for entry in out.split("\x1e")[1:]:
        author, subject, names = entry.split("\x1f")
        touched = {(m[1], m[2]) for name in names.split("\n") if (m := _FOLDER.match(name))}
        words = _NUMBER.sub(" ", subject).strip()
        if len(touched) <= 1 and len(words.split()) >= 2:
            yield Commit(words, author, next(iter(touched), None))


def title_of(clone: Path, sig: str, name: str) -> str:
    """The proposal's own title, else the words of its folder."""
    path = f"HEAD:keps/{sig}/{name}/kep.yaml"
    shown = subprocess.run(["git", "-C", str(clone), "show", path], capture_output=True, text=True, check=False).stdout
    title = re.search(r"^title:\s*(.+)$", shown, re.M)
    return title[1].strip(" '\"") if title else str(name.partition("-")[2].replace("-", " "))


def key_of(proposal: tuple[str, str]) -> str:
    """Of its key result; a name begins with its number, so the first of it is enough."""
    return " ".join(proposal)[: LONGEST["key"]]


def register_of(clone: Path, proposals: Sequence[tuple[str, str]]) -> Register:
    """Groups as objectives, their proposals as key results."""
    sigs = sorted({sig for sig, _ in proposals})
    objectives = [
        {
            "key": sig,
            "title": sig.removeprefix("sig-").replace("-", " "),
            "priority": n + 1,
            "key_results": [
                {"key": key_of((sig, name)), "title": title_of(clone, sig, name)} for of, name in proposals if of == sig
            ],
        }
        for n, sig in enumerate(sigs)
    ]
    period = {"name": "all", "start": "2020-01-01", "end": "2026-12-31"}
    return parse(yaml.safe_dump({"period": period, "objectives": objectives}))


def measure(clone: Path, encoder: Encoder, weights: Sequence[Fusion] | None = None) -> Iterator[str]:
    """Lines of figures."""
    all_of = list(commits(clone))
    work = [one for one in all_of if one.proposal][:COMMITS]
    routine = [one for one in all_of if not one.proposal][:ROUTINE]
    proposals = sorted({one.proposal for one in work if one.proposal})
    sigs = sorted({sig for sig, _ in proposals})
    register = register_of(clone, proposals)
    items = [
        Item(str(n), "jira", "task", title=one.subject) for n, one in enumerate([*reversed(work), *reversed(routine)])
    ]
    matcher = Matcher(register, items, encoder)
    keys = matcher.keys
    true = np.array(
        [keys.index(key_of(one.proposal)) for one in reversed(work) if one.proposal] + [len(keys)] * len(routine)
    )
    goal = true < len(keys)
    found, _ = matcher.probabilities(None, weights)
    near = matcher.following.shrink(matcher.first.pair["near"], set())[matcher.following.speaker]
    yield f"{len(work)} commits on {len(keys)} proposals of {len(sigs)} groups, {len(routine)} routine"
    answer = found[:, :-1].argmax(1)
    yield f"no label: cosine {_right(near.argmax(1), true, goal):.3f}, match {_right(answer, true, goal):.3f}"
    yield (
        f"goal or none, AUC: cosine {roc_auc_score(goal, near.max(1)):.3f}, "
        f"match {roc_auc_score(goal, 1 - found[:, -1]):.3f}"
    )
    sure = found.max(1) >= 0.9
    right = (found.argmax(1) == true)[sure].mean() if sure.any() else float("nan")
    yield f"of {int(sure.sum())} answers with 0.9 confidence {right:.3f} right"
    vectors = np.stack([matcher.vectors[i] for i in matcher.following.speaker])
    for count in LABELS:
        rows = np.arange(count)
        labels = {items[i].id: keys[true[i]] for i in rows}
        after, _ = matcher.probabilities(labels, weights)
        nearest = true[(vectors @ vectors[rows].T).argmax(1)]
        later = goal.copy()
        later[: max(LABELS)] = False
        learned, alone = (_right(one, true, later) for one in (after[:, :-1].argmax(1), answer))
        beside = _right(nearest, true, later)
        yield f"after the oldest {count}: nearest neighbour {beside:.3f}, match {learned:.3f}, without them {alone:.3f}"


def _right(answer: np.ndarray, true: np.ndarray, rows: np.ndarray) -> float:
    return float((answer == true)[rows].mean())


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clone", type=Path)
    for line in measure(parser.parse_args().clone, SentenceEncoder()):
        print(line, flush=True)


if __name__ == "__main__":
    main()
