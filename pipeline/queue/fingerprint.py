"""What a stage's results rest on beside the data, as a digest: where it differs, all of them are made again."""

from sqlalchemy import delete
from sqlalchemy.orm import Session

from models import Fingerprint


def differs(session: Session, stage: str, digest: str) -> bool:
    """Whether the results of a stage rest on something else than this, or there are none."""
    kept = session.get(Fingerprint, stage)
    return kept is None or kept.digest != digest


def keep(session: Session, stage: str, digest: str, items: int = 0) -> None:
    """From now on the results rest on this; `items` is how many there were."""
    session.merge(Fingerprint(stage=stage, digest=digest, items=items))


def forget(session: Session, stage: str) -> None:
    """All results of the stage are made again."""
    session.execute(delete(Fingerprint).where(Fingerprint.stage == stage))


def size(session: Session, stage: str) -> int:
    """How many results there were when all of them were made."""
    kept = session.get(Fingerprint, stage)
    return kept.items if kept else 0
