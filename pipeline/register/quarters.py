"""Calendar quarters, the default names of plans and rounds."""

from datetime import date, timedelta

from pipeline.register.schema import Period


def quarter_of(day: date) -> Period:
    """Return the quarter of a day: 2026-Q4, from 1 October to 31 December."""
    number = (day.month + 2) // 3
    first = date(day.year, 3 * number - 2, 1)
    following = date(day.year + number // 4, 3 * number % 12 + 1, 1)
    return Period(name=f"{day.year}-Q{number}", start=first, end=following - timedelta(days=1))
