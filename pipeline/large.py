"""What a large company is, in which a cycle must cost what is new, and what it has been taught."""

import math

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models import Label, WorkItem
from models.vocabulary import AUDIT, WITH_STREAM

LARGE = 12_000
"""Work items up to which everything is looked at in each cycle."""
STEP, GROWTH = 10, 1.1
"""Number and growth of labels from which a large company learns of them what they teach about other items."""


def is_large(session: Session) -> bool:
    """Whether there are more work items than that."""
    return (session.scalar(select(func.count()).select_from(WorkItem)) or 0) > LARGE


def taught(session: Session) -> tuple[object, ...]:
    """What differs where a large company has been taught enough that all of it is looked at again: ten more labels, or a tenth
    more. A label holds for its own item, and what follows that, at once."""
    labels = session.scalar(select(func.count()).where(Label.origin.not_in((AUDIT, WITH_STREAM)))) or 0
    return (int(math.log1p(labels / (STEP / (GROWTH - 1))) / math.log(GROWTH) + 1e-9),)
