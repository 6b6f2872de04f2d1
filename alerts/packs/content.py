"""The content of a pack: sections of sentences and tables. Each face formats them in its own way; none adds a figure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import quote

from alerts.words import Words, plain, span


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence; `path` is where it is shown whole on the page."""

    words: Words
    path: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table. `decide` is the name of the stream that a decision is asked about, `said` what was decided before."""

    cells: tuple[Words, ...]
    path: str = ""
    decide: str = ""
    said: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with lines, or a table with its head; `empty` is said where there is nothing."""

    title: str
    lines: Sequence[Line] = ()
    head: tuple[str, ...] = ()
    rows: Sequence[Row] = ()
    empty: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Pack:
    """A meeting pack. `kind` is weekly, monthly or quarterly; `first` and `last` are the days it covers."""

    kind: str
    title: str
    company: str
    first: date
    last: date
    sections: Sequence[Section]
    note: str

    @property
    def span(self) -> str:
        """The days that it is about: 16 November to 22 November 2026."""
        return span(self.first, self.last)

    @property
    def asks(self) -> bool:
        """Return True if decisions are asked for."""
        return any(row.decide for section in self.sections for row in section.rows)


def as_text(pack: Pack, page: str = "") -> str:
    """The pack as plain text."""
    lines = [f"{pack.title}, {pack.company}", pack.span]
    for section in pack.sections:
        lines += ["", section.title]
        lines += [
            f"- {plain(line.words)}" + (f"\n  {page}{quote(line.path)}" if page and line.path else "")
            for line in section.lines
        ]
        if section.rows:
            lines.append("  " + " | ".join(section.head))
        for row in section.rows:
            lines.append(
                "- " + " | ".join(plain(cell) for cell in row.cells) + (f" | said: {row.said}" if row.said else "")
            )
        if not section.lines and not section.rows:
            lines.append(section.empty)
        if section.note:
            lines.append(section.note)
    return "\n".join([*lines, "", pack.note, *([f"The page: {page}/packs/{pack.kind}"] if page else [])]) + "\n"


def as_row(pack: Pack) -> dict[str, object]:
    """The pack for machines: the same sentences."""
    return {
        "pack": pack.kind,
        "company": pack.company,
        "first": pack.first.isoformat(),
        "last": pack.last.isoformat(),
        "sections": [
            {
                "title": section.title,
                "lines": [{"text": plain(line.words), "path": line.path} for line in section.lines],
                "rows": [
                    {
                        **dict(zip(section.head, map(plain, row.cells), strict=False)),
                        **({"decide": row.decide, "said": row.said} if row.decide else {}),
                    }
                    for row in section.rows
                ],
            }
            for section in pack.sections
        ],
    }
