"""Reasons as people read them."""

import pytest

from pipeline.match.who_says import all_shown, as_shown


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ("text: its text is close to O1.3", "its text is close to O1.3"),
        ("links: its parent epic 'Plan: B' points to O1.3", "its parent epic 'Plan: B' points to O1.3"),
        ("people: somebody labelled it none", "somebody labelled it none"),
        ("register: its scope says O1", "its scope says O1"),
        ("judge: O1.3 with 90% from 'unlock'", "judge: O1.3 with 90% from 'unlock'"),
        ("as it was: before", "as it was: before"),
        ("text", "text"),
    ],
)
def test_a_face_says_the_reason_and_not_the_kind_of_evidence(reason: str, shown: str) -> None:
    assert as_shown(reason) == shown


def test_a_team_is_called_by_its_name_and_what_was_not_near_is_not_said() -> None:
    evidence = ["links: team care works on O1.2", "links: team gone works on O1.2", "text: nearest was O1.2 with 0%"]
    assert all_shown([*evidence, "text: nearest was O1.2 with 10%"], {"care": "Rider Care"}) == [
        "Rider Care works on O1.2",
        "gone works on O1.2",
        "nearest was O1.2 with 10%",
    ]
