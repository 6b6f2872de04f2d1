"""What can be promised among few people: said, since silence would read as nothing having happened."""

WORTH_A_WORD = 20
"""Points of a fall from which on it is said that smaller ones cannot be seen."""


def promise(points: int | None) -> str | None:
    """A sentence's beginning, where falls of the top share below so many points are not told from chance within eight weeks."""
    if points is None or points <= WORTH_A_WORD:
        return None
    return f"among so few people a fall below about {points} points cannot be told from chance within eight weeks"
