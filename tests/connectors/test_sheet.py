"""Tables of spreadsheets of all countries."""

import pytest

from connectors.sheet import decoded, reader

ROWS = [{"a": "1;x, y", "b": "2\u2028z"}, {"a": "3", "b": ""}]


@pytest.mark.parametrize(
    "text",
    [
        'a,b\n"1;x, y",2\u2028z\n3,\n',
        'a;b\r\n"1;x, y";2\u2028z\r\n3;\r\n',
        "a\t b \r1;x, y\t2\u2028z\r3\t",
        'sep=;\r\na;b\r\n"1;x, y";2\u2028z\r\n3;\r\n',
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_rows_are_the_same_however_they_were_saved(text: str, encoding: str) -> None:
    assert list(reader(decoded(text.encode(encoding)))) == ROWS


def test_a_line_is_numbered_as_an_editor_does() -> None:
    rows = reader("sep=;\na;b\n1;2\n")
    next(rows)
    assert rows.line_num == 3
