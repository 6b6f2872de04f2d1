"""Which site, workspace or account each source is, and switching to another one."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select

from alerts.words import amount
from connectors.base import Connector
from connectors.tenant import Tenant
from leeway.app import App, NotReady
from leeway.errors import expected
from leeway.named import configured
from leeway.volume import volumes
from models import Label, WorkItem
from models import Tenant as Kept
from pipeline.ingest.tenants import (
    OtherTenant,
    compared,
    keep_tenant,
    refused_tenant,
    remove_all,
)
from pipeline.queue import lease


def tenants_of(app: App) -> Iterator[dict[str, Any]]:
    """Of each source that was read: its tenant, since when, how many signals (None where too few people left them), and what is
    refused."""
    with app.sessions() as session:
        counts = volumes(session, app.settings.drift.least_people)
        for one in session.scalars(select(Kept).order_by(Kept.source)):
            yield {
                "source": one.source,
                "tenant": one.label,
                "since": one.since,
                "signals": counts.get(one.source, 0),
                "refused": one.refused,
            }


def other_tenant(app: App, connector: Connector) -> tuple[str, OtherTenant | None] | None:
    """Where the settings lead, with the error where that is another one than was read so far; None where the source does not say.
    Raises SourceError."""
    now, kept, is_same = compared(connector, app.sessions)
    if now is None:
        return None
    if kept is None or is_same:
        return now.label, None
    return now.label, OtherTenant(connector.name, kept.label, kept.since, now.label)


def accept(app: App, source: str) -> str:
    """Take where the settings lead for the same one: what is kept stays, and its cursors go on. Raises NotReady, SourceError."""
    with lease.hold(app.sessions, f"pull {source}") as mine:
        kept, now = _both(app, source, mine)
        keep_tenant(app.sessions, source, now, Kept(source=source, external_id="", since=kept.since))
    _pull_soon(app, source)
    return f"{source} is now {now.label}; what came from {kept.label} stays, and the next pull continues."


def replace(app: App, source: str, agree: Callable[[str], None]) -> str:
    """Remove what the former one brought and go over to where the settings lead; `agree` is asked before with what goes.
    Raises NotReady, SourceError."""
    with lease.hold(app.sessions, f"pull {source}") as mine:
        kept, now = _both(app, source, mine)
        with app.sessions() as session:
            here = WorkItem.source == source
            items = session.scalar(select(func.count()).select_from(WorkItem).where(here)) or 0
            answers = session.scalar(select(func.count()).select_from(Label).join(WorkItem).where(here)) or 0
        agree(
            f"Remove {amount(items, 'work item')} of {kept.label}, with {amount(answers, 'answer')} about them, and read "
            f"{now.label}"
        )
        removed = remove_all(source, app.sessions)
        keep_tenant(app.sessions, source, now)
    _pull_soon(app, source)
    gone = f"What came from {kept.label} was removed ({removed:,} items and signals)"
    return f"{gone}; the next pull reads {now.label} from the beginning."


def refused(app: App, source: str) -> OtherTenant | None:
    """What the last pull of a source refused; None where the database cannot be asked, which is said elsewhere."""
    try:
        with app.sessions() as session:
            return refused_tenant(session, source)
    except Exception as error:
        if expected(error) is None:
            raise
        return None


def _both(app: App, source: str, mine: bool) -> tuple[Kept, Tenant]:
    """What is kept and where the settings lead, where these are two."""
    connector = configured(app, source)
    if not mine:
        raise NotReady(f"{source} is being pulled by another process. Run it again in a minute.")
    now, kept, is_same = compared(connector, app.sessions)
    if now is None or kept is None or is_same:
        raise NotReady(f"{source} is {now.label if now else 'read'} as before; there is nothing to decide.")
    return kept, now


def _pull_soon(app: App, source: str) -> None:
    """Workers pull it when they are woken next, and do not wait for its turn."""
    lease.not_before(app.sessions, f"next pull {source}", datetime.now(UTC))


def said(app: App, connector: Connector) -> tuple[bool, str, str] | None:
    """Whether a source is the one that was read, what it is, and what to do; None where that cannot be said now."""
    try:
        found = other_tenant(app, connector)
    except Exception as failed:
        if expected(failed) is None:
            raise
        return None  # said by a row of its own
    if found is None:
        return None
    label, other = found
    return (True, label, "") if other is None else (False, other.message, other.fix)
