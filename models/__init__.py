"""What we keep: SQLAlchemy tables and the session. Knows nothing else of ours."""

from models.base import Base
from models.session import connect, upsert, without_password
from models.tables import (
    NOTED,
    OPEN_STATES,
    Account,
    AuditDraw,
    Capacity,
    Cycle,
    Decision,
    Digest,
    Drift,
    Effort,
    Failure,
    Forgotten,
    KeyResult,
    Label,
    Lease,
    Match,
    Objective,
    Person,
    Question,
    RegisterVersion,
    Secret,
    Share,
    Signal,
    StreamCursor,
    Team,
    Theme,
    ThemeAnswer,
    UsedLink,
    Vector,
    WorkItem,
)

__all__ = [
    "NOTED", "OPEN_STATES", "Account", "AuditDraw", "Base", "Capacity", "Cycle", "Decision", "Digest", "Drift", "Effort",
    "Failure", "Forgotten", "KeyResult", "Label", "Lease", "Match", "Objective", "Person", "Question", "RegisterVersion",
    "Secret", "Share", "Signal", "StreamCursor", "Team", "Theme", "ThemeAnswer", "UsedLink", "Vector", "WorkItem", "connect",
    "upsert", "without_password",
]  # fmt: skip
