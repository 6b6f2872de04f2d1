"""The database schema: SQLAlchemy tables and sessions. Imports nothing else of this project."""

from models.asking import Ask, Confidence
from models.base import Base
from models.diagnosis import Diagnosis, Judged
from models.drift import NOTED, OPEN_STATES, Drift, Notification, Theme, Walked
from models.effort import Capacity, Effort, InProgress
from models.feedback import Decision, Label, Question, ThemeAnswer
from models.ingest import ALL_OF_IT, Failure, FormerKey, Signal, StreamCursor, Tenant, WorkItem
from models.interview import InterviewAnswer, InterviewResult, InterviewRound
from models.judge import JudgeAnswer, JudgeDay, JudgeState, StreamJudged
from models.match import Match, Vector
from models.measurement import Measurement
from models.operations import DeadTask, Digest, Installed, OptOut, Secret, Tally, UsedLink
from models.people import Account, Forgotten, Membership, Person
from models.queue import Chunk, Cycle, Fingerprint, Lease
from models.register import GoalChoice, GoalLook, KeyResult, Objective, RegisterVersion, Team
from models.server import may_only_be_read, order_moved
from models.session import connect, upsert, without_password
from models.share import AuditDraw, DayWork, Share, UsualShare
from models.stream import Stream, StreamItem

__all__ = [
    "ALL_OF_IT",
    "NOTED",
    "OPEN_STATES",
    "Account",
    "Ask",
    "AuditDraw",
    "Base",
    "Capacity",
    "Chunk",
    "Confidence",
    "Cycle",
    "DayWork",
    "DeadTask",
    "Decision",
    "Diagnosis",
    "Digest",
    "Drift",
    "Effort",
    "Failure",
    "Fingerprint",
    "Forgotten",
    "FormerKey",
    "GoalChoice",
    "GoalLook",
    "InProgress",
    "Installed",
    "InterviewAnswer",
    "InterviewResult",
    "InterviewRound",
    "JudgeAnswer",
    "JudgeDay",
    "JudgeState",
    "Judged",
    "KeyResult",
    "Label",
    "Lease",
    "Match",
    "Measurement",
    "Membership",
    "Notification",
    "Objective",
    "OptOut",
    "Person",
    "Question",
    "RegisterVersion",
    "Secret",
    "Share",
    "Signal",
    "Stream",
    "StreamCursor",
    "StreamItem",
    "StreamJudged",
    "Tally",
    "Team",
    "Tenant",
    "Theme",
    "ThemeAnswer",
    "UsedLink",
    "UsualShare",
    "Vector",
    "Walked",
    "WorkItem",
    "connect",
    "may_only_be_read",
    "order_moved",
    "upsert",
    "without_password",
]
