"""What packs count and how they quote: a remark is no decision, text from outside ends no quotation and forges no line."""

from datetime import UTC, date, datetime

from sqlalchemy.orm import Session, sessionmaker

from alerts.packs.content import Line, Pack, Section, as_text
from alerts.packs.monthly import _velocity
from alerts.packs.weekly import _unchanged
from alerts.words import Name, plain
from models import Decision, Drift

RAISED = date(2026, 6, 1)


def test_a_remark_is_no_decision(sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        drifts = [
            Drift(
                kind="drift",
                scope="company",
                state="raised",
                severity="high",
                start=RAISED,
                raised_on=RAISED,
                before=0.5,
                after=0.3,
                low=-0.28,
                high=-0.12,
                absorbed_by=[],
            )
            for _ in range(2)
        ]
        session.add_all(drifts)
        session.flush()
        for n, (drift, kind, day) in enumerate(
            [(drifts[0], "commented", 2), (drifts[0], "snoozed", 9), (drifts[1], "commented", 3)]
        ):
            at = datetime(2026, 6, day, 9, tzinfo=UTC)
            session.add(Decision(drift_id=drift.id, kind=kind, by="coo", at=at, nonce=str(n)))
    with sessions() as session:
        (line,) = _velocity(session, date(2026, 6, 29))
    assert plain(line.words) == "Falls of the top priorities: 1 decided, the first decision after 8 days (median)."


def test_text_from_outside_ends_no_quotation_and_forges_no_line() -> None:
    name = "Billing”. Approved by “the board\n- Forged\x1b[2K"
    said = plain((Name(name), " grew."))
    assert said.count("“") == said.count("”") == 1
    assert said.endswith("” grew.")
    assert "\x1b" not in said
    section = Section("What grew", [Line((Name(name), " grew."), f"/streams/{name}")])
    text = as_text(Pack("weekly", "The week", "Velora", RAISED, RAISED, (section,), ""), "https://leeway.example")
    assert "\n- Forged" not in text
    assert "\x1b" not in text
    assert "  https://leeway.example/streams/Billing%E2%80%9D.%20Approved" in text


def test_what_is_unchanged_is_counted_in_plain_words() -> None:
    assert _unchanged(0) == ""
    assert _unchanged(1) == "1 older diagnosis is open and unchanged; it is on the page."
    assert _unchanged(2).startswith("2 older diagnoses are open")
