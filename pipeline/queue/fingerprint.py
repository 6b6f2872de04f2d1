"""Fingerprints of what a stage's results depend on apart from the data: when one changes, all results are computed again."""

from sqlalchemy import delete
from sqlalchemy.orm import Session
from sqlalchemy.orm.util import identity_key

from models import Fingerprint, upsert


def differs(session: Session, stage: str, digest: str) -> bool:
    """Return True if a stage's results depend on something else, or there are none."""
    kept = session.get(Fingerprint, stage)
    return kept is None or kept.digest != digest


def keep(session: Session, stage: str, digest: str, items: int = 0) -> None:
    """Store the fingerprint and the number of results. Another process may store the same at the same time."""
    seen = session.identity_map.get(identity_key(Fingerprint, stage))
    upsert(session, Fingerprint, [{"stage": stage, "digest": digest, "items": items}], ("stage",))
    if seen is not None:
        session.expire(seen)


def forget(session: Session, stage: str) -> None:
    """Have all results of the stage computed again."""
    session.execute(delete(Fingerprint).where(Fingerprint.stage == stage))


def size(session: Session, stage: str) -> int:
    """Return how many results there were when all of them were computed."""
    kept = session.get(Fingerprint, stage)
    return kept.items if kept else 0
