"""The day by which a key result is due: read as spreadsheets show it, told where it changes, refused where it is a guess."""

from datetime import date
from typing import Any

import pytest

from pipeline.register.document import parse
from pipeline.register.due import Draft, changes_told, day_of
from tests.pipeline.register.test_table import TEXT, as_csv, changed, read

DAYS = ["2026-08-31", "2026-08-31T00:00:00", "2026/08/31", "31.8.2026", "31.08.2026", "31-Aug-26", "31. Aug. 2026"]
GUESSES = ["01/09/2026", "8/31/2026", "46265", "31.02.2026", "Q3", "soon", "31 Foo 2026", "", "end of August"]


@pytest.mark.parametrize("said", [*DAYS, "31 août 2026", "Aug 31, 2026", "August 31 2026", date(2026, 8, 31)])
def test_a_day_is_read_however_a_spreadsheet_shows_it(said: Any) -> None:
    assert day_of(said) == date(2026, 8, 31)


@pytest.mark.parametrize("said", GUESSES)
def test_a_guess_is_no_day(said: str) -> None:
    assert day_of(said) is None


def test_a_table_says_which_day_it_changes_and_one_that_is_a_guess_is_refused() -> None:
    """submersion #2152: a spreadsheet rewrote days as 29-Aug-26; may #250: 12/01 was taken for another month."""
    found = read(as_csv(changed("O1.2", due="29-Aug-26")))
    assert "due: 2026-08-29" in found.text
    assert changes_told(Draft(parse(TEXT), TEXT), Draft(found.register, found.text)) == [
        "O1.2: due: 2026-09-01 -> 2026-08-29"
    ]
    with pytest.raises(Exception, match=r"column due: '01/09/2026' is not an unambiguous date; write it as"):
        read(as_csv(changed("O1.2", due="01/09/2026")))
