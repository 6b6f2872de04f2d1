"""Alive and ready, over HTTP's own terms."""

from pathlib import Path

from starlette.testclient import TestClient

from leeway.app import App
from leeway.settings import DatabaseSettings, Settings
from pipeline.register.document import parse
from pipeline.register.versions import load_register
from simulator.company import register_yaml
from tests.conftest import TODAY
from tests.web.test_pages import enter
from web.app import make


def test_ready_only_with_a_database(tmp_path: Path) -> None:
    app = App(Settings(database=DatabaseSettings(url=f"sqlite:///{tmp_path}/a.db")))
    client = TestClient(make(app))
    assert client.get("/healthz").json() == {"alive": True}
    assert client.get("/readyz").json() == {"ready": True}
    gone = App(Settings(database=DatabaseSettings(url=f"sqlite:///{tmp_path}/no/such/folder.db")))
    answer = TestClient(make(gone)).get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["ready"] is False


def test_what_the_database_cannot_take_is_no_fault_of_ours(postgres_url: str) -> None:
    """Reported of others as 500: pepysdiary #603, liberapay #676, phoenix #9123."""
    app = App(Settings(database=DatabaseSettings(url=postgres_url)))
    client = enter(TestClient(make(app)), app, "ops")
    text = register_yaml(TODAY)
    with app.sessions.begin() as session:
        load_register(session, parse(text), text)
    page = client.get("/search?q=a%00b")
    assert page.status_code == 400
    assert "a character that is not allowed" in page.text
    app.engine.dispose()


def test_without_a_database_it_says_what_passes_and_no_fault_of_its_own(tmp_path: Path) -> None:
    """Reported of others as 500: statewave #354, crates.io #1386, inmanta-core #1892."""
    gone = App(Settings(database=DatabaseSettings(url=f"sqlite:///{tmp_path}/no/such/folder.db")))
    client = TestClient(make(gone))
    page = client.post("/sign-in", data={"token": "x"})
    assert (page.status_code, page.headers["Retry-After"]) == (503, "60")
    assert "The database is not answering right now, and nothing was changed" in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert str(tmp_path) not in page.text
    scrape = client.get("/metrics")
    assert (scrape.status_code, scrape.json()) == (503, {"error": "the database does not answer"})
