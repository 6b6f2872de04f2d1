"""How many signals each source has brought: a figure of whoever left them, and so shown of enough people alone."""

from collections import defaultdict

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from models import Account, Signal
from pipeline.share.floor import enough


def volumes(session: Session, least: int) -> dict[str, int | None]:
    """Signals by source; None where fewer than `least` people have left all that somebody left there.

    An account of nobody known counts as a person of its own; bots count as nobody.
    """
    left = exists().where(Signal.account == Account.external_id, Signal.source == Account.source)
    people: dict[str, set[int | str]] = defaultdict(set)
    query = select(Account.source, Account.person_id, Account.external_id).where(Account.bot.is_(False), left)
    for source, person, account in session.execute(query):
        people[source].add(account if person is None else person)
    counts = session.execute(select(Signal.source, func.count()).group_by(Signal.source))
    return {source: count if enough(len(people[source]), least) else None for source, count in counts}
