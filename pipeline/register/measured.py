"""What a key result, or an objective's outcome, is measured by, in one cell: a word a line, as `jql: issuetype = Bug`."""

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
    """The cell of a metric; its start, target and unit have cells of their own."""
    return "\n".join(f"{word}: {_said(value)}" for word, value in metric.items() if word not in NUMBERS)


def _said(value: Any) -> str:
    plain = isinstance(value, str) and value == " ".join(value.split()) and not value.startswith(_MARKS)
    return str(value) if plain else json.dumps(value, ensure_ascii=False)


def measured_in(cell: str) -> dict[str, Any]:
    """What a cell says, as okrs.yaml holds it. Raises ValueError where it cannot be read."""
    found: dict[str, Any] = {}
    for line in cell.splitlines():
        if not line.strip():
            continue
        given = _LINE.fullmatch(line.strip())
        if given is None:
            raise ValueError(f"{line.strip()!r} is not understood; write a word a line, such as jql: issuetype = Bug")
        if given[1] in NUMBERS:
            raise ValueError(f"{given[1]!r} has a place of its own")
        if given[1] in found:
            raise ValueError(f"{given[1]!r} is there twice")
        found[given[1]] = _value(given[2])
    return found


def _value(said: str) -> Any:
    """A text as it stands; a list, or what stands in quotes, as YAML has it."""
    if not said.startswith(_MARKS):
        return said
    try:
        return Document(said).data
    except NotYaml:
        raise ValueError(f"{said!r} is not understood; close what is opened in it") from None
