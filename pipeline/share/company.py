"""How much of a change this company's reading keeps: the prior over companies, and what its own people answered."""

from collections.abc import Mapping
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models import Effort, Label, Match
from models.vocabulary import AUDIT, WITH_STREAM
from pipeline.register.answered import holds
from pipeline.register.document import Register
from pipeline.share.dilution import Dilution
from pipeline.share.prior import company_prior

LEAST = 6
"""Audited items of each kind below which they tell nothing of the part that is kept."""
HEAVIEST = 2_000
"""Items with the most effort, which tell how sure the match is here."""
LOOKED_BACK = timedelta(weeks=26)


def company_dilution(session: Session, register: Register) -> Dilution:
    """Of the shares of the top priorities."""
    prior = company_prior()
    known = max(_known_part(session, register), 1 - prior.left(answers(session, register)))
    return prior.believing(_implied(session, register)).dilution(known, _audited(session, register))


def answers(session: Session, register: Register) -> int:
    """How many items people answered about, as the plan is now; the audit's left out, which teach nothing. A stream is one."""
    asked = Label.origin.not_in((AUDIT, WITH_STREAM)) & holds(session, register)
    return session.scalar(select(func.count()).select_from(Label).where(asked)) or 0


def _known_part(session: Session, register: Register) -> float:
    """Part of the last half year's effort on items that somebody labelled."""
    last = session.scalar(select(func.max(Effort.day)))
    if last is None:
        return 0.0
    days = select(func.sum(Effort.person_days)).where(Effort.day > last - LOOKED_BACK)
    whole = session.scalar(days) or 0.0
    said = select(Label.work_item_id).where(holds(session, register))
    labelled = session.scalar(days.where(Effort.work_item_id.in_(said))) or 0.0
    return min(1.0, labelled / whole) if whole > 0 else 0.0


def _implied(session: Session, register: Register) -> float | None:
    """Which part of a change the match itself thinks it keeps: were its probabilities p right, belief in work on the top less
    that in other work
    is Var(p) / (E(p) (1 - E(p))), over effort. What is believed to 50 % keeps little, what is sure keeps all."""
    last = session.scalar(select(func.max(Effort.day)))
    if last is None:
        return None
    of, top = register.objective_of(), register.top()
    spent = func.sum(Effort.person_days)
    # Grouped before it is joined: PostgreSQL cannot group by a JSON column.
    heaviest = (
        select(Effort.work_item_id, spent.label("days"))
        .where(Effort.day > last - LOOKED_BACK)
        .group_by(Effort.work_item_id)
        .order_by(func.round(spent * 1_000_000).desc(), Effort.work_item_id)
        .limit(HEAVIEST)
        .subquery()
    )
    query = select(heaviest.c.days, Match.probabilities).join(Match, Match.work_item_id == heaviest.c.work_item_id)
    days, believed = [], []
    for amount, probabilities in session.execute(query.order_by(Match.work_item_id)):
        days.append(amount)
        believed.append(sum(p for name, p in (probabilities or {}).items() if of.get(name) in top))
    if sum(days) <= 0:
        return None
    mean = float(np.average(believed, weights=days))
    variance = float(np.average((np.array(believed) - mean) ** 2, weights=days))
    return variance / (mean * (1 - mean)) if 0.02 < mean < 0.98 else None


def _audited(session: Session, register: Register) -> tuple[float, float] | None:
    """From the audit's answers: belief in the top priorities on work that truly serves them, less that on other work, with its
    variance.

    That difference is what a change of the true share moves the believed one by.
    """
    of, top = register.objective_of(), register.top()
    query = select(Label.key_result, Match.probabilities).join(Match, Match.work_item_id == Label.work_item_id)
    believed: Mapping[bool, list[float]] = {True: [], False: []}
    for key, probabilities in session.execute(query.where(Label.origin == AUDIT)):
        if key is None or key in of:
            served = key is not None and of[key] in top
            believed[served].append(sum(p for name, p in (probabilities or {}).items() if of.get(name) in top))
    if min(len(found) for found in believed.values()) < LEAST:
        return None
    mean, variance = zip(*(_mean(np.array(found)) for found in believed.values()), strict=True)
    return mean[0] - mean[1], sum(variance)


def _mean(values: NDArray[np.float64]) -> tuple[float, float]:
    return float(values.mean()), float(values.var(ddof=1)) / len(values)
