"""The open findings as `leeway status` shows them: what each is about, whether people were told, and why not."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from alerts.figures import scope_name
from alerts.waiting import named_in, open_alert
from alerts.words import fraction, shortened
from leeway.app import App
from leeway.channels import channels
from leeway.notify import reasons
from models import OPEN_STATES, Drift, Notification
from models.vocabulary import COMPANY
from pipeline.register.gone import told_in
from pipeline.register.versions import current_register


def open_findings(app: App, session: Session) -> list[dict[str, Any]]:
    """The open findings, whether people were notified, and why not."""
    company = open_alert(session, COMPANY)
    told = set(session.scalars(select(Notification.drift_id).where(Notification.sent_at.is_not(None))))
    given, (_, register) = channels(app), current_register(session) or (0, None)
    rows = session.scalars(select(Drift).where(Drift.state.in_(OPEN_STATES))).all()
    titles = {one.key: one.title for one in told_in(session, register, *rows).objectives} if register else {}
    return [
        {
            "kind": d.kind,
            "scope": d.scope,
            "scope_name": scope_name(register, d.scope) if register else d.scope,
            "subject": d.subject,
            "title": shortened(titles.get(d.subject, "")),
            "state": d.state,
            "severity": d.severity,
            "since": d.start,
            "before": fraction(d.before),
            "after": fraction(d.after),
            "told": d.id in told or (company is not None and company.id in told and named_in(company, d)),
            "untold": reasons(app, session, d, given),
        }
        for d in rows
    ]
