"""`leeway digest --preview`: the digests as files."""

import base64
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

from alerts.digest import compose, team_week
from leeway.app import App, NotReady
from leeway.links import digest_links
from pipeline.drift import COMPANY
from pipeline.register import Team


def write_previews(app: App, folder: Path, only: str | None = None) -> Iterator[Path]:
    """An .eml and an .html for each team with shares. Raises NotReady for a team key that is not in the register."""
    _, register = app.register()
    everybody = [*register.teams, Team(key=COMPANY, name=register.company or "The company")]
    if only and only not in {team.key for team in everybody}:
        raise NotReady(f"there is no team {only!r} in the register.")
    folder.mkdir(parents=True, exist_ok=True)
    for team in everybody:
        if only and team.key != only:
            continue
        with app.sessions() as session:
            content = team_week(session, register, team)
            asked = digest_links(app, session, register, team, content.themes) if content else None
        if content is None:
            continue
        mail = compose(content, app.settings.smtp.sender, asked)
        path = folder / f"digest-{team.key}.eml"
        path.write_bytes(mail.as_bytes())
        yield path
        html = mail.get_body(("html",))
        if html is not None:
            path = folder / f"digest-{team.key}.html"
            path.write_text(_with_pictures(html.get_content(), mail), encoding="utf-8")
            yield path


def _with_pictures(html: str, mail: EmailMessage) -> str:
    """A browser knows no cid: addresses, so the preview carries the pictures in itself."""
    for part in mail.walk():
        if part.get_content_type() == "image/png":
            data = base64.b64encode(part.get_payload(decode=True)).decode()  # type: ignore[arg-type]
            html = html.replace(f"cid:{str(part['Content-ID']).strip('<>')}", f"data:image/png;base64,{data}")
    return html
