"""The limit of detection with few people: stated, since silence would read as nothing having happened."""

WORTH_A_WORD = 20
"""Points above which the limit is worth stating."""


def promise(points: int | None) -> str | None:
    """A sentence's beginning, where falls of the top share below so many points are not told from chance within eight weeks."""
    if points is None or points <= WORTH_A_WORD:
        return None
    return f"with so few people, a fall of less than about {points} points cannot be distinguished from chance within eight weeks"
