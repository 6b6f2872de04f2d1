"""What shows, apart from its words, what a company's work is for: teams, else links between items, else nothing."""

from enum import StrEnum

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from models import WorkItem
from pipeline.register.versions import current_register

HANGING, TITLES = 0.05, 0.9
"""Work is a bare list of titles if a smaller proportion of items than the first has a parent, and a larger one than the second
has a title but no text."""


class ToldBy(StrEnum):
    """TEAMS: key results name different teams. TEXTS: no such teams, but texts and links. TITLES: nothing but titles."""

    TEAMS = "teams"
    TEXTS = "texts"
    TITLES = "titles"


def is_list(hanging: float, titles: float) -> bool:
    """Return True for a bare list of titles, given the proportions of items with a parent, and with a title but no text."""
    return hanging < HANGING and titles > TITLES


def told_by(session: Session) -> ToldBy:
    """Classify the stored work under the current register."""
    found = current_register(session)
    if found is None or found[1].teams_tell:
        return ToldBy.TEAMS
    empty = func.coalesce(WorkItem.text, "") == ""
    title = and_(func.coalesce(WorkItem.title, "") != "", empty, ~WorkItem.text_dropped)
    of = (func.count(), func.count(WorkItem.parent), func.count().filter(title))
    items, hanging, titles = session.execute(select(*of).select_from(WorkItem)).one()
    return ToldBy.TITLES if items and is_list(hanging / items, titles / items) else ToldBy.TEXTS
