"""`leeway web --open` without a page says so; `leeway demo --serve` serves what is there, with a link that lasts."""

import os
import signal
import subprocess
import sys
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path

import pytest
from sqlalchemy.orm import sessionmaker

from leeway.app import App
from leeway.settings import Settings
from models import connect
from tests.alerts.test_channels import dead_port
from tests.conftest import newest_sqlite
from tests.leeway.test_cli import environment, leeway
from tests.web.conftest import fill
from web.serve import address


def filled(file: Path) -> str:
    """A database that a demo may have left."""
    engine = connect(address := newest_sqlite(file))
    with sessionmaker(engine).begin() as session:
        fill(session)
    engine.dispose()
    return address


def test_a_way_in_to_a_page_that_nobody_serves_is_a_warning(tmp_path: Path) -> None:
    given = {"LEEWAY_DATABASE__URL": filled(tmp_path / "x.db"), "LEEWAY_WEB__PORT": str(dead_port())}
    said = leeway(tmp_path, "web", "--open", **given)
    assert said.returncode == 0
    assert "nothing answers on this machine's web.host and web.port; start `leeway web`" in " ".join(
        said.stderr.split()
    )


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("::1", "[::1]"),
        ("[::1]", "[::1]"),
        ("::", "[::1]"),
        ("0.0.0.0", "127.0.0.1"),  # noqa: S104 - only told of
        ("fd00::5", "[fd00::5]"),
        ("lw", "lw"),
    ],
)
def test_the_way_in_is_an_address_that_a_browser_opens(host: str, shown: str) -> None:
    app = App(Settings.model_validate({"web": {"host": host}}))
    assert address(app) == f"http://{shown}:8440"


def test_the_demos_page_is_of_what_is_there_and_its_link_signs_in_again_while_it_runs(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    filled(tmp_path / "out" / "leeway.db")
    process = subprocess.Popen(
        [sys.executable, "-m", "leeway.cli", "demo", "--serve", "--output", "out"],
        cwd=tmp_path,
        env=environment(LEEWAY_WEB__PORT=str(dead_port()), PYTHONUNBUFFERED="1", COLUMNS="400")
        | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        lines = []
        for line in process.stdout:
            lines.append(line.strip())
            if "/sign-in?token=" in line:
                break
        assert lines[0].startswith("Showing the company of out, as it was left")
        assert "for as long as this runs" in lines[-2]
        for _ in range(2):  # twice, each time as somebody new
            opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
            opener.open(lines[-1], timeout=60).read()
            with opener.open(lines[-1].partition("?")[0], data=b"", timeout=60) as page:
                assert page.status == 200
                assert "sign-in" not in page.url
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=120)
        ended = process.returncode
    assert ended in (0, 130)
