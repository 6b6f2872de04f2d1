"""The JSON form of what commands print for machines."""

import json
from datetime import date
from typing import Any


def json_text(found: Any) -> str:
    """Return what a command prints with --json: text as it is, dates and times in ISO 8601."""
    return json.dumps(found, indent=1, ensure_ascii=False, default=_plain) + "\n"


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)
