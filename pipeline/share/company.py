"""Estimate how much of a change this company's measurement keeps, from the prior over companies and its own people's answers."""

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
"""Audited items of each kind needed to estimate the fraction that is kept."""
HEAVIEST = 2_000
"""Number of items, by effort, from which the match's confidence in this company is computed."""
LOOKED_BACK = timedelta(weeks=26)


def company_dilution(session: Session, register: Register) -> Dilution:
    """Return the dilution of the top priorities' share."""
    prior = company_prior()
    known = max(_known_part(session, register), 1 - prior.left(answers(session, register)))
    return prior.believing(_implied(session, register)).dilution(known, _audited(session, register))


def answers(session: Session, register: Register) -> int:
    """Count the answers under the present plan that the match learns from: not those of the audit. A stream counts once."""
    asked = Label.origin.not_in((AUDIT, WITH_STREAM)) & holds(session, register)
    return session.scalar(select(func.count()).select_from(Label).where(asked)) or 0


def _known_part(session: Session, register: Register) -> float:
    """Return the proportion of the last half year's effort that went to labelled items."""
    last = session.scalar(select(func.max(Effort.day)))
    if last is None:
        return 0.0
    days = select(func.sum(Effort.person_days)).where(Effort.day > last - LOOKED_BACK)
    whole = session.scalar(days) or 0.0
    said = select(Label.work_item_id).where(holds(session, register))
    labelled = session.scalar(days.where(Effort.work_item_id.in_(said))) or 0.0
    return min(1.0, labelled / whole) if whole > 0 else 0.0


def _implied(session: Session, register: Register) -> float | None:
    """Return the fraction of a change that the match keeps if its probabilities p of serving a top priority are calibrated.

    That is the mean of p over work on top priorities minus its mean over other work: Var(p) / (E(p) (1 - E(p))), weighted by
    effort. Probabilities near 50 % keep little of a change, certain ones all of it.
    """
    last = session.scalar(select(func.max(Effort.day)))
    if last is None:
        return None
    of, top = register.objective_of(), register.top()
    spent = func.sum(Effort.person_days)
    # Group before joining: PostgreSQL cannot group by a JSON column.
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
    """Estimate the same from the audit: mean belief in the top priorities for work that truly serves them, minus that for other
    work, with its variance.

    This difference is the factor by which a change in the true share moves the believed one.
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
