"""How much a judge of known accuracy improves the shares, in worlds of companies that the match was not fitted on.

    python -m benchmarks.judge COMPANY... --keep FOLDER [--shared FOLDER] [--answers 0,10,20,40] [--seeds 3]

The worlds are those of benchmarks.worlds.matching: one per company, each in a different style, with a planted fall of 20 points.
Streams are the product's; some are confirmed truthfully, those that move the shares most first, as `leeway streams` asks. Then a
simulated judge reads every stream: at chance; right in 60, 80 or 95 %; or right about key results but taking work on none for the
match's favourite key result. Its weight is estimated as in the product (pipeline/match/witness.py).

Columns: mean absolute error of the weekly top share (effort x belief against effort x true labels, in points) without and with
the judge, the change in the worst world, and coverage of the weekly 90 % intervals (of people's real hours) without and with it.
Below, limits that no weight overcomes: all streams read correctly; a judge of 95 % whose accuracy is known; and the error left if
only the streams that the product chooses are asked about. FOLDER keeps the match's results for the next run.
"""

import argparse
import pickle
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.worlds import office, shared
from benchmarks.worlds.built import build
from benchmarks.worlds.labelled import read_labelled
from benchmarks.worlds.leftout import fit_without, kept_weights
from benchmarks.worlds.matching import EVENT_WEEK, STYLES, TEAM_SIZE, WEEKS, prepared, top_of, true_of
from benchmarks.worlds.product import CachedEncoder
from benchmarks.worlds.rows import World, top_share
from pipeline.feedback.asking import at_stake
from pipeline.judge.choosing import WORTH
from pipeline.match import witness
from pipeline.match.matcher import FOLLOWS, Matcher
from pipeline.register.document import Register
from pipeline.share.audit import without_audit
from pipeline.share.estimate import UNSEEN, Worked, shares
from pipeline.streams.partition import partition

Array = NDArray[np.float64]
JUDGES = ("chance", "60 %", "80 %", "95 %", "goals only")
SURE = 0.8
"""What a stand-in puts on its answer."""
PURE = 0.8
"""Part of a stream's work that must serve one answer, or it is answered as mixed."""
CHANGE_WEEKS = 4
INTERVALS = 2  # draws whose intervals are looked at, which takes far longer than the error


@dataclass(frozen=True, slots=True)
class Read:
    """A world as the match reads it after so many answers. `stream` by item; arrays of streams in the same order."""

    name: str
    found: Array
    stands: NDArray[np.bool_]
    top: NDArray[np.bool_]
    true: NDArray[np.int64]
    effort: Array
    weeks: Sequence[date]
    stream: NDArray[np.int64]
    serves: NDArray[np.int64]
    believed: Array
    confirmed: NDArray[np.bool_]
    objectives: Sequence[str]
    column: NDArray[np.int64]
    in_top: frozenset[str]
    truth: dict[date, float]
    answers: int


# Long: one record, whose fields are filled one after the other
def read(data: dict[str, Any], matcher: Matcher, weights: Any, world: World, count: int) -> Read:
    """Confirm `count` streams by the truth, and match."""
    register, items, effort = data["register"], data["items"], data["effort"]
    true, top = true_of(data, matcher), top_of(data, matcher)
    groups = partition(items, range(len(items)), lambda rows: np.asarray(data["vectors"][rows]))
    stream = np.empty(len(items), dtype=np.int64)
    for n, group in enumerate(groups):
        stream[group.members] = n
    spent, size = effort.sum(1), len(groups)
    serving = np.zeros((size, len(matcher.keys) + 1))
    np.add.at(serving, (stream, true), spent + 1e-6)
    serves = serving.argmax(1)
    bare = matcher.believe(None, weights)
    labels: dict[str, str | None] = {}
    settled = {}
    confirmed = np.zeros(size, dtype=bool)
    for n in _most_moving(effort, stream, bare.found[:, top].sum(1).astype(float))[:count]:
        if serving[n].max() < PURE * serving[n].sum():
            continue
        confirmed[n] = True
        answer = int(serves[n])
        own = groups[n].own.tolist()
        labels[items[own[0]].id] = matcher.keys[answer] if answer < len(matcher.keys) else None
        settled |= {i: matcher.row(answer, FOLLOWS) for i in own[1:]}
    belief = matcher.believe(labels, weights, settled) if count else bare
    objectives, column = _objectives(register, matcher.keys)
    return Read(
        data["world"],
        belief.found.astype(float),
        belief.stands,
        top,
        true,
        effort,
        data["weeks"],
        stream,
        serves,
        _by_stream(bare.found, stream, spent, size),
        confirmed,
        objectives,
        column,
        register.top(),
        top_share(world.done, register.top(), register.objective_of()),
        len(labels),
    )


def _most_moving(effort: Array, stream: NDArray[np.int64], of_top: Array) -> list[int]:
    """Streams by what an answer about them is expected to move, the most first; as `leeway streams` asks."""
    return list(map(int, np.argsort(-_stakes(effort, stream, of_top), kind="stable")))


def _stakes(effort: Array, stream: NDArray[np.int64], of_top: Array) -> Array:
    spent, lately = (np.bincount(stream, part) for part in (effort.sum(1), effort[:, -CHANGE_WEEKS:].sum(1)))
    amount = effort.sum(1) + 1e-6
    doubt = np.bincount(stream, amount * of_top * (1 - of_top)) / np.bincount(stream, amount)
    return at_stake(spent / spent.sum(), lately / max(lately.sum(), 1e-9), doubt)


def _objectives(register: Register, keys: Sequence[str]) -> tuple[list[str], NDArray[np.int64]]:
    """The objectives, and by answer the column of its own; none is last."""
    of, objectives = register.objective_of(), [one.key for one in register.objectives]
    return objectives, np.array([objectives.index(of[key]) for key in keys] + [len(objectives)])


def _by_stream(found: NDArray[Any], stream: NDArray[np.int64], spent: Array, size: int) -> Array:
    sums = np.zeros((size, found.shape[1]))
    np.add.at(sums, stream, (spent + 1e-3)[:, None] * found)
    return np.asarray(sums / sums.sum(1, keepdims=True))


def stand_in(kind: str, one: Read, seed: int) -> Array:
    """What such a judge answers of each stream."""
    draw = np.random.default_rng([seed, len(one.serves)])
    size, none = one.believed.shape[1], one.believed.shape[1] - 1
    right = {"chance": 1 / size, "goals only": 0.95}.get(kind) or float(kind.split()[0]) / 100
    answers = []
    for n, true in enumerate(one.serves.tolist()):
        wrong = [k for k in range(size) if k != true]
        if kind == "goals only" and true == none:
            answers.append(int(one.believed[n, :-1].argmax()))
        else:
            answers.append(true if draw.random() < right else int(draw.choice(wrong)))
    said = np.full((len(answers), size), (1 - SURE) / (size - 1))
    said[np.arange(len(answers)), answers] = SURE
    return said


def heard(one: Read, said: Array) -> tuple[Array, witness.Weight]:
    """Beliefs of the items with the judge's answers, and what they were found to be worth."""
    weight = _weight(one, said)
    return _told(one, said, weight), weight


def _weight(one: Read, said: Array) -> witness.Weight:
    true = np.zeros_like(said)
    true[one.confirmed, one.serves[one.confirmed]] = 1
    return witness.weigh(said, one.believed, true)


def _told(one: Read, said: Array, weight: witness.Weight, asked: NDArray[np.bool_] | bool = True) -> Array:
    ratio = witness.ratios_of(weight, said, witness.liked(one.believed))
    found = one.found.copy()
    free = np.flatnonzero(~one.stands & np.broadcast_to(asked, len(one.serves))[one.stream])
    found[free] = witness.told(found[free], ratio[one.stream[free]], weight)
    return found


def error(one: Read, found: Array) -> float:
    """Mean absolute error of the weekly top share, points."""
    worked = one.effort.sum(0) > 0
    whole = one.effort.sum(0)[worked]
    belief = (one.effort.T @ found[:, one.top].sum(1))[worked] / whole
    gold = (one.effort.T @ one.top[one.true].astype(float))[worked] / whole
    return 100 * float(np.abs(belief - gold).mean())


def inside(one: Read, found: Array) -> tuple[int, int, float]:
    """Weeks whose interval holds the true share, of how many; and the sum of their widths in points."""
    held, count, width = 0, 0, 0.0
    by_objective = np.zeros((len(found), len(one.objectives) + 1))
    np.add.at(by_objective.T, one.column, found.T)
    for n, week in enumerate(one.weeks):
        rows = np.flatnonzero(one.effort[:, n] > 0)
        if not len(rows) or week not in one.truth:
            continue
        worked = [Worked(int(i), int(one.stream[i]), float(one.effort[i, n])) for i in rows]
        known = {int(i): by_objective[i] for i in rows}
        left = float(one.effort[rows[~one.stands[rows]], n].sum() / one.effort[rows, n].sum())
        corrected = without_audit(len(one.objectives) + 2, one.answers).of(left)
        row = shares(worked, known, list(one.objectives), one.in_top, corrected, (), UNSEEN)[-1]
        held += row.low <= one.truth[week] <= row.high
        width += 100 * (row.high - row.low)
        count += 1
    return held, count, width


def left(some: Sequence[Read], seeds: int) -> str:
    """What is left of the error whatever the judge is found to be worth."""
    errors = defaultdict[str, list[float]](list)
    for one in some:
        errors["without"].append(error(one, one.found))
        right = np.where(one.stands[:, None], one.found, np.eye(one.found.shape[1])[one.serves[one.stream]])
        errors["all right and believed"].append(error(one, right))
        asked = _stakes(one.effort, one.stream, one.found[:, one.top].sum(1)) >= WORTH
        for seed in range(seeds):
            said = stand_in("95 %", one, seed)
            weight = _weight(one, said)
            known = replace(weight, knows_goal=0.945, knows_none=0.945, copies=0.0, sharpness=1.0, says=1.0)
            errors["95 %, known"].append(error(one, _told(one, np.eye(said.shape[1])[said.argmax(1)], known)))
            errors["95 %, only streams worth asking"].append(error(one, _told(one, said, weight, asked)))
    without = float(np.mean(errors.pop("without")))
    return "left of the error: " + ", ".join(f"{name} {np.mean(of) / without:.2f}" for name, of in errors.items())


def worlds(given: argparse.Namespace) -> list[Read]:
    """Every world at every number of answers, kept for another run."""
    office.WEEKS, office.EVENT_WEEK, office.TEAM_SIZE = WEEKS, EVENT_WEEK, TEAM_SIZE
    shared.WEEKS, shared.DRIFT_WEEK = WEEKS, EVENT_WEEK
    encoder, found = CachedEncoder(given.keep / "vectors.sqlite"), []
    for number, folder in enumerate(given.companies):
        style = STYLES[4 * number % len(STYLES)]
        files = [given.keep / f"judge-{folder.name}-{style}-{count}.pickle" for count in given.answers]
        if not all(file.exists() for file in files):
            fit_without(given.companies, given.keep, given.shared)
            world = build(folder, read_labelled(folder), style, "fall20", 1, given.shared)
            data = prepared(folder, style, given.keep, given.shared, encoder)
            matcher = Matcher(data["register"], data["items"], encoder, data["vectors"])
            weights = kept_weights(given.keep, folder.name, alone=matcher.alone)
            for file, count in zip(files, given.answers, strict=True):
                file.write_bytes(pickle.dumps(read(data, matcher, weights, world, count)))
            print(f"{data['world']} read", flush=True)
        found += [pickle.loads(file.read_bytes()) for file in files]  # noqa: S301 - written above
    return found


def line(kind: str, some: Sequence[Read], seeds: int) -> str:
    """A row of the table."""
    before, after, held, says = [], [], Counter[str](), defaultdict[str, list[float]](list)
    for one in some:
        mine = []
        kept = inside(one, one.found)
        held.update(before=kept[0], weeks=kept[1], width=round(kept[2]))
        for seed in range(seeds):
            found, weight = heard(one, stand_in(kind, one, seed))
            mine.append(error(one, found))
            if seed < INTERVALS:
                now = inside(one, found)
                held.update(after=now[0], weeks_after=now[1], width_after=round(now[2]))
            says["goal"].append(weight.knows_goal)
            says["none"].append(weight.knows_none)
            says["copies"].append(weight.copies)
        before.append(error(one, one.found))
        after.append(float(np.mean(mine)))
    worst = max(a - b for a, b in zip(after, before, strict=True))
    return (
        f"{kind:>11} {np.mean(before):7.2f} {np.mean(after):7.2f} {np.mean(after) / np.mean(before):6.2f} {worst:+7.2f}   "
        f"{held['before'] / held['weeks']:6.1%} {held['after'] / held['weeks_after']:6.1%}   "
        f"{held['width'] / held['weeks']:5.1f} {held['width_after'] / held['weeks_after']:5.1f}   "
        f"{np.mean(says['goal']):5.2f} {np.mean(says['none']):5.2f} {np.mean(says['copies']):5.2f}"
    )


def main() -> None:
    """Print a table for each number of confirmed streams."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("companies", type=Path, nargs="+")
    parser.add_argument("--keep", type=Path, required=True)
    parser.add_argument("--shared", type=Path)
    parser.add_argument("--answers", type=lambda text: [int(one) for one in text.split(",")], default=[0, 10, 20, 40])
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args()
    found = worlds(given)
    for place, count in enumerate(given.answers):
        some = found[place :: len(given.answers)]
        print(f"\n{count} streams confirmed, {len(some)} worlds")
        head = f"{'judge':>11} {'without':>7} {'with':>7} {'ratio':>6} {'worst':>7}"
        print(f"{head}   in 90 %, with   width, with   knows goal, none; copies")
        for kind in JUDGES:
            print(line(kind, some, given.seeds), flush=True)
        print(left(some, given.seeds), flush=True)


if __name__ == "__main__":
    main()
