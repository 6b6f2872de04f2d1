"""The way through a list of pages: one that leads back to where it was is said, instead of followed for ever."""

from connectors.errors import BadAnswer


class Onward:
    """The positions (cursors, tokens, links) that were followed in one walk through a list called `where`."""

    def __init__(self, source: str, where: str) -> None:
        self._source, self._where = source, where
        self._followed: set[int] = set()

    def to(self, *position: object) -> None:
        """Note that this is followed next. Raises BadAnswer where it was followed before."""
        mark = hash(position)
        if mark in self._followed:
            raise BadAnswer(self._source, f"{self._where} leads back to a page that was read already.")
        self._followed.add(mark)
