"""The alert in Slack: what it says, what it never does, and that it is said once."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from alerts.picture import page
from alerts.slack import blocks, escape, message
from alerts.view import AlertView
from alerts.words import Name
from models import Drift
from pipeline.register.document import parse
from simulator.company import register_yaml
from tests.conftest import TODAY

REGISTER = parse(register_yaml(TODAY))
NOW = datetime(2026, 7, 10, 12, tzinfo=UTC)


def drift(**changes: Any) -> Drift:
    values: dict[str, Any] = {
        "kind": "drift",
        "scope": "company",
        "state": "raised",
        "severity": "high",
        "raised_on": date(2026, 7, 8),
        "start": date(2026, 6, 29),
        "before": 0.62,
        "after": 0.44,
        "low": -0.22,
        "high": -0.14,
        "absorbed_by": [["", 17.0], ["O5", 1.0]],
        "explanation": {
            "themes": [
                {
                    "name": "Hafenwerk, Export",
                    "points": 11.2,
                    "teams": ["app", "platform"],
                    "examples": ["HW export"],
                    "person_days": 70.0,
                }
            ],
            "teams": [
                {"team": "app", "before": 0.8, "after": 0.5, "points": -6.0},
                {"team": "iberia", "before": 0.5, "after": 0.1, "points": -3.0},
            ],
        },
    }
    return Drift(**(values | changes))


def texts(found: Any) -> Iterator[str]:
    if isinstance(found, dict):
        for value in found.values():
            yield from texts(value)
    elif isinstance(found, list):
        for value in found:
            yield from texts(value)
    elif isinstance(found, str):
        yield found


hostile = st.text(max_size=400) | st.sampled_from(
    ["<!channel>", "<@U1>", "*bold* _it_ `x`", "&lt;", "<https://e.vil|ok>", "x" * 5000]
)


def test_a_word_between_colons_is_no_emoji() -> None:  # sentry #68922
    alert = AlertView("company", TODAY, "API:on:prod fell", ((Name("Ship :wave: at 10:30"),),), ("stop?",), "")
    found = blocks(alert)
    assert found[0]["text"]["text"] == "API:\u2060on:prod fell"
    assert found[1]["text"]["text"] == "*Ship :\u2060wave: at 10:30*"
    long = blocks(AlertView("company", TODAY, ":on:" * 60, (), ("stop?",), ""))
    assert len(long[0]["text"]["text"]) <= 150


@given(hostile, hostile, hostile)
def test_any_outside_text_stays_within_slacks_limits_and_pages_nobody(name: str, team: str, title: str) -> None:
    story = ((Name(name), " fell from 26% to 16%."), ("The days went to ", Name(title), "."))
    alert = AlertView("company", TODAY, title, story, ("stop ", Name(team), "?"), team)
    found = blocks(alert)
    assert len(found) <= 50
    assert 0 < len(found[0]["text"]["text"]) <= 150 or title.strip() == ""
    for block in found[1:]:
        assert len(block.get("text", block.get("elements", [{}])[0])["text"]) <= 3000
        for text in texts(block):
            assert "<!" not in text
            assert "<@" not in text
            assert "<http" not in text


@given(hostile)
def test_escaped_text_holds_no_markup(text: str) -> None:
    found = escape(text)
    assert "<" not in found
    assert ">" not in found
    assert "*" not in found
    assert "`" not in found


def test_the_message_names_its_drift_so_that_a_lost_answer_can_be_found_again() -> None:
    found = message(AlertView("company", TODAY, "title", (), ("decide",), "note"), 42)
    assert found["metadata"] == {"event_type": "leeway_drift", "event_payload": {"drift": 42, "drifts": [42]}}
    assert found["unfurl_links"] is False


def test_the_picture_shows_hostile_text_as_text() -> None:
    story = ((Name("<script>alert(1)</script>"), " fell"), (Name("<img src=x>"), " & more"))
    html = page([message(AlertView("company", TODAY, "Work fell", story, ("decide",), "note"), 1)])
    assert "<script>" not in html
    assert "<img" not in html
    assert "<b>&lt;script&gt;alert(1)&lt;/script&gt;</b>" in html
    assert "<b>To decide:</b>" in html
