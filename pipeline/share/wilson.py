"""The interval of a part that was counted."""

from pipeline.share.estimate import Z90


def wilson(count: int, of: int) -> tuple[float, float]:
    """The 90 % interval of `count` among so many, as parts of one (Wilson 1927); of none, from 0 to 1."""
    if of <= 0:
        return 0.0, 1.0
    z2 = Z90**2
    middle = (count + z2 / 2) / (of + z2)
    half = Z90 / (of + z2) * (count * (of - count) / of + z2 / 4) ** 0.5
    return max(0.0, middle - half), min(1.0, middle + half)
