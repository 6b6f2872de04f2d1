"""What the stages know about sources: not their names but their traits, which each connector declares."""

from sqlalchemy import ColumnElement, and_, false, or_

from connectors.base import Words
from connectors.registry import all_traits, traits_of
from models import WorkItem


def is_evidence(source: str, kind: str) -> bool:
    """Return True if an item of this kind is evidence for the item that it names, not a second piece of work."""
    return kind in traits_of(source).evidence


def is_container(source: str, kind: str) -> bool:
    """Return True if items of this kind hold others and are not worked on themselves."""
    return kind in traits_of(source).containers


def evidence_rows() -> ColumnElement[bool]:
    """SQL condition: the work item is evidence for what it names."""
    pairs = [(one.source, one.evidence) for one in all_traits().values() if one.evidence]
    return or_(false(), *(and_(WorkItem.source == source, WorkItem.kind.in_(sorted(kinds))) for source, kinds in pairs))


def said_by_item(source: str) -> bool:
    """Return True if an item's own text says what it is about, rather than its signals."""
    return traits_of(source).words != Words.SIGNALS


def said_by_signals(source: str) -> bool:
    """Return True if the texts of an item's signals say what it is about, and do not just answer its title."""
    return traits_of(source).words != Words.ITEM


def about_customers(source: str) -> bool:
    """Return True if the source's items are about customers."""
    return traits_of(source).customers
