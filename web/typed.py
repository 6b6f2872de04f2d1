"""What somebody typed into a form that could not be kept, to be given back on the page that says so.

A session ends in another tab, or overnight, and no browser keeps what stood in the form of a page that it must not store.
"""

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from alerts.words import sentence

_OURS = {"csrf", "nonce", "version", "sure", "under", "seen", "take", "back", "answer", "key_result", "other", "value"}
"""Fields that nobody types."""
_LONGEST = 20_000


async def typed_in(request: Request) -> list[tuple[str, str]]:
    """Name and text of what was typed; nothing where another site sent the form."""
    form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    here = request.headers.get("sec-fetch-site", "same-origin") == "same-origin"
    if request.method != "POST" or not form or not here:
        return []
    try:
        given = (await request.form()).multi_items()
    except (HTTPException, RuntimeError, ClientDisconnect):  # cannot be read, was read by somebody else, or half came
        return []
    found = [(name, value) for name, value in given if not isinstance(value, UploadFile) and value.strip()]
    return [(sentence(name)[:100], value[:_LONGEST]) for name, value in found if name not in _OURS]
