"""Sentences that a diagnosis sets side by side, looked up where they are shown: what the page shows of items, without names."""

from collections.abc import Iterable, Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Diagnosis, WorkItem
from models.session import in_batches
from pipeline.findings.load_terms import FIRST, sentence_with
from pipeline.judge.redaction import Redaction
from pipeline.streams.stage import names_of

SAID = "said:"
"""`said:12:activation` is the sentence of item 12 that holds the word."""
LONGEST = 140


def quotes_of(session: Session, rows: Iterable[Diagnosis]) -> Mapping[str, str]:
    """The sentences that these diagnoses quote, by what stands for them. Of an item whose words were deleted there is none."""
    wanted = {
        value: value.removeprefix(SAID).partition(":")
        for row in rows
        for value in row.figures.values()
        if isinstance(value, str) and value.startswith(SAID)
    }
    if not wanted:
        return {}
    words: dict[int, str] = {}
    for some in in_batches(sorted({int(item) for item, _, _ in wanted.values()})):
        query = select(WorkItem.id, WorkItem.title, WorkItem.text).where(WorkItem.id.in_(some))
        words |= {row.id: row.title or (row.text or "")[:FIRST] for row in session.execute(query)}
    nobody = Redaction(names_of(session))
    said = {name: sentence_with(term, words.get(int(item), "")) for name, (item, _, term) in wanted.items()}
    return {name: nobody.without(text) for name, text in said.items() if text}
