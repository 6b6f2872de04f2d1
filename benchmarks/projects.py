"""Real texts without links or teams: which of ten open-source projects a change belongs to, from its description alone.

    for one in psf/black pydantic/pydantic ...; do git clone --bare https://github.com/$one clones/${one#*/}; done
    python -m benchmarks.projects clones

PROJECTS lists the projects with one key result each. Sixty changes with a description of at least 25 words are drawn from each.
Prints the accuracy of the likeliest key result: by cosine similarity alone, by the product without labels, and on the remaining
items after 40 labels, chosen by the product or at random.
"""

import argparse
import random
import re
import subprocess
from pathlib import Path

import numpy as np

from pipeline.encode.encoder import SentenceEncoder
from pipeline.items import Item
from pipeline.match.active_learning import worth_asking
from pipeline.match.matcher import Matcher
from pipeline.register.document import parse

PROJECTS = {
    "black": "Format Python source code so that nobody argues about style",
    "pydantic": "Validate data and settings by type annotations, quickly and with clear errors",
    "scrapy": "Crawl websites and extract structured data from pages",
    "celery": "Run background jobs on a distributed queue of workers",
    "pip": "Install and resolve Python packages from an index reliably",
    "ipython": "An interactive shell that is pleasant for exploring code and data",
    "ripgrep": "Search text in directories of files faster than grep",
    "mermaid": "Draw diagrams and charts from a text description in the browser",
    "prometheus": "Collect metrics as time series, query them and raise alerts",
    "restic": "Back up files encrypted and deduplicated to any storage",
}
EACH, LABELS, LEAST_WORDS, LONGEST = 60, 40, 25, 900
_MECHANICAL = re.compile(
    r"(bump|build\(deps|chore|merge|release|prepare|update .*requirements|\[pre-commit|version|fix\(deps|revert|ci)",
    re.I,
)
_TRAILERS = re.compile(r"^(co-authored-by|signed-off-by|closes?|fixes|refs?|pr:).*$", re.I | re.M)


def changes(clone: Path, draw: random.Random) -> list[tuple[str, str]]:
    """(title, description) of EACH changes that people made."""
    command = ["git", "-C", str(clone), "log", "-6000", "--no-merges", "--format=%an%x1f%s%x1f%b%x1e"]
    found = []
    for entry in subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\x1e"):
        author, title, text = [*entry.strip("\n").split("\x1f"), "", ""][:3]
        title = re.sub(r"\s*\(?#\d+\)?", "", title).strip()
        text = re.sub(r"\s+", " ", _TRAILERS.sub("", text)).strip()[:LONGEST]
        if "bot" in author.lower() or _MECHANICAL.match(title) or len(title.split()) < 4:
            continue
        if len(text.split()) >= LEAST_WORDS:
            found.append((title, text))
    return draw.sample(found, EACH)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clones", type=Path, help="folder with clones of the projects")
    clones, draw = parser.parse_args().clones, random.Random(8)
    titles = "\n".join(f"      - {{key: O1.{n}, title: '{title}'}}" for n, title in enumerate(PROJECTS.values()))
    register = parse(
        "period: {name: Q, start: 2026-07-01, end: 2026-09-30}\nobjectives:\n  - key: O1\n    title: Ship what users need\n"
        f"    priority: 1\n    key_results:\n{titles}\n"
    )
    rows = [(n, *change) for n, name in enumerate(PROJECTS) for change in changes(clones / name, draw)]
    draw.shuffle(rows)
    items = [Item(str(i), "jira", "task", title=title, text=text) for i, (_, title, text) in enumerate(rows)]
    true = np.array([n for n, _, _ in rows])
    encoder = SentenceEncoder()
    matcher = Matcher(register, items, encoder)
    near = matcher.vectors @ encoder.encode(list(PROJECTS.values())).astype(np.float32).T
    found, _ = matcher.probabilities()
    print(f"cosine {(near.argmax(1) == true).mean():.3f}")
    print(
        f"no label {(found.argmax(1) == true).mean():.3f}, of it called off the plan {(found.argmax(1) == 10).mean():.3f}"
    )
    ways = {"asked": worth_asking(matcher, found, LABELS, set())}
    for seed in range(3):
        ways[f"random {seed}"] = [str(i) for i in np.random.default_rng(seed).choice(len(rows), LABELS, replace=False)]
    for name, ids in ways.items():
        after, _ = matcher.probabilities({id_: matcher.keys[true[int(id_)]] for id_ in ids})
        rest = np.array([item.id not in set(ids) for item in items])
        print(f"{LABELS} labels {name}: {(after.argmax(1) == true)[rest].mean():.3f} of the rest")


if __name__ == "__main__":
    main()
