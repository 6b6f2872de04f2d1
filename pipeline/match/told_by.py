"""What tells, beside its words, what a company's work is for: teams, else what it hangs on, else nothing."""

from enum import StrEnum

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from models import WorkItem
from pipeline.register.versions import current_register

HANGING, TITLES = 0.05, 0.9
"""Where fewer of the items than the first hang on another, and more than the second have a title and no text, it is a list of
titles."""


class ToldBy(StrEnum):
    """Teams that key results name differently; without them texts and links; without these titles alone."""

    TEAMS = "teams"
    TEXTS = "texts"
    TITLES = "titles"


def is_list(hanging: float, titles: float) -> bool:
    """Of parts of the items: which hang on another, and which have a title and no text."""
    return hanging < HANGING and titles > TITLES


def told_by(session: Session) -> ToldBy:
    """Of the work at hand, with the register as it is."""
    found = current_register(session)
    if found is None or found[1].teams_tell:
        return ToldBy.TEAMS
    empty = func.coalesce(WorkItem.text, "") == ""
    title = and_(func.coalesce(WorkItem.title, "") != "", empty, ~WorkItem.text_dropped)
    of = (func.count(), func.count(WorkItem.parent), func.count().filter(title))
    items, hanging, titles = session.execute(select(*of).select_from(WorkItem)).one()
    return ToldBy.TITLES if items and is_list(hanging / items, titles / items) else ToldBy.TEXTS
