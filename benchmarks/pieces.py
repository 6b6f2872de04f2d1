"""How much matching in chunks, as for large companies, differs from matching as a whole.

    leeway demo && python -m benchmarks.pieces demo-out

Matches the demo's company as one, then in chunks of several sizes with samples of several sizes, on a copy of its database;
prints how often the most likely answer differs, and by how much the expected share of work on the plan changes.
"""

import argparse
import shutil
import tempfile
from pathlib import Path

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from models import Match, connect
from pipeline.encode.encoder import SentenceEncoder
from pipeline.match import chunking
from pipeline.match import stage as match_stage
from pipeline.register.document import Register, read

Found = dict[int, tuple[dict[str, float], float]]


def matched(sessions: sessionmaker[Session], register: Register, encoder: SentenceEncoder) -> Found:
    """Probabilities by key result and that of none, by item."""
    match_stage.match_all(sessions, register, 1, encoder)
    with sessions() as session:
        rows = session.execute(select(Match.work_item_id, Match.probabilities, Match.none))
        return {id_: (dict(probabilities), none) for id_, probabilities, none in rows}


def answer(probabilities: dict[str, float], none: float) -> str | None:
    """The most likely one."""
    best = max(probabilities, key=probabilities.__getitem__, default=None)
    return best if best is not None and probabilities[best] > none else None


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="output folder of `leeway demo`")
    given = parser.parse_args()
    register, _ = read(given.folder / "okrs.yaml")
    encoder = SentenceEncoder()
    with tempfile.TemporaryDirectory() as made:
        shutil.copy(given.folder / "leeway.db", made)
        engine = connect(f"sqlite:///{made}/leeway.db")
        sessions = sessionmaker(engine)
        whole = matched(sessions, register, encoder)
        print(f"{len(whole):,} items as one: {1 - np.mean([none for _, none in whole.values()]):.1%} on the plan")
        match_stage.WHOLE = 0
        for piece, sample in ((3_500, 1_000), (3_500, 500), (2_000, 1_000), (2_000, 500), (1_000, 1_000)):
            chunking.CHUNK, chunking.SAMPLE = piece, sample
            found = matched(sessions, register, encoder)
            other = np.mean([answer(*found[id_]) != answer(*whole[id_]) for id_ in whole])
            moved = np.mean([whole[id_][1] - found[id_][1] for id_ in whole])
            print(
                f"pieces of {piece:,} beside {sample:,}: another answer for {other:.1%}, {100 * moved:+.1f} points on the plan"
            )
        engine.dispose()


if __name__ == "__main__":
    main()
