"""The quarterly pack of a real register and its repositories' commits.

    git clone https://github.com/src-d/okrs (and gitbase, lookout, ml, borges)
    python -m benchmarks.findings.quarter okrs 2018-Q3 gitbase lookout ml borges [--to FOLDER] [--shots] [--serve]

Builds the quarter's register and a database with the commits of the quarter and the 13 weeks before, runs all stages of the
product as of the quarter's last evening, and prints the pack. `--shots` renders the pack with Chromium for screen and print, and
opens the evidence of each diagnosis; `--serve` keeps the page running. None of the data is in this repository.
"""

import argparse
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from sqlalchemy import select

from alerts.diagnoses import diagnoses, not_judged
from alerts.packs.content import as_text
from alerts.words import plain
from benchmarks.findings.sourced import Commits, page, quarter, register_text
from leeway.app import App
from leeway.meetings import make_pack
from leeway.settings import DatabaseSettings, Settings, WebSettings
from models import StreamCursor
from pipeline.cycle import Analysis, Report
from pipeline.ingest.store import store
from pipeline.register.document import parse
from pipeline.register.versions import load_register
from web.app import make
from web.auth import sign_in_token


def company(folder: Path, okrs: Path, name: str, clones: list[Path]) -> App:
    """The product on the quarter's last evening, with all stages done."""
    commits = Commits(clones, name)
    text = register_text(name, page(okrs, name), commits.teams)
    (folder / "okrs.yaml").write_text(text, encoding="utf-8")
    _, end = quarter(name)
    now = datetime.combine(end, datetime.min.time(), UTC).replace(hour=22)
    settings = Settings(database=DatabaseSettings(url=f"sqlite:///{folder}/leeway.db"), web=WebSettings(url=""))
    app = App(settings, now=now)
    register = parse(text)
    with app.sessions.begin() as session:
        load_register(session, register, text)
        store(session, "github", commits.page(), retention=False)
        for cursor in session.scalars(select(StreamCursor)):
            cursor.finished_at = now
    sizes = ", ".join(f"{key} {len(members)}" for key, members in commits.teams.items())
    print(f"{len(commits.items)} commits, {len(list(register.key_results()))} key results, teams: {sizes}", flush=True)
    analysis = Analysis(
        app.sessions, app.encoder, app.drift_settings(), now, ("github",), None, app.thresholds(register)
    )
    report = Report()
    analysis.encode(report)
    while not analysis.join(report):
        time.sleep(0.05)
    print(", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in report.seconds.items()), flush=True)
    return app


def told(app: App) -> None:
    """Print what is diagnosed, what is not, and the pack."""
    _, register = app.register()
    with app.sessions() as session:
        for one in diagnoses(session, register, app.settings.drift.least_people):
            print(
                f"{one.title} ({one.scope_name}): {plain(one.signal)} [{len(one.streams)} streams, {len(one.items)} items]"
            )
        for missing in not_judged(session):
            print(f"not judged: {missing.title}: {missing.because}")
    print(as_text(make_pack(app, "quarterly")), flush=True)


def served(app: App) -> tuple[uvicorn.Server, str]:
    """The page, up, and its address."""
    server = uvicorn.Server(uvicorn.Config(make(app), host="127.0.0.1", port=0, log_level="warning"))
    threading.Thread(target=server.run, daemon=True).start()
    while not server.started:
        time.sleep(0.05)
    return server, f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"


def shots(app: App, base: str, folder: Path) -> None:
    """The pack on a screen, on a phone and in print; and of each diagnosis whether its evidence is two clicks from the list."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": 1280, "height": 900})
        tab.goto(f"{base}/sign-in?token={sign_in_token(app, 'company')}")
        tab.get_by_role("button", name="Sign in").click()
        for width, name in ((1280, "screen"), (390, "phone")):
            tab.set_viewport_size({"width": width, "height": 900})
            tab.goto(f"{base}/packs/quarterly")
            tab.screenshot(path=folder / f"pack-{name}.png", full_page=True)
        tab.pdf(path=folder / "pack.pdf", format="A4")
        tab.emulate_media(media="print")
        tab.set_viewport_size({"width": 794, "height": 1123})
        tab.screenshot(path=folder / "pack-print.png", full_page=True)
        tab.emulate_media(media="screen")
        tab.set_viewport_size({"width": 1280, "height": 900})
        tab.goto(f"{base}/diagnoses")
        tab.screenshot(path=folder / "diagnoses.png", full_page=True)
        links = tab.locator('main a[href*="/diagnoses/"]').evaluate_all("all => [...new Set(all.map(one => one.href))]")
        for link in links:
            tab.goto(link)
            title = tab.locator("h1").inner_text()
            evidence = tab.locator(
                'main a[href*="/streams/"], main a[href^="https://"], main a[href*="/key-results/"]'
            ).count()
            print(f"{title}: {evidence} ways to its evidence, one click from the list")
        browser.close()


def main() -> None:
    """Print the pack, and draw or serve it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("okrs", type=Path)
    parser.add_argument("quarter")
    parser.add_argument("clones", type=Path, nargs="+")
    parser.add_argument("--to", type=Path, help="folder for the database and the pictures")
    parser.add_argument("--shots", action="store_true")
    parser.add_argument("--serve", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = (given.to or Path(made)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        app = company(folder, given.okrs, given.quarter, given.clones)
        told(app)
        if given.shots or given.serve:
            server, base = served(app)
            if given.shots:
                shots(app, base, folder)
            if given.serve:
                print(f"{base}/sign-in?token={sign_in_token(app, 'company')}", flush=True)
                while not server.should_exit:
                    time.sleep(1)
            server.should_exit = True


if __name__ == "__main__":
    main()
