"""Issues as Jira's search answers them."""

from typing import Any


def issue(id_: str = "7", **fields: Any) -> dict[str, Any]:
    """One story with these fields beside those that every issue has, and with the histories given as `changelog`."""
    changelog = fields.pop("changelog", [])
    return {
        "id": id_,
        "key": f"A-{id_}",
        "changelog": {"histories": changelog},
        "fields": {
            "summary": "s",
            "issuetype": {"name": "Story"},
            "project": {"key": "A"},
            "status": {"id": "3", "name": "Doing"},
            "created": "2026-07-01T10:00:00.000+0000",
            "updated": "2026-07-02T10:00:00.000+0000",
            **fields,
        },
    }
