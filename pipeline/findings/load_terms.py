"""Find the objectives' terms in what people write (titles and opening words of items), by writer, as vectors."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from runpy import run_path
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from connectors.base import SignalKind
from models import Account, Person, Signal, WorkItem
from models.columns import plain
from pipeline.encode.encoder import Encoder
from pipeline.findings.found import Usage
from pipeline.findings.work import Floats, Ints
from pipeline.register.document import Register
from pipeline.register.lexicon import LANGUAGES, lexicon, words_of
from pipeline.register.membership import load_teams

WEEKS = 26
TERMS, EACH, ALL = 8, 60, 320
"""Number of most frequent terms examined; sentences encoded per term, for one team and in total."""
LEAST = 30
"""Fewest items that must contain a term."""
REPEATS = 0.8
"""Cosine from which two sentences of a team are the same template filled in twice."""
SHORT = 4
_PLAIN = ("activity", "outcome", "units", "months")
"""Lexicon sets whose words mean the same to everybody: verbs for work, and units."""
FIRST = 120
"""Characters read of the text of an item without a title, as the page shows them."""
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_NUMBER = re.compile(r"\d+(?:[.,:/-]\d+)*")
_Row = tuple[int, str, int, str]
"""An item, its words, its writer and the writer's team."""


def load_usages(session: Session, register: Register, last: date, encoder: Encoder) -> list[Usage]:
    """Return the most frequent terms, each with its sentences."""
    terms = terms_of(register)
    holding: dict[str, list[tuple[_Row, str]]] = defaultdict(list)
    for row in _written(session, last):
        for term, said in _said(row[1], terms):
            holding[term].append((row, said))
    most = sorted(
        (term for term in holding if len(holding[term]) >= LEAST), key=lambda term: (-len(holding[term]), term)
    )
    leaders = _leaders(session, register)
    return [_usage(term, _some(holding[term]), leaders, encoder) for term in most[:TERMS]]


def terms_of(register: Register) -> frozenset[str]:
    """Return words of objectives and key results that may be ambiguous: no numbers, verbs or short words."""
    texts = [one.title for one in register.objectives] + [one.title for _, one in register.key_results()]
    return frozenset(stem for text in texts for stem in _stems(text) if not _common(stem))


def sentence_with(term: str, text: str) -> str:
    """Return the first sentence of a text that contains the term; empty if none does."""
    return next((one.strip() for one in _SENTENCE.split(text) if term in _stems(one)), "")


def _said(text: str, terms: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Yield the terms that a text contains, each with the first sentence containing it."""
    held, single = terms.intersection(_stems(text)), not _SENTENCE.search(text)
    for term in held:
        said = text.strip() if single else sentence_with(term, text)  # most texts are titles: one sentence
        if said:
            yield term, said


def _stems(text: str) -> list[str]:
    """Return the words without a plural s."""
    return [
        word[:-1] if len(word) > SHORT and word.endswith("s") and not word.endswith("ss") else word
        for word in words_of(text)
    ]


@cache
def stop_words() -> frozenset[str]:
    """Return scikit-learn's English stop words, read from its file: to import the library takes over a second."""
    library = find_spec("sklearn")
    file = Path(str(library and library.origin)).parent / "feature_extraction" / "_stop_words.py"
    if file.exists():
        return frozenset(run_path(str(file))["ENGLISH_STOP_WORDS"])
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    return frozenset(ENGLISH_STOP_WORDS)


def _common(word: str) -> bool:
    if len(word) < SHORT or not word.isalpha() or word in stop_words():
        return True
    known = (lexicon(one) for one in LANGUAGES)
    return any(one.has(name, form) for one in known for name in _PLAIN for form in (word, f"{word}s"))


def _written(session: Session, last: date) -> Iterator[_Row]:
    """Yield the words shown on the page of items that people created in the last weeks, the newest first."""
    since = datetime.combine(last - timedelta(weeks=WEEKS), time(), UTC)
    until = datetime.combine(last + timedelta(days=1), time(), UTC)
    who = {
        (source, name): person
        for source, name, person in session.execute(
            select(Account.source, Account.external_id, Account.person_id)
            .join(Person, Person.id == Account.person_id)
            .where(Account.bot.is_(False), Person.bot.is_(False), Person.forgotten.is_(False))
        )
    }
    teams = load_teams(session)
    query = (
        select(WorkItem.id, WorkItem.title, WorkItem.text, Signal.source, Signal.account, Signal.at)
        .join(Signal, (Signal.source == WorkItem.source) & (Signal.item == WorkItem.external_id))
        .where(Signal.kind.in_((SignalKind.CREATED, SignalKind.MESSAGE)), Signal.at == WorkItem.created_at)
        .where(Signal.at >= since, Signal.at < until, WorkItem.automated.is_(False))
        .order_by(Signal.at.desc(), WorkItem.id)
    )
    for row, title, text, source, account, at in plain(session, query):
        person = who.get((source, account or ""))
        words = title or (text or "")[:FIRST]
        if person is not None and words:
            yield row, words, person, teams.on(person, at.date()) or ""


def _leaders(session: Session, register: Register) -> frozenset[int]:
    """Return the owners of objectives."""
    owners = {one.owner.lower() for one in register.objectives if one.owner}
    rows: Sequence[Any] = session.execute(select(Person.id, Person.email)).all()
    return frozenset(row.id for row in rows if row.email and row.email.lower() in owners)


def _some(rows: Sequence[tuple[_Row, str]]) -> list[tuple[_Row, str]]:
    """Limit the sentences per team and in total, newest first. Copies count once, ignoring numbers and dates: "shift plan, week
    23" over half a year is one sentence, not 26 pieces of evidence."""
    by_team: Mapping[str, list[tuple[_Row, str]]] = defaultdict(list)
    known: set[str] = set()
    for row, said in rows:
        alike = _NUMBER.sub("0", said.lower())
        if alike not in known and len(by_team[row[3]]) < EACH:
            known.add(alike)
            by_team[row[3]].append((row, said))
    most = max(1, ALL // max(1, len(by_team)))
    return [one for some in by_team.values() for one in some[:most]]


def _usage(term: str, rows: Sequence[tuple[_Row, str]], leaders: frozenset[int], encoder: Encoder) -> Usage:
    """Encode the sentences with the term removed, so that only its context is compared."""
    gone = re.compile(rf"\b{re.escape(term)}s?\b", re.IGNORECASE)
    vectors = np.asarray(encoder.encode([gone.sub("", said) for _, said in rows]), dtype=float)
    people = np.array([row[2] for row, _ in rows], dtype=np.int64)
    items = np.array([row[0] for row, _ in rows], dtype=np.int64)
    leads = np.isin(people, sorted(leaders))
    teams = tuple(row[3] for row, _ in rows)
    return Usage(term, vectors, teams, people, items, leads, _families(vectors, teams, items))


def _families(vectors: Floats, teams: Sequence[str], items: Ints) -> Ints:
    """Give items of a team whose sentences repeat each other one number: a template filled in weekly is one piece of evidence."""
    from scipy.sparse import csr_array  # slow to import, and quoting does not need it
    from scipy.sparse.csgraph import connected_components

    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    of = np.array(teams)
    alike = (unit @ unit.T >= REPEATS) | (items[:, None] == items[None, :])
    return np.asarray(connected_components(csr_array(alike & (of[:, None] == of[None, :])))[1], dtype=np.int64)
