"""Walking through a list of pages: one that leads back is reported instead of followed forever."""

from connectors.errors import BadAnswer


class Onward:
    """The positions (cursors, tokens, links) that were followed in one walk through a list called `where`."""

    def __init__(self, source: str, where: str) -> None:
        self._source, self._where = source, where
        self._followed: set[int] = set()

    def to(self, *position: object) -> None:
        """Record the next position. Raises BadAnswer if it was already followed."""
        mark = hash(position)
        if mark in self._followed:
            raise BadAnswer(self._source, f"{self._where} leads back to a page that was already read.")
        self._followed.add(mark)
