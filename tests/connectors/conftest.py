"""What is tried again is tried again at once."""

import pytest

from connectors.limits import Limiter
from tests.connectors.clock import Hurried


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
