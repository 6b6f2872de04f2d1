"""A small company to read, and what is tried again is tried again at once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.limits import Limiter
from simulator.server import Simulator
from tests.connectors.clock import Hurried
from tests.connectors.few import Puller, served


@pytest.fixture
def few() -> Iterator[Simulator]:
    """Little of everything, at all vendors; a test may change it."""
    with served() as company:
        yield company


@pytest.fixture
def puller(few: Simulator, tmp_path: Path) -> Puller:
    """Reads it into a database of its own."""
    return Puller(few, tmp_path)


@pytest.fixture
def real_clock() -> None:
    """For a test whose server counts real seconds."""


@pytest.fixture(autouse=True)
def hurried(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses before another attempt and waits for a rate pass in no time, in which nothing would happen."""
    if "real_clock" in request.fixturenames:
        return
    clock = Hurried()
    for module in ("tenacity.nap", "slack_sdk.http_retry.handler"):
        monkeypatch.setattr(f"{module}.time", clock)
    given = Limiter.__init__.__kwdefaults__
    assert given is not None
    monkeypatch.setitem(given, "now", clock.time)
    monkeypatch.setitem(given, "sleep", clock.sleep)
