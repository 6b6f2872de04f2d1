"""What a stage rests on is kept by two processes at once."""

from sqlalchemy.orm import Session, sessionmaker

from models import Fingerprint
from pipeline.queue import fingerprint


def test_two_processes_that_keep_the_same_at_once_disturb_nobody(sessions: sessionmaker[Session]) -> None:
    with sessions() as one:
        assert fingerprint.differs(one, "match", "a")  # it looked before the other one was there
        one.commit()
        with sessions.begin() as other:
            fingerprint.keep(other, "match", "a", 3)
        one.add(Fingerprint(stage="other", digest="x"))
        fingerprint.keep(one, "match", "a", 3)
        one.commit()
        assert not fingerprint.differs(one, "match", "a")
        fingerprint.keep(one, "match", "b", 4)
        assert fingerprint.differs(one, "match", "a")
        assert fingerprint.size(one, "match") == 4
