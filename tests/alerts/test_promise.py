"""Among few people it is said which falls nobody could tell from chance."""

from alerts.promise import promise


def test_what_cannot_be_seen_is_said_and_what_can_be_is_not() -> None:
    assert promise(None) is None
    assert promise(18) is None
    assert "less than about 27 points" in (promise(27) or "")
