"""A process searches for garbage as before once what it read much for is done, also where that failed."""

import gc

import pytest

from pipeline.queue.garbage import few_collections


def test_the_search_for_garbage_is_as_before_afterwards() -> None:
    before = gc.get_threshold()

    @few_collections()
    def reads(fails: bool) -> tuple[int, int, int]:
        if fails:
            raise ValueError("not read")
        return gc.get_threshold()

    assert reads(False) > before == gc.get_threshold()
    with pytest.raises(ValueError, match="not read"):
        reads(True)
    assert gc.get_threshold() == before
