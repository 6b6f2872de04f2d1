"""Draw the pictures in docs/images from a demo's output: `make pictures`. Needs Chromium and a previous `leeway demo`."""

import base64
import json
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from playwright.sync_api import Page, sync_playwright
from sqlalchemy import select

from alerts import picture
from alerts.falls import alert_of, alert_picture
from alerts.slack import Faces, message
from leeway.app import App
from leeway.demo import shares
from leeway.digest import write_previews
from leeway.notify import terms
from leeway.settings import Settings
from models import Drift
from models.vocabulary import COMPANY
from web.app import make
from web.auth import sign_in_token

PLACES = {
    "company": ("/", 1280, "light"),
    "company-dark": ("/", 1280, "dark"),
    "company-phone": ("/", 390, "light"),
    "teams": ("/teams", 1280, "light"),
}


def main(demo: Path, folder: Path) -> None:
    """Draw the alert, the digest and the page of the demo in `demo` into `folder`."""
    given = {"database": {"url": f"sqlite:///{demo}/leeway.db"}, "web": {"url": "http://127.0.0.1:8440"}}
    settings = Settings.model_construct(**Settings.model_validate(given).__dict__)
    app = App(settings, now=datetime.now(UTC))
    alert_html(app, demo / "alert.html")
    if (demo / "summary.json").exists():
        (folder / "shares.png").write_bytes(shares(json.loads((demo / "summary.json").read_text("utf-8"))))
    list(write_previews(app, demo, "app"))
    app.settings.web.url = ""
    server = uvicorn.Server(uvicorn.Config(make(app), port=0, log_level="warning"))
    threading.Thread(target=server.run, daemon=True).start()
    while not server.started:
        time.sleep(0.05)
    base = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for name, (path, width, mode) in PLACES.items():
            page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=mode)
            page.goto(f"{base}/sign-in?token={sign_in_token(app, 'company')}")
            page.get_by_role("button", name="Sign in").click()
            page.goto(base + path)
            shot(page, folder / f"{name}.png")
        for name, source, width, mode in (
            ("alert", "alert.html", 700, "light"),
            ("digest", "digest-app.html", 375, "light"),
            ("digest-dark", "digest-app.html", 375, "dark"),
        ):
            page = browser.new_page(viewport={"width": width, "height": 600}, color_scheme=mode)
            page.goto((demo / source).resolve().as_uri())
            shot(page, folder / f"{name}.png")
        browser.close()
    server.should_exit = True


def alert_html(app: App, target: Path) -> None:
    """The company's alert about as Slack shows it."""
    _, register = app.register()
    with app.sessions() as session:
        drift = session.scalars(select(Drift).where(Drift.scope == COMPANY, Drift.kind == "drift")).first()
        if drift is None:
            raise SystemExit("the demo raised no alert")
        shown, drawn = alert_of(session, drift, register, terms(app)), alert_picture(session, drift, register)
        said = message(shown, drift.id, Faces("http://127.0.0.1:8440", True), "F1" if drawn else None)
    target.write_text(picture.page([said], {"F1": base64.b64encode(drawn or b"").decode()}), encoding="utf-8")


def shot(page: Page, target: Path) -> None:
    """The whole page as it is."""
    page.wait_for_load_state("networkidle")
    page.screenshot(path=target, full_page=True)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "demo-out"), Path("docs/images"))
