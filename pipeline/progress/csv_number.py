"""Read one number from a CSV: a local file, or a URL whose host is listed."""

import csv
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from connectors.network import trusted, why
from connectors.sheet import lacking, reader, separator
from pipeline.files import InputError, decode
from pipeline.progress.cannot import CannotMeasure, number_of
from pipeline.register.figures import figure_among

MOST_BYTES = 5_000_000


def csv_number(metric: Mapping[str, Any], hosts: Collection[str], seconds: float) -> float:
    """Return the number in the configured column and row. Raises CannotMeasure."""
    place = str(metric["csv"])
    raw = _asked(place, hosts, seconds) if "://" in place else _file(place)
    try:
        text = decode(raw, _name(place))
    except InputError as error:
        raise CannotMeasure(str(error)) from None
    return _number(text, str(metric["column"]), metric.get("row") or "last", _name(place))


def _name(place: str) -> str:
    """Return the place without a URL's query, which may contain secrets."""
    if "://" not in place:
        return place
    parts = urlsplit(place)
    return f"{parts.scheme}://{parts.hostname}{parts.path}"


def _file(place: str) -> bytes:
    path = Path(place).expanduser()
    try:
        with path.open("rb") as file:
            return _short(file.read(MOST_BYTES + 1), place)
    except FileNotFoundError:
        raise CannotMeasure(f"{place} does not exist.") from None
    except OSError as error:
        raise CannotMeasure(f"{place} cannot be read: {error.strerror}.") from None


def _asked(place: str, hosts: Collection[str], seconds: float) -> bytes:
    """Fetch a URL; only listed hosts are contacted, and redirects are not followed."""
    parts = urlsplit(place)
    if parts.scheme not in ("http", "https") or (parts.hostname or "") not in {host.lower() for host in hosts}:
        raise CannotMeasure(f"{parts.hostname or place} is not allowed: list it in metrics.csv_hosts of leeway.toml.")
    import httpx  # slow to import, and few companies need it

    found = b""
    try:
        with httpx.stream("GET", place, timeout=seconds, follow_redirects=False, verify=trusted()) as answer:
            if answer.status_code != 200:
                raise CannotMeasure(f"{_name(place)} answered {answer.status_code}.")
            for some in answer.iter_bytes():
                found = _short(found + some, _name(place))
    except httpx.HTTPError as error:
        what, fix = why(error, "Check the address and the network.")
        raise CannotMeasure(f"no answer from {_name(place)} ({what}). {fix}") from None
    return found


def _short(raw: bytes, name: str) -> bytes:
    if len(raw) > MOST_BYTES:
        raise CannotMeasure(f"{name} is larger than {MOST_BYTES // 1_000_000} MB.")
    return raw


def _number(text: str, column: str, row: Any, name: str) -> float:
    try:
        rows = list(table := reader(text))
    except csv.Error:
        raise CannotMeasure(f"{name} is not valid CSV.") from None
    wanted = {column, *(row if isinstance(row, dict) else ())}
    if missing := sorted(wanted - set(rows[0] if rows else ())):
        known = ", ".join(str(one) for one in (rows[0] if rows else ())) or "none"
        raise CannotMeasure(f"{name} has no column {missing[0]!r}; it has {known}.")
    if fault := lacking(table, sorted(wanted)):
        raise CannotMeasure(f"{name}: {fault}. Give one of them another name.")
    if isinstance(row, dict):
        key, wants = next(iter(row.items()))
        found = [one for one in rows if str(one[key] or "").strip() == wants]
        if not found:
            raise CannotMeasure(f"{name} has no row with {wants!r} in {key!r}.")
    else:
        found = [one for one in rows if (one[column] or "").strip()]
        if not found:
            raise CannotMeasure(f"{name} has nothing in the column {column!r}.")
    commas, others = separator(text)[0] == ";", [one[column] or "" for one in rows]
    said = f"{name}: the column {column!r} holds"
    return number_of(found[-1][column], said, lambda cell: figure_among(cell, others, commas=commas))
