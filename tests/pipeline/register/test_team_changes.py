"""Teams that merge, split or shrink: what a load says of their past."""

from datetime import date

import pytest
import yaml

from pipeline.register.change_words import consequences
from pipeline.register.document import hints, parse

SIX = [f"{team}{n}" for team in "ab" for n in range(6)]


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        (
            {"a": SIX[:6], "b": SIX[6:]},
            {"plat": SIX},
            ["team plat is new and starts without a past. Of its 12 members come 6 from a, 6 from b"],
        ),
        (
            {"a": SIX},
            {"a1": SIX[:6], "a2": SIX[6:]},
            [f"team {key} is new and starts without a past. Of its 6 members come 6 from a" for key in ("a1", "a2")],
        ),
        (
            {"a": SIX[:8]},
            {"a": SIX[:4], "ai": SIX[4:8]},
            [
                "team ai is new and starts without a past. Of its 4 members come 4 from a",
                "team a has 4 members and had 8",
            ],
        ),
        ({"a": SIX[:6]}, {"a": SIX[:5]}, []),
        ({"a": SIX[:6]}, {"a": SIX[:6], "n": ["x1", "x2"]}, []),
        ({"a": SIX[:6]}, {"b": SIX[:6]}, ["team b has 6 of the 6 members of team a, which is gone"]),
    ],
)
def test_of_teams_that_merge_split_or_shrink_it_is_said_what_their_past_is(
    was: dict[str, list[str]], now: dict[str, list[str]], said: list[str]
) -> None:
    before, after = (
        parse(
            yaml.safe_dump(
                {
                    "period": {"name": "Q3", "start": "2026-07-01", "end": "2026-09-30"},
                    "teams": [
                        {"key": key, "name": key, "members": [f"{one}@x.example" for one in some]}
                        for key, some in teams.items()
                    ],
                    "objectives": [
                        {
                            "key": "O1",
                            "title": "Bikes ride",
                            "priority": 1,
                            "key_results": [{"key": "O1.1", "title": "Repairs"}],
                        }
                    ],
                }
            )
        )
        for teams in (was, now)
    )
    lines = consequences(before, after, date(2026, 7, 1), date(2026, 9, 1), 5)
    assert [one.partition(":")[0] for one in lines if one.startswith("team ")] == said


def test_a_plan_of_one_day_is_one_and_a_member_without_an_address_is_told() -> None:
    day = date(2026, 9, 1)
    text = (
        "period: {name: Day, start: 2026-09-01, end: 2026-09-01}\n"
        "teams: [{key: app, name: App, members: [Zed, a@x.example]}]\n"
        "objectives: [{key: O1, title: Bikes ride, priority: 1, key_results: [{key: O1.1, title: Repairs}]}]\n"
    )
    said = hints(parse(text), day, 3)
    assert "team app: 2 members; figures are shown from 3 members on." in said
    assert not any("shown from" in one for one in hints(parse(text), day, 2))
    assert "team app: 'Zed' is not an address, so no work can be assigned to it." in said
    assert not any("a@x.example" in one for one in said)
