"""Storage of answers until the round closes: encrypted with a key of the round, under a keyed hash of the person."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime

from cryptography.fernet import Fernet
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from models import InterviewAnswer, Secret, upsert

MOST_LINES, LONGEST_LINE = 5, 300
_BULLET = re.compile(r"^(?:[-*•·–](?!\d)\s*|\d{1,2}[.)] )+")
LEADERSHIP, LEADS = "leadership", "leads"


@dataclass(frozen=True, slots=True)
class Answer:
    """What one person named, one item per line: priorities, what should stop or wait, what delivery depends on."""

    priorities: tuple[str, ...] = ()
    stops: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()

    @classmethod
    def of(cls, texts: Mapping[str, str]) -> "Answer":
        """Parse multi-line fields, at most MOST_LINES each."""
        return cls(**{one.name: tuple(lines(texts.get(one.name, ""))[:MOST_LINES]) for one in fields(cls)})

    def __bool__(self) -> bool:
        return bool(self.priorities or self.stops or self.dependencies)


def lines(text: str) -> list[str]:
    """Return the lines of a field without bullets, list numbers and wordless lines; numbers that are meant stay."""
    found = [_BULLET.sub("", " ".join(line.split()))[:LONGEST_LINE] for line in text.splitlines()]
    return [line for line in found if any(c.isalpha() for c in line)]


def key_of(round_: str) -> str:
    """Return the name of the key that encrypts a round's answers."""
    return f"interview {round_}"


def _box(key: str) -> Fernet:
    return Fernet(key.ljust(-(-len(key) // 4) * 4, "="))


def keep(session: Session, round_: str, who: str, about: str, key: str, answer: Answer, at: datetime) -> None:
    """Encrypt and store an answer; a later one replaces it."""
    sealed = _box(key).encrypt(json.dumps(asdict(answer)).encode()).decode()
    row = {"round": round_, "by": who, "about": about, "sealed": sealed, "at": at}
    upsert(session, InterviewAnswer, [row], ("round", "by"))


def opened(session: Session, round_: str, about: str) -> dict[str, Answer]:
    """Decrypt a group's answers by person, for the one moment when the results are computed."""
    secret = session.get(Secret, key_of(round_))
    if secret is None:
        return {}
    box, found = _box(secret.value), {}
    query = select(InterviewAnswer).where(InterviewAnswer.round == round_, InterviewAnswer.about == about)
    for row in session.scalars(query):
        said: dict[str, Sequence[str]] = json.loads(box.decrypt(row.sealed.encode()))
        found[row.by] = Answer(**{name: tuple(lines) for name, lines in said.items()})
    return found


def destroy(session: Session, round_: str) -> None:
    """Delete a round's answers and their encryption key."""
    session.execute(delete(InterviewAnswer).where(InterviewAnswer.round == round_))
    session.execute(delete(Secret).where(Secret.name == key_of(round_)))
