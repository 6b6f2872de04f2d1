"""Alive and ready, over HTTP's own terms."""

from pathlib import Path

from starlette.testclient import TestClient

from leeway.app import App
from leeway.settings import DatabaseSettings, Settings
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
