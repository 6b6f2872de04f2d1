"""Real work without teams or links, as labelled companies for fitting: commits on proposals, a company's tickets."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.kubernetes import Commit, commits, key_of, register_of
from benchmarks.tickets import PERIODS, REGISTER, items_of, tickets
from pipeline.encode.encoder import Encoder
from pipeline.match.matcher import Matcher
from pipeline.register.document import Register, parse

KUBERNETES, DRAWS = 8, 3
"""Registers drawn from Kubernetes' proposals; draws of tickets from each of SiP's periods: in all about as many items as the
labelled companies have. More of them read SiP better still, and the labelled companies without teams worse."""
PROPOSALS, LEAST_COMMITS, OF_ONE, MOST = (8, 16), 6, 30, 250
NONE = (0.1, 0.4)
"""Between which parts of a company's work serve no key result. It is drawn, since what is usual is not known; of SiP's tickets it
is 0.15 to 0.37, which was known when this was chosen."""
ROUTINE, TICKETS = 600, 400


class RealCompany:
    """What `fit_steps` needs of a labelled company: its name (all draws of one are one), the matcher, and the true column of each
    item that speaks for itself."""

    def __init__(
        self, name: str, register: Register, titles: Sequence[str], keys: Sequence[str | None], encoder: Encoder
    ) -> None:
        self.name = name
        self.matcher = Matcher(register, items_of(titles), encoder)
        column = {key: n for n, key in enumerate(self.matcher.keys)}
        true = np.array([column.get(key or "", len(column)) for key in keys])
        self.core: NDArray[np.int64] = true[self.matcher.core]
        self.rows = np.arange(len(self.core))


def from_kubernetes(clone: Path, encoder: Encoder) -> list[RealCompany]:
    """Companies whose register is a draw of proposals; commits on other proposals, and on none, serve nothing."""
    draw, by = np.random.default_rng(0), defaultdict(list)
    every = list(commits(clone))
    for one in every:
        if one.proposal:
            by[one.proposal].append(one)
    routine = [one for one in every if not one.proposal][:ROUTINE]
    rich = sorted(name for name, own in by.items() if len(own) >= LEAST_COMMITS)
    found = []
    for _ in range(KUBERNETES):
        chosen = [rich[n] for n in draw.choice(len(rich), int(draw.integers(*PROPOSALS)), replace=False)]
        work = [one for name in chosen for one in _some(by[name], OF_ONE, draw)]
        work = _some(work, MOST, draw)
        part = draw.uniform(*NONE)
        off = int(len(work) * part / (1 - part))
        others = [one for name in rich if name not in chosen for one in by[name]]
        rows = _some([*work, *_some(others, off // 2, draw), *_some(routine, off - off // 2, draw)], None, draw)
        keys = [key_of(one.proposal) if one.proposal in chosen else None for one in rows]
        titles = [one.subject for one in rows]
        found.append(RealCompany("kubernetes", register_of(clone, chosen), titles, keys, encoder))
    return found


def from_tickets(clone: Path, encoder: Encoder) -> list[RealCompany]:
    """Draws of SiP's tickets, all with the one register that is written for them."""
    found = []
    for seed in range(DRAWS):
        draw = np.random.default_rng(seed)
        for first in PERIODS:
            rows = tickets(clone, first)
            some = [rows[n] for n in draw.choice(len(rows), min(TICKETS, len(rows)), replace=False)]
            keys = [one.project for one in some]
            found.append(RealCompany("sip", parse(REGISTER), [one.title for one in some], keys, encoder))
    return found


def _some(rows: Sequence[Commit], most: int | None, draw: np.random.Generator) -> list[Commit]:
    return [rows[n] for n in draw.permutation(len(rows))[:most]]
