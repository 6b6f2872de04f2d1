"""`leeway digest`: send the digests, or write them to files."""

import base64
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

from alerts.digest import compose, team_week
from alerts.digest_delivery import PURPOSE, send_due
from leeway.app import App, NotReady
from leeway.links import digest_links, is_due
from leeway.named import known_team
from leeway.opt_out import smtp_of, unsubscribe_link
from models.vocabulary import COMPANY
from pipeline.files import write_whole
from pipeline.register.document import Team


def send_digests(app: App, only: str | None = None, *, due_only: bool = False) -> tuple[int, list[str]]:
    """Send the last week's digests that were not sent; with `due_only`, to those whose day and hour have come.

    Raises NotReady where no mail server is set.
    """
    if not app.settings.smtp.host:
        raise NotReady("no mail server is set. Add [smtp] with host and sender to leeway.toml.")
    _, register = app.register()
    if only:
        known_team(register, only, COMPANY)
    return send_due(
        app.sessions,
        register,
        smtp_of(app),
        only=only,
        ask=lambda session, team, themes: digest_links(app, session, register, team, themes),
        company=app.settings.web.company,
        due=(lambda session, address, week: is_due(app, session, address, week)) if due_only else (lambda *_: True),
        unsubscribe=lambda address: unsubscribe_link(app, address, PURPOSE),
        now=app.now,
        at_once=not due_only,
    )


def write_previews(app: App, folder: Path, only: str | None = None) -> Iterator[Path]:
    """An .eml and an .html for each team with shares. Raises NotReady for a team key that is not in the register."""
    _, register = app.register()
    everybody = [*register.teams, Team(key=COMPANY, name=register.company or "The company")]
    if only:
        known_team(register, only, COMPANY)
    folder.mkdir(parents=True, exist_ok=True)
    for team in everybody:
        if only and team.key != only:
            continue
        with app.sessions() as session:
            content = team_week(session, register, team)
            asked = digest_links(app, session, register, team, content.themes) if content else None
        if content is None:
            continue
        addressed = team.model_copy(update={"lead": team.lead or "lead@example.invalid"})
        mail = compose(replace(content, team=addressed), smtp_of(app), asked)
        path = folder / f"digest-{team.key}.eml"
        write_whole(path, mail.as_bytes())
        yield path
        html = mail.get_body(("html",))
        if html is not None:
            path = folder / f"digest-{team.key}.html"
            write_whole(path, _with_pictures(html.get_content(), mail).encode())
            yield path


def _with_pictures(html: str, mail: EmailMessage) -> str:
    """Embed the pictures in the preview: a browser does not resolve cid: addresses."""
    for part in mail.walk():
        if part.get_content_type() == "image/png":
            data = base64.b64encode(part.get_payload(decode=True)).decode()  # type: ignore[arg-type]
            html = html.replace(f"cid:{str(part['Content-ID']).strip('<>')}", f"data:image/png;base64,{data}")
    return html
