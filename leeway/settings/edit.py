"""A section put into the text of a settings file, whose other lines stay as they are."""

import json
import re
from collections.abc import Mapping
from typing import Any


def with_section(text: str, section: str, values: Mapping[str, Any]) -> str:
    """The text with the section in it: in place of its commented example where there is one, else at the end.

    The example's lines for what is not given stay as remarks. The section must not be there yet.
    """
    lines = text.splitlines()
    live = [f"[{section}]", *(f"{name} = {_toml(value)}" for name, value in values.items())]
    if f"# [{section}]" not in lines:
        return "\n".join([*lines, *([""] if lines and lines[-1] else []), *live]) + "\n"
    start = lines.index(f"# [{section}]")
    stop = next((n for n in range(start + 1, len(lines)) if not re.match(r"# \w+ = ", lines[n])), len(lines))
    kept = [line for line in lines[start + 1 : stop] if line.split()[1] not in values]
    return "\n".join([*lines[:start], *live, *kept, *lines[stop:]]) + "\n"


def _toml(value: Any) -> str:
    """A text or a list of texts; those of JSON are also TOML's."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
