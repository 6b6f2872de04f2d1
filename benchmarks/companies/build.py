"""Turn a labelled company's rows.psv into signals.jsonl and gold.jsonl: python benchmarks/companies/build.py FOLDER

Columns: id | source | kind | team | container | parent | title | text | gold | tags; `-` is nothing. Gold is a key
result, `objective:KEY` for work that serves an objective but no single key result, `bau`, `noise`, or `off:theme` for real
work that serves none.
"""

import json
import sys
from pathlib import Path

from connectors.text import issue_keys
from pipeline.register.document import parse


def build(folder: Path) -> None:
    """Write both files beside rows.psv. Raises ValueError naming the row that is wrong."""
    register = parse((folder / "okrs.yaml").read_text())
    known = register.objective_of()
    labels = {*known, "bau", "noise", *(f"objective:{objective.key}" for objective in register.objectives)}
    signals, gold = [], []
    for number, line in enumerate((folder / "rows.psv").read_text().splitlines(), 1):
        cells = [None if cell == "-" else cell for cell in line.split("|")]
        if len(cells) != 10 or not (cells[8] in labels or str(cells[8]).startswith("off:")):
            raise ValueError(f"{folder / 'rows.psv'}, line {number}: {line}")
        id_, source, kind, team, container, parent, title, text, label, tags = cells
        mentions = [key for key in issue_keys(title, text) if key != id_]
        signals.append(
            {
                "id": id_,
                "source": source,
                "kind": kind,
                "team": team,
                "container": container,
                "parent": parent,
                "title": title,
                "text": text,
                "mentions": mentions,
            }
        )
        key, (category, _, about) = (label if label in known else None), str(label).partition(":")
        objective, theme = (about, None) if category == "objective" else (known.get(key or ""), about or None)
        gold.append(
            {
                "id": id_,
                "key_result": key,
                "objective": objective,
                "theme": theme,
                "category": "goal" if key else category,
                "tags": (tags or "").split(",") if tags else [],
            }
        )
    for name, rows in (("signals", signals), ("gold", gold)):
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    build(Path(sys.argv[1]))
