"""Coverage of the forecast's interval on simulated key results of four shapes, forecast on several days of a quarter.

    python -m benchmarks.forecast            the 50 held-out ones of each shape
    python -m benchmarks.forecast --build    the other 50, on which the constants were chosen

`steady` moves evenly; `late` moves mostly in the second half; `saturating` approaches a ceiling; `stepwise` stands still and
sometimes jumps. Each key result has its own start, size, noise and measuring interval (daily, every few days, weekly); some fall
instead of rising. Odd seeds are for development, even ones are held out.
"""

import sys
from collections.abc import Sequence
from datetime import date, timedelta
from statistics import median

import numpy as np

from pipeline.progress.forecast import forecast

FIRST, DAYS = date(2026, 10, 1), 92
SHAPES = ("steady", "late", "saturating", "stepwise")
AT = (28, 42, 56, 70)
"""Days into the quarter at which it is forecast."""
EACH = 100


def curve(shape: str, rng: np.random.Generator) -> np.ndarray:
    """A true number by day, from 0 to about 1 at the end."""
    t = np.arange(DAYS + 1) / DAYS
    if shape == "steady":
        return t * rng.uniform(0.6, 1.3)
    if shape == "late":
        return t ** rng.uniform(1.5, 3.0)
    if shape == "saturating":
        rate = rng.uniform(1.5, 4.0)
        return (1 - np.exp(-rate * t)) / (1 - np.exp(-rate))
    jumps = rng.poisson(rng.uniform(6, 16) / DAYS, DAYS + 1) * rng.gamma(2.0, 0.5, DAYS + 1)
    return np.cumsum(jumps) / 10


def key_result(shape: str, number: int) -> list[tuple[date, float]]:
    """One key result's measurements over the whole quarter; the last is the one to be forecast."""
    rng = np.random.default_rng([SHAPES.index(shape), number])
    true = curve(shape, rng)
    steps = rng.normal(0, rng.uniform(0.0, 0.012), DAYS + 1)
    seen = true + np.cumsum(steps) + rng.normal(0, rng.uniform(0.0, 0.02), DAYS + 1)
    size = rng.choice([1, 10, 100, 5000]) * rng.choice([1, -1])
    values = rng.uniform(0, 50) + size * seen
    every = int(rng.choice([1, 1, 3, 7]))
    kept = sorted({*range(0, DAYS + 1, every), DAYS, *AT})
    return [(FIRST + timedelta(day), float(values[day])) for day in kept]


def judged(shape: str, numbers: Sequence[int]) -> tuple[int, int, list[float]]:
    """How many forecasts there are, how many hold, and their widths as a part of the whole way."""
    count, held, widths = 0, 0, []
    for number in numbers:
        points = key_result(shape, number)
        end, last = points[-1]
        way = max(abs(value - points[0][1]) for _, value in points) or 1.0
        for day in AT:
            found = forecast([one for one in points if one[0] <= FIRST + timedelta(day)], end)
            if found is not None:
                count, held = count + 1, held + (found.low <= last <= found.high)
                widths.append((found.high - found.low) / way)
    return count, held, widths


def main() -> None:
    """Print the table."""
    build = "--build" in sys.argv[1:]
    numbers = [n for n in range(EACH) if n % 2 == build]
    print("| shape | forecasts | hold | median width of the whole way |\n| --- | --- | --- | --- |")
    total, kept, every = 0, 0, []
    for shape in SHAPES:
        count, held, widths = judged(shape, numbers)
        total, kept, every = total + count, kept + held, every + widths
        print(f"| {shape} | {count} | {100 * held / count:.0f} % | {median(widths):.2f} |")
    print(f"| all | {total} | {100 * kept / total:.0f} % | {median(every):.2f} |")


if __name__ == "__main__":
    main()
