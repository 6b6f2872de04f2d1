"""What counts as a large company, in which the cost of a cycle must depend on what is new, and how many labels it has."""

import math

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models import Label, WorkItem
from models.vocabulary import AUDIT, WITH_STREAM

LARGE = 12_000
"""Up to this many work items, everything is reconsidered in each cycle."""
STEP, GROWTH = 10, 1.1
"""Number and growth of labels after which a large company applies them to other items."""


def is_large(session: Session) -> bool:
    """Return True if there are more than LARGE work items."""
    return (session.scalar(select(func.count()).select_from(WorkItem)) or 0) > LARGE


def taught(session: Session) -> tuple[object, ...]:
    """Return a value that changes when a large company has enough new labels to match everything again: ten, or a tenth more. A
    label takes effect on its own item, and what follows that, immediately."""
    labels = session.scalar(select(func.count()).where(Label.origin.not_in((AUDIT, WITH_STREAM)))) or 0
    return (int(math.log1p(labels / (STEP / (GROWTH - 1))) / math.log(GROWTH) + 1e-9),)
