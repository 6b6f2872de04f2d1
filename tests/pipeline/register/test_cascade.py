"""An objective that changed while nothing below it did is asked about; a rewording, an answer or a new period is none."""

from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from pipeline.register.cascade import cascade_breaks, weak_links
from pipeline.register.document import Register, parse

TEXT = """period: {name: Q3, start: 2026-07-01, end: 2026-09-30}
objectives:
  - key: O1
    title: Customers stay with us
    priority: 1
    key_results:
      - {key: O1.1, title: "Churn from 2.1 % to 1.2 %", metric: {checkin: true, start: 2.1, target: 1.2}}
      - {key: O1.2, title: "Repairs within 48 hours from 60 % to 90 %"}
  - key: O2
    title: The app team makes support quick
    priority: 2
    parent: O1
    key_results:
      - {key: O2.1, title: "First answer from 9 hours to 2"}
"""
OTHER = TEXT.replace("Customers stay with us", "Large employers choose us")
FIRST = date(2026, 7, 1)


def broken(*texts: str, days: int = 20, after: int = 14) -> list[tuple[str, str]]:
    """What is asked about, where the texts were loaded a day apart and it is so many days since the last."""
    history: list[tuple[date, Register]] = [(FIRST + timedelta(n), parse(text)) for n, text in enumerate(texts)]
    return [(one.key, one.rule) for one in cascade_breaks(history, history[-1][0] + timedelta(days), after)]


def test_a_parent_that_changed_alone_is_a_break_after_the_set_days() -> None:
    assert broken(TEXT, OTHER) == [("O1", "cascade-break")]
    assert broken(TEXT, OTHER, days=13) == []
    assert broken(TEXT, OTHER, OTHER.replace("priority: 2", "priority: 3")) == [("O1", "cascade-break")]


def test_what_answers_below_it_or_is_no_change_is_no_break() -> None:
    answered = OTHER.replace("Churn from 2.1 % to 1.2 %", "Employers with 500 staff from 3 to 12")
    assert broken(TEXT, answered) == []  # in the same load
    assert broken(TEXT, OTHER, answered) == []  # later
    assert broken(TEXT, OTHER, OTHER.replace("target: 1.2", "target: 0.9")) == []
    served = OTHER.replace("makes support quick", "wins pilots").replace("First answer from 9 hours to 2", "6 pilots")
    assert broken(TEXT, OTHER, served) == []  # by an objective that serves it
    assert broken(TEXT, TEXT.replace("Customers stay with us", "Our customers stay with us!")) == []
    assert broken(TEXT, OTHER, TEXT) == []  # taken back
    assert broken(TEXT, OTHER.replace("name: Q3", "name: Q4")) == []
    assert broken(TEXT, OTHER.replace("    priority: 1", "    priority: 1\n    accepted: [cascade-break]")) == []
    assert broken(TEXT) == []
    assert cascade_breaks([], FIRST, 14) == []


class _Topics:
    """Vectors by topic: what the text speaks of."""

    def encode(self, texts: list[str]) -> NDArray[np.float64]:
        return np.array([[1.0, 0.0] if "Repairs" in text or "support" in text else [0.0, 1.0] for text in texts])


def test_a_key_result_that_is_nearer_to_another_objective_is_a_weak_link() -> None:
    found = [(one.key, one.rule) for one in weak_links(parse(TEXT), _Topics())]
    assert found == [("O1.2", "weak-link"), ("O2.1", "weak-link")]
    accepted = TEXT.replace('60 % to 90 %"', '60 % to 90 %", accepted: [weak-link]')
    assert [one.key for one in weak_links(parse(accepted), _Topics())] == ["O2.1"]
