"""The "measured by" cell: how a key result or an outcome is measured, one setting per line, as `jql: issuetype = Bug`."""

import json
import re
from collections.abc import Mapping
from typing import Any

from pipeline.register.metric import NUMBERS
from pipeline.register.yaml_nodes import Document, NotYaml

MEASURED_BY = "measured by"
_LINE = re.compile(r"([A-Za-z_]+)\s*:\s*(.+)")
_MARKS = ("[", "{", '"', "'")


def measured_words(metric: Mapping[str, Any]) -> str:
    """Format a metric as a cell; start, target and unit have separate cells."""
    return "\n".join(f"{word}: {_said(value)}" for word, value in metric.items() if word not in NUMBERS)


def _said(value: Any) -> str:
    plain = isinstance(value, str) and value == " ".join(value.split()) and not value.startswith(_MARKS)
    return str(value) if plain else json.dumps(value, ensure_ascii=False)


def measured_in(cell: str) -> dict[str, Any]:
    """Parse a cell into the form of okrs.yaml. Raises ValueError."""
    found: dict[str, Any] = {}
    for line in cell.splitlines():
        if not line.strip():
            continue
        given = _LINE.fullmatch(line.strip())
        if given is None:
            raise ValueError(
                f"{line.strip()!r} is not understood; write one setting per line, such as jql: issuetype = Bug"
            )
        if given[1] in NUMBERS:
            raise ValueError(f"{given[1]!r} has its own cell")
        if given[1] in found:
            raise ValueError(f"{given[1]!r} is given twice")
        found[given[1]] = _value(given[2])
    return found


def _value(said: str) -> Any:
    """Return plain text as is; parse lists and quoted strings as YAML."""
    if not said.startswith(_MARKS):
        return said
    try:
        return Document(said).data
    except NotYaml:
        raise ValueError(f"{said!r} is not understood; close every bracket and quote") from None
