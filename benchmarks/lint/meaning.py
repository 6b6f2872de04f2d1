"""How often a key result is said to be far from its objective: where it stands, and where it was put under another one at random.

python -m benchmarks.lint.meaning
"""

import random
from pathlib import Path

from pipeline.encode.encoder import SentenceEncoder
from pipeline.register.document import parse
from pipeline.register.point_of_change import far

COMPANIES = Path(__file__).parents[1] / "companies"


def main() -> None:
    """Print both counts over the fictional companies."""
    encoder, chance = SentenceEncoder(), random.Random(1)
    false = found = count = 0
    for path in sorted(COMPANIES.glob("*/okrs.yaml")):
        register = parse(path.read_text(encoding="utf-8"))
        rows = list(register.key_results())
        moved = [(chance.choice([one for one in register.objectives if one is not o]), k) for o, k in rows]
        false += len(list(far(register, rows, encoder)))
        found += len(list(far(register, moved, encoder)))
        count += len(rows)
    print(f"{count} key results: said of {false} where they stand, of {found} under another objective")


if __name__ == "__main__":
    main()
