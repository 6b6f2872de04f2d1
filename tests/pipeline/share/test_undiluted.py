"""What a reading lost of a change is given back, as far as the company's own weeks show that there was one."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session, sessionmaker

from benchmarks.drift.organisation import Case, generate
from models import Chunk, Drift, Match, Share, connect
from pipeline.drift.observations import observe
from pipeline.progress.work import shares_by_week
from pipeline.register.document import Register
from pipeline.share.dilution import Dilution
from pipeline.share.estimate import TOP
from pipeline.share.stage import run_chunk
from pipeline.share.undiluted import LEAST_WEEKS, Usual, load_usual, settle, stretch_of
from tests.conftest import newest_sqlite
from tests.pipeline.drift.test_stage import LONG_AGO, PEOPLE, detect, fill, load, register_text

HALF = Dilution(kept=0.5, kept_sd=0.1)
NOISE = 0.024
WEEKS, FALLS_IN = 26, 18
KEYS = ("O1", "O2", "O3", "O4", "")
TOPS = frozenset(KEYS[:3])


def readings(seed: int, fall: float) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    """Weekly truths, and readings of them that keep half."""
    rng = np.random.default_rng(seed)
    truth = 0.55 + rng.normal(0, 0.02, WEEKS) - fall * (np.arange(WEEKS) >= FALLS_IN)
    return truth, 0.5 + rng.normal(0, 0.05) + 0.5 * (truth - 0.5) + rng.normal(0, NOISE, WEEKS)


def drop(weeks: np.ndarray) -> float:  # type: ignore[type-arg]
    return float(weeks[:FALLS_IN].mean() - weeks[FALLS_IN:].mean())


def stretched(read: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    found: np.ndarray = read.mean() + stretch_of(read.tolist(), HALF) * (read - read.mean())  # type: ignore[type-arg]
    return found


def test_of_a_fall_of_which_half_was_read_more_is_told_and_never_more_than_there_was() -> None:
    pairs = [readings(seed, 0.2) for seed in range(60)]
    read = np.mean([drop(seen) for _, seen in pairs])
    told = np.mean([drop(stretched(seen)) for _, seen in pairs])
    assert read == pytest.approx(0.1, abs=0.01)
    assert 0.125 < told < 0.2
    off = [np.abs(weeks - true).mean() for true, seen in pairs for weeks in (seen, stretched(seen))]
    assert np.mean(off[1::2]) < np.mean(off[::2])


def test_where_nothing_changes_chance_is_not_made_larger() -> None:
    pairs = [readings(1000 + seed, 0.0) for seed in range(60)]
    off = [np.abs(weeks - true).mean() for true, seen in pairs for weeks in (seen, stretched(seen))]
    assert np.mean(off[1::2]) - np.mean(off[::2]) < 0.001
    assert np.median([stretch_of(seen.tolist(), HALF) for _, seen in pairs]) == 1.0


def test_a_reading_that_keeps_all_and_few_weeks_are_left_as_they_are() -> None:
    _, read = readings(1, 0.2)
    assert stretch_of(read.tolist(), Dilution()) == 1.0
    assert stretch_of(read[-LEAST_WEEKS + 1 :].tolist(), HALF) == 1.0
    assert stretch_of([0.5] * 20, HALF) == 1.0


@st.composite
def weeks_shares(draw: st.DrawFn) -> dict[str, float]:
    parts = np.array(draw(st.lists(st.floats(0.0, 1.0), min_size=5, max_size=5))) + 1e-6
    shares = dict(zip(KEYS, (parts / parts.sum()).tolist(), strict=True))
    return shares | {TOP: sum(shares[key] for key in TOPS)}


@given(weeks_shares(), weeks_shares(), st.floats(1.0, 2.0))
def test_likeliest_shares_are_shares(read: dict[str, float], usual: dict[str, float], stretch: float) -> None:
    found = Usual(stretch, {"company": usual}).likeliest("company", read, TOPS)
    assert found.keys() == read.keys()
    assert min(found.values()) >= 0
    assert sum(share for key, share in found.items() if key != TOP) == pytest.approx(1)
    assert sum(found[key] for key in TOPS) == pytest.approx(found[TOP])
    assert Usual(stretch, {"company": usual}).likeliest("team", read, TOPS) == read  # of whom nothing usual is known
    moved = (found[TOP] - read[TOP]) * (read[TOP] - usual[TOP])
    assert moved >= -1e-9  # away from what is usual, never towards it


@dataclass(frozen=True)
class Company:
    sessions: sessionmaker[Session]
    register: Register
    last: date


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """A company that fell, whose match believes two thirds of each item's work elsewhere; its shares and drift. Tests read."""
    engine = connect(newest_sqlite(tmp_path_factory.mktemp("diluted") / "test.db"))
    sessions = sessionmaker(engine)
    register = load(sessions, register_text(), LONG_AGO)
    last = fill(sessions, generate(Case("step", PEOPLE, 30), seed=3), 170)
    with sessions.begin() as session:
        for match in session.scalars(select(Match)):
            own = next(iter(match.probabilities), "")
            found = {"O1.1": 0.2, "O2.1": 0.15, "O4.1": 0.1}
            match.probabilities = found | ({own: found.get(own, 0.0) + 0.35} if own else {})
    detect(sessions, register, last)
    yield Company(sessions, register, last)
    engine.dispose()


def test_page_and_detector_tell_the_same_fall_and_more_of_it(company: Company) -> None:
    register, last = company.register, company.last
    with company.sessions() as session:
        drift = session.scalars(select(Drift).where(Drift.scope == "company", Drift.state == "raised")).one()
        usual, seen = load_usual(session), observe(session, register, last)
        query = select(Share).where(Share.scope == "company", Share.objective == TOP).order_by(Share.week)
        rows = list(session.scalars(query))
    assert seen is not None
    assert 1.2 < usual.stretch <= 2.0
    before, after = ([one for one in rows if (one.week >= drift.start) == late] for late in (False, True))
    told, read = (
        np.mean([getattr(one, name) for one in before]) - np.mean([getattr(one, name) for one in after])
        for name in ("share", "read")
    )
    assert 1.2 * read < told < 0.35
    assert told == pytest.approx(drift.before - drift.after, abs=0.04)
    top = np.array([key in register.top() for key in seen.names])
    for one in rows[4:-1]:
        days = np.array([one.week <= day <= one.week + timedelta(days=6) for day in seen.days])
        spent = seen.effort[:, :, days].sum((1, 2))
        assert spent[top].sum() / spent.sum() == pytest.approx(one.share, abs=0.02)
    levels = drift.explanation["levels"]["company"]
    assert sum(levels[key][1] for key in register.top()) == pytest.approx(drift.after, abs=0.001)
    assert min(pair[n] for pair in levels.values() for n in (0, 1)) >= 0
    parts = sum(part["points"] for part in drift.explanation["parts"])
    assert parts == pytest.approx(100 * (drift.before - drift.after), abs=0.1)
    size = drift.explanation["size"]
    assert -100 * drift.high <= size["low"] + 0.01  # what is said of the true fall holds the fall as it is told
    assert size["high"] - 0.01 <= -100 * drift.low


def test_key_results_are_given_back_what_their_objective_is(company: Company) -> None:
    last = company.last
    with company.sessions() as session:
        found = shares_by_week(session, company.register, last - timedelta(days=60), last, 5)
        rows = list(session.scalars(select(Share).where(Share.scope == "company", Share.week.in_(found))))
    assert len(found) > 5
    for key in next(iter(found.values())):  # each objective has one; weeks in which few worked on it are pooled
        told = [row for row in rows if row.objective == key.split(".")[0]]
        days = sum(row.person_days * found[row.week][key] for row in told)
        assert days == pytest.approx(sum(row.person_days * row.share for row in told), rel=0.02)  # 1 % is unseen


def test_settling_again_changes_nothing_and_news_of_a_day_hardly_anything(company: Company) -> None:
    with company.sessions() as session:  # which keeps nothing of this
        assert settle(session, company.register) == 0
        newest = session.scalar(select(func.max(Share.week)))
        for row in session.scalars(select(Share).where(Share.week == newest)):
            row.read = 0.5  # the week that is not over tells nothing of what is usual
        assert settle(session, company.register) == 0
        for row in session.scalars(select(Share).where(Share.objective == TOP, Share.week < newest)):
            row.read = 0.4 + 0.001 * (row.week.toordinal() % 2)
        assert settle(session, company.register) > 0  # nothing has changed in this company: all is as it was read
        assert load_usual(session) == Usual()
        for row in session.scalars(select(Share)):
            assert row.share == pytest.approx(row.read)
            assert row.low <= row.share <= row.high


def test_a_week_read_anew_is_told_to_the_last_digit_as_one_that_was_corrected(company: Company) -> None:
    columns = (Share.week, Share.scope, Share.objective, Share.share, Share.low, Share.high, Share.half)
    with company.sessions() as session:  # which keeps nothing of this
        corrected = set(map(tuple, session.execute(select(*columns))))
        for week in set(session.scalars(select(Share.week))):
            run_chunk(session, Chunk(name=week.isoformat()), company.register, 5, 0.01)
        assert set(map(tuple, session.execute(select(*columns)))) == corrected


def test_nothing_usual_is_kept_of_whose_shares_may_not_be_shown(company: Company) -> None:
    with company.sessions() as session:
        assert set(load_usual(session).shares) == set(session.scalars(select(Share.scope).distinct()))
