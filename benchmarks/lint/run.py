"""Accuracy of the register's lint: F1 of activity against outcome by language, precision and recall of the other rules.

    python -m benchmarks.lint.run [--part build|aside] [--texts FOLDER] [--wrong]

key_results.csv contains the labels and our own texts. Lines from public registers (source{d}, GitLab, Sourcegraph) are included
as hashes only: `--texts` names a folder of clones or text files in which the labelled lines are found.
"""

import argparse
import csv
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from pipeline.register.wording import Wording, read_wording

HERE = Path(__file__).parent
LANGUAGES = ("en", "de", "es", "fr")


def normal(line: str) -> str:
    """A line of a register without its markup, as it was labelled."""
    line = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", line)
    line = re.sub(r"^[+\-]?[\s*+\-]*(?:\d+\.\s+)?(?:\[.\]\s+)?", "", line)
    line = re.sub(r"\s*=>.*$", "", line)
    return " ".join(re.sub(r"[_*~`]+", "", line).split())


def name_of(text: str) -> str:
    """The id of a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def lines_of(folder: Path) -> Iterator[str]:
    """Every line of the texts in a folder, plain and without its markup, and what stands behind its first colon."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix in (".md", ".txt", ".mdx", ".patch"):
            for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
                yield line.removeprefix("- ")
                yield normal(line)
                yield normal(line).partition(": ")[2]


def labelled(part: str, texts: Path | None) -> list[dict[str, str]]:
    """The rows of a part whose text is there."""
    with (HERE / "key_results.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["part"] == part]
    if texts is not None:
        found = {name_of(line): line for line in lines_of(texts)}
        for row in rows:
            row["text"] = row["text"] or found.get(row["id"], "")
    return [row for row in rows if row["text"]]


def scores(pairs: list[tuple[bool, bool]]) -> tuple[float, float, float]:
    """(precision, recall, F1) of pairs of (said, true)."""
    hit = sum(said and true for said, true in pairs)
    said, true = sum(one for one, _ in pairs), sum(one for _, one in pairs)
    precision, recall = hit / said if said else 1.0, hit / true if true else 1.0
    return precision, recall, 2 * hit / (said + true) if said + true else 1.0


def rules(row: dict[str, str], read: Wording) -> dict[str, tuple[bool, bool]]:
    """By rule, whether it fires and whether it should."""
    outcome = read.kind == "outcome"
    return {
        "activity": (not outcome, row["kind"] == "activity"),
        "no-number": (outcome and not read.number, row["number"] == "no"),
        "no-baseline": (
            outcome and read.measure.baseline == "missing",
            row["baseline"] == "missing",
        ),
        "date": (bool(read.measure.dates), row["date"] == "yes"),
    }


def arguments() -> argparse.Namespace:
    """What both benchmarks of the lint are told on the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--part", default="aside", choices=("build", "aside"))
    parser.add_argument("--texts", type=Path)
    parser.add_argument("--wrong", action="store_true", help="also print errors")
    return parser.parse_args()


def main() -> None:
    """Print the table."""
    given = arguments()
    rows = [(row, read_wording(row["text"])) for row in labelled(given.part, given.texts)]
    groups = {language: [one for one in rows if one[0]["language"] == language] for language in LANGUAGES}
    groups["en, public"] = [one for one in groups["en"] if one[0]["source"] in ("source{d}", "GitLab", "Sourcegraph")]
    for name, group in groups.items():
        right = [(read.kind == "activity", row["kind"] == "activity") for row, read in group]
        other = [(not said, not true) for said, true in right]
        print(
            f"{name:12} {len(group):4} key results   activity F1 {scores(right)[2]:.3f}   outcome F1 {scores(other)[2]:.3f}"
        )
    for rule in ("no-number", "no-baseline", "date"):
        pairs = [rules(row, read)[rule] for row, read in rows]
        fired = sum(said for said, _ in pairs)
        print(f"{rule:12} fired {fired:4}   precision {scores(pairs)[0]:.3f}   recall {scores(pairs)[1]:.3f}")
    if given.wrong:
        for row, read in rows:
            wrong = [rule for rule, (said, true) in rules(row, read).items() if said and not true]
            wrong += ["missed activity"] if read.kind == "outcome" and row["kind"] == "activity" else []
            wrong += [] if read.language == row["language"] else [f"read as {read.language}"]
            if wrong:
                print(row["text"], "|", ", ".join(wrong), "|", row["baseline"], read.measure.baseline)


if __name__ == "__main__":
    main()
