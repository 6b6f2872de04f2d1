"""Measure every key result that has a metric and every objective's outcome, once a day; a failure is stored with its reason and
does not stop the others."""

import hashlib
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from connectors.base import SourceError
from connectors.metrics import Measuring
from connectors.registry import all_traits
from models import Measurement, upsert
from pipeline.progress.cannot import CannotMeasure, check_scale
from pipeline.progress.csv_number import csv_number
from pipeline.progress.sql_number import sql_number
from pipeline.register.document import Register
from pipeline.register.metric import Metric

log = structlog.get_logger()
CHECKIN = "checkin"


@dataclass(frozen=True, slots=True)
class Means:
    """What may be queried: sources and database addresses by name, hosts of CSV files, and a time limit in seconds. `held` raises
    SourceError for a source that belongs to another account."""

    sources: Mapping[str, Any] = field(default_factory=dict)
    databases: Mapping[str, str] = field(default_factory=dict)
    hosts: Collection[str] = ()
    seconds: float = 10.0
    held: Callable[[Any], None] = lambda _: None


def binding_of(metric: Metric) -> str:
    """Return a hash of how a number is measured; check-ins are one series whatever their value."""
    binding = {CHECKIN: True} if CHECKIN in metric.binding else metric.binding
    return hashlib.sha256(json.dumps(binding, sort_keys=True, default=str).encode()).hexdigest()


def measure_due(
    sessions: sessionmaker[Session], register: Register, today: date, means: Means, *, again: bool = False
) -> dict[str, int]:
    """Measure everything not yet attempted today (with `again`, everything), up to the period's last day; return the numbers
    `measured` and `failed`."""
    counts = {"measured": 0, "failed": 0}
    if today > register.period.end:
        return counts
    for one in register.measured():
        metric = one.metric
        if metric is None or CHECKIN in metric.binding:
            continue
        binding = binding_of(metric)
        with sessions() as session:
            if not again and _tried(session, one.key, binding, today):
                continue
        value, fault = _attempt(one.key, metric, means)  # outside a transaction: it may take long
        with sessions.begin() as session:
            keep(session, one.key, binding, today, value, fault=fault)
        counts["failed" if fault else "measured"] += 1
    return counts


def keep(
    session: Session, key_result: str, binding: str, day: date, value: float | None, *, fault: str = "", note: str = ""
) -> None:
    """Store one number per day; a later one of the same day replaces the earlier."""
    row = {
        "key_result": key_result,
        "binding": binding,
        "day": day,
        "value": value,
        "fault": fault,
        "note": note,
        "at": datetime.now(UTC),
    }
    upsert(session, Measurement, [row], ("key_result", "binding", "day"))


def _tried(session: Session, key: str, binding: str, day: date) -> bool:
    query = select(Measurement.id).where(
        Measurement.key_result == key, Measurement.binding == binding, Measurement.day == day
    )
    return session.scalar(query.limit(1)) is not None


def _attempt(key: str, metric: Metric, means: Means) -> tuple[float | None, str]:
    try:
        value = measure(metric, means)
        check_scale(metric, value)
        return value, ""
    except (SourceError, CannotMeasure) as error:
        return None, str(error)
    except Exception as error:  # must not stop the other metrics; the message may contain secrets
        log.error("a metric failed", key_result=key, reason=type(error).__name__)
        return None, f"an unexpected {type(error).__name__}; the log has more."


def measure(metric: Metric, means: Means) -> float:
    """Measure a metric now. Raises CannotMeasure or SourceError."""
    binding = metric.binding
    if "sql" in binding:
        address = means.databases.get(str(binding["database"]))
        if address is None:
            raise CannotMeasure(f"there is no database {binding['database']!r} in metrics.databases of leeway.toml.")
        return sql_number(address, str(binding["sql"]), means.seconds)
    if "csv" in binding:
        return csv_number(binding, means.hosts, means.seconds)
    for traits in all_traits().values():
        if traits.metrics is not None and traits.metrics.word in binding:
            source = means.sources.get(traits.source)
            if not isinstance(source, Measuring):
                raise CannotMeasure(f"{traits.label} is not configured. Add [{traits.source}] to leeway.toml.")
            means.held(source)
            return source.measure(binding)
    raise CannotMeasure("nothing that Leeway knows measures it.")
