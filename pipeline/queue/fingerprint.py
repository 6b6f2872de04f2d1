"""What a stage's results rest on beside the data, as a digest: where it differs, all of them are made again."""

from sqlalchemy import delete
from sqlalchemy.orm import Session
from sqlalchemy.orm.util import identity_key

from models import Fingerprint, upsert


def differs(session: Session, stage: str, digest: str) -> bool:
    """Whether the results of a stage rest on something else than this, or there are none."""
    kept = session.get(Fingerprint, stage)
    return kept is None or kept.digest != digest


def keep(session: Session, stage: str, digest: str, items: int = 0) -> None:
    """From now on the results rest on this; `items` is how many there were. Another process may say the same just now."""
    seen = session.identity_map.get(identity_key(Fingerprint, stage))
    upsert(session, Fingerprint, [{"stage": stage, "digest": digest, "items": items}], ("stage",))
    if seen is not None:
        session.expire(seen)


def forget(session: Session, stage: str) -> None:
    """All results of the stage are made again."""
    session.execute(delete(Fingerprint).where(Fingerprint.stage == stage))


def size(session: Session, stage: str) -> int:
    """How many results there were when all of them were made."""
    kept = session.get(Fingerprint, stage)
    return kept.items if kept else 0
