"""How well a real loosening of a key result is told from a harmless rewording: F1, and what it was taken for.

    python -m benchmarks.lint.edits [--part build|aside] [--texts FOLDER] [--wrong]

edits.csv has pairs of a key result before and after. Those of source{d} are real edits of its register, by hash; `--texts` names
a folder with its history as text (`git log -p > FOLDER/history.patch`).
"""

import csv
import re
from pathlib import Path

from benchmarks.lint.run import HERE, arguments, lines_of, name_of, scores
from pipeline.register.loosening import Edit, loosened
from pipeline.register.wording import read_wording

_EXTRA = re.compile(r"\s*\{(due|owner)=([^}]*)\}$")


def edits(part: str, texts: Path | None = None) -> list[dict[str, str]]:
    """The rows of a part whose texts are there."""
    with (HERE / "edits.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["part"] == part]
    if texts is not None:
        found = {name_of(line): line for line in lines_of(texts)}
        for row in rows:
            for side in ("before", "after"):
                row[side] = row[side] or found.get(row[f"{side}_id"], "")
    return [row for row in rows if row["before"] and row["after"]]


def edit_of(row: dict[str, str]) -> Edit:
    """An edit as the product sees it."""
    sides = {}
    for side in ("before", "after"):
        text, given = row[side], {"due": None, "owner": None}
        if found := _EXTRA.search(text):
            text, given[found[1]] = text[: found.start()], found[2]
        sides[side] = (text, given)
    before = read_wording(sides["before"][0])
    after = read_wording(sides["after"][0], before.language)
    due, owner = ((sides["before"][1][name], sides["after"][1][name]) for name in ("due", "owner"))
    return Edit(before, after, due, owner)


def main() -> None:
    """Print the table."""
    given = arguments()
    rows = [(row, loosened(edit_of(row))) for row in edits(given.part, given.texts)]
    for name in ("all", "own", "source{d}"):
        some = [(bool(said), row["label"] != "harmless") for row, said in rows if name in ("all", row["source"])]
        precision, recall, both = scores(some)
        print(f"{name:10} {len(some):4} edits   precision {precision:.3f}   recall {recall:.3f}   F1 {both:.3f}")
    named = [row["label"] in [one.rule for one in said] for row, said in rows if said and row["label"] != "harmless"]
    print(f"named right where found: {sum(named)} of {len(named)}")
    for row, said in rows if given.wrong else []:
        if bool(said) != (row["label"] != "harmless"):
            print(row["label"], "|", row["before"], "|", row["after"], "|", [(one.rule, one.message) for one in said])


if __name__ == "__main__":
    main()
