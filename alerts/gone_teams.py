"""Teams of the register that are gone: said once to ops, and here as long as the register lists them, since until then they are
waited for and what is seen of working days is less."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from alerts.sentences import fault_text
from models import Drift, Share
from pipeline.drift.turnover import GONE
from pipeline.register.document import Register


def gone_teams(session: Session, register: Register) -> Sequence[str]:
    """A sentence for each that has not come back."""
    listed = {team.key for team in register.teams}
    rows = session.scalars(select(Drift).where(Drift.kind == "data", Drift.subject == GONE).order_by(Drift.start))
    newest = {row.scope: row for row in rows if row.scope in listed}
    weeks = dict(
        session.execute(
            select(Share.scope, func.max(Share.week)).where(Share.scope.in_(newest)).group_by(Share.scope)
        ).all()
    )
    return [
        fault_text(row, register) for scope, row in newest.items() if scope not in weeks or weeks[scope] < row.start
    ]
