"""The confidence interval of a proportion."""

from pipeline.share.estimate import Z90


def wilson(count: int, of: int) -> tuple[float, float]:
    """Return the 90 % interval of a proportion, as fractions (Wilson 1927); 0 to 1 without observations."""
    if of <= 0:
        return 0.0, 1.0
    z2 = Z90**2
    middle = (count + z2 / 2) / (of + z2)
    half = Z90 / (of + z2) * (count * (of - count) / of + z2 / 4) ** 0.5
    return max(0.0, middle - half), min(1.0, middle + half)
