"""The traces that people leave on work items, as the effort model sees them."""

from enum import StrEnum


class Trace(StrEnum):
    """A trace on an item. `MENTION` is a message elsewhere that names it; `MOVED` is a change of state that neither starts nor
    finishes it."""

    STARTED = "started"
    FINISHED = "finished"
    MOVED = "moved"
    ASSIGNED = "assigned"
    CREATED = "created"
    EDITED = "edited"
    COMMENT = "comment"
    MENTION = "mention"
    MESSAGE = "message"
    EMAIL = "email"
    NOTE = "note"
    TASK = "task"
    STAGE = "stage"
    CALL = "call"
    MEETING = "meeting"
    WORKLOG = "worklog"
    COMMIT = "commit"
    REVIEW = "review"


NUMBER = {trace: n for n, trace in enumerate(Trace)}
"""Column of each trace."""
