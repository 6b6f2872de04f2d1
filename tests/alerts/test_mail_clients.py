"""Mails as mail programs take them: Outlook draws with Word, which knows tables and no boxes; and nothing is fetched."""

import os
import re
import shutil
import subprocess
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser

from alerts.asking import Question
from alerts.asking_ways import MailWay
from alerts.channel import GroupLine, GroupView, Notice
from alerts.digest import Links, compose, team_week
from alerts.digest import Question as DigestQuestion
from alerts.email import EmailChannel
from alerts.mail import Mailer, Smtp
from alerts.notices import Composer
from alerts.pack_mail import compose as compose_pack
from alerts.packs import PACKS
from leeway.links import digest_links
from leeway.notify import terms
from models import Drift
from models.vocabulary import COMPANY
from pipeline.register.document import Team
from tests.web.conftest import MONDAY, app_with

LINTER = Path(os.environ.get("LEEWAY_MAIL_LINT", ".ci/node_modules/@jsx-email/doiuse-email"))
SMTP = Smtp("mail.example", sender="leeway@velora.example")
BOXES = re.compile(
    r"\b(flex|grid|float|position|calc|var)\b|-(gap|inline)\s*:|gap\s*:|(?<!max-)(?<!min-)width:\s*\d+px"
)
"""What Word draws otherwise or not at all; widths in pixels belong into the attribute."""
INK = re.compile(r"(?<![-\w])color:")
BLOCKS = {"div", "section", "ul", "ol", "p", "figure", "main", "header", "footer"}
MOST_BYTES = 60_000
STOP = "https://leeway.example/unsubscribe?token=x"


class Caught(Mailer):
    """Keeps the mail instead of sending it."""

    mail: EmailMessage

    def send(self, mail: EmailMessage) -> None:
        """See Mailer."""
        self.mail = mail


@pytest.fixture(scope="module")
def mails(tmp_path_factory: pytest.TempPathFactory) -> dict[str, EmailMessage]:
    """An alert, a message about several teams, a digest of the company, a pack, a question."""
    app = app_with(tmp_path_factory.mktemp("mails"), web={"url": "https://leeway.example"})
    _, register = app.register()
    channel = EmailChannel(Caught(SMTP), "coo@velora.example", page="https://leeway.example", unsubscribe=STOP)
    found = {}
    with app.sessions() as session:
        drift = session.get_one(Drift, 1)
        channel.send(Composer(app.sessions, register, terms(app)).notice([drift]))
        found["alert"] = channel.mailer.mail  # type: ignore[attr-defined]
        lines = tuple(GroupLine(n, f"Team {n}", "50% → 30% since 15 June") for n in range(1, 4))
        channel.send(Notice("drift 1 2 3", (1, 2, 3), GroupView("In 3 teams it fell", lines, "is there one cause?")))
        found["group"] = channel.mailer.mail  # type: ignore[attr-defined]
        company = Team(key=COMPANY, name="Velora", lead="coo@velora.example")
        content = team_week(session, register, company)
        assert content is not None
        found["digest"] = compose(content, SMTP, digest_links(app, session, register, company, content.themes), STOP)
        rise = replace(content.stands, top=replace(content.stands.top, before=0))
        place = "#" + 9 * "a_long_"
        unsure = Links(questions=[DigestQuestion("misc", place, [])])
        found["rise"] = compose(replace(content, stands=rise), SMTP, unsure)
        pack = PACKS["quarterly"].make(session, register, terms(app))
        assert pack is not None
        found["pack"] = compose_pack(pack, MONDAY, SMTP, "coo@velora.example", "https://leeway.example", STOP)
    asked = Question(
        "pulse", "2026-07-06", "ann@velora.example", "How sure?", "Of each", ("O1.1",), link="https://l.example"
    )
    MailWay(channel.mailer, lambda address, kind: STOP).ask(asked)
    found["question"] = channel.mailer.mail  # type: ignore[attr-defined]
    return found


def html_of(mail: EmailMessage) -> str:
    body = mail.get_body(("html",))
    assert body is not None
    return str(body.get_content())


@pytest.mark.parametrize("name", ["alert", "group", "digest", "pack", "question"])
def test_a_mail_is_laid_out_by_tables_and_fetches_nothing(mails: dict[str, EmailMessage], name: str) -> None:
    text = html_of(mails[name])
    tree = LexborHTMLParser(text)
    assert tree.body is not None
    styles = [node.attributes.get("style") or "" for node in tree.css("[style]")]
    assert [style for style in styles if BOXES.search(style)] == []
    blocks = [node for node in tree.body.traverse() if node.tag in BLOCKS]
    assert [node.html for node in blocks if "display:none" not in (node.attributes.get("style") or "")] == []
    tables = tree.css("table")
    assert all(table.attributes.get("width") or table.attributes.get("role") for table in tables)
    assert "<!--[if mso]><table" in text  # Word knows no greatest width
    for picture in tree.css("img"):
        assert (picture.attributes["src"] or "").startswith("cid:")
        assert int(picture.attributes["width"] or 0) <= 560
        assert picture.attributes["alt"]
    assert {(link.attributes["href"] or "")[:8] for link in tree.css("a")} <= {"https://"}
    assert tree.css_first("script, link, form, iframe") is None
    heads = [len(row.css("th")) for row in tree.css("tr") if not row.css("table")]
    assert name != "pack" or max(heads) <= 3  # a phone has no room for a fourth column of words
    assert "`" not in text
    assert "prefers-color-scheme: dark" in text
    # What looks like a day or a number of a telephone is no link (Cerberus #90).
    assert "date=no" in text
    assert "a[x-apple-data-detectors] { color: inherit" in text
    assert len(mails[name].as_bytes()) <= MOST_BYTES


@pytest.mark.parametrize("name", ["alert", "group", "digest", "rise", "pack", "question"])
def test_every_colour_of_words_has_one_for_the_dark(mails: dict[str, EmailMessage], name: str) -> None:
    """A style within the element wins over the sheet's, unless the sheet's says `!important` of its class."""
    text = html_of(mails[name])
    dark = set(re.findall(r"\.(\w+) \{ color: #\w{6} !important", text))
    coloured = [node for node in LexborHTMLParser(text).css("[style]") if INK.search(node.attributes["style"] or "")]
    assert len(coloured) > 5
    for node in coloured:
        assert dark & set((node.attributes.get("class") or "").split()) or "◣" in node.text(), node.html


def test_a_long_name_of_a_channel_may_be_broken_macro_pr_3663(mails: dict[str, EmailMessage]) -> None:
    assert "a_\u200blong_\u200ba_\u200blong_" in html_of(mails["rise"])


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("alert", "“Large employers choose Velora as their standard benefit” fell from"),
        ("group", "Team 1: 50% → 30% since 15 June"),
        ("digest", "20 of 100 working days have left"),
        ("pack", "When work and plan diverged, week by week: 4 May, Top priorities: 50%"),
        ("question", "Of each"),
    ],
)
def test_what_a_list_of_mails_shows_beside_the_subject_is_the_news(  # notifications-utils #523
    mails: dict[str, EmailMessage], name: str, says: str
) -> None:
    body = LexborHTMLParser(html_of(mails[name])).body
    assert body is not None
    first = next(node for node in body.iter())
    assert "display:none" in (first.attributes.get("style") or "")
    assert says in first.text()
    assert not first.text().strip().startswith(str(mails[name]["Subject"]))


@pytest.mark.parametrize("name", ["alert", "group", "digest", "pack", "question"])
def test_a_mail_is_ended_in_its_words_too_and_no_absence_answers_it(mails: dict[str, EmailMessage], name: str) -> None:
    text = mails[name].get_body(("plain",))
    assert text is not None
    # Outlook and Gmail show the header's way only of some senders (notifications-api #4147, listmonk #1206).
    assert f"Stop these mails: {STOP}" in str(text.get_content())
    (link,) = (one for one in LexborHTMLParser(html_of(mails[name])).css("a") if one.text() == "Stop these mails")
    assert link.attributes["href"] == STOP
    assert mails[name]["Auto-Submitted"] == "auto-generated"
    assert mails[name]["X-Auto-Response-Suppress"] == "OOF, AutoReply"  # Exchange: zulip #13193, Exceptionless #265


@pytest.mark.parametrize("name", ["alert", "digest"])
def test_the_words_in_a_mails_chart_can_be_read_on_a_phone(mails: dict[str, EmailMessage], name: str) -> None:
    picture = next(part.get_content() for part in mails[name].walk() if part.get_content_type() == "image/png")
    assert (
        int.from_bytes(picture[16:20], "big") / 2 <= 375
    )  # drawn at twice its size; shown smaller, words of 12 are of 8


@pytest.mark.skipif(
    not LINTER.exists() or shutil.which("node") is None,
    reason="no linter: npm install --prefix .ci @jsx-email/doiuse-email",
)
@pytest.mark.parametrize("name", ["alert", "group", "digest", "pack", "question"])
def test_a_linter_of_mails_finds_nothing_that_outlook_or_gmail_cannot_do(
    mails: dict[str, EmailMessage], name: str
) -> None:
    found = subprocess.run(
        ["node", "--input-type=module", "-e", JUDGE, str(LINTER.resolve())],
        input=html_of(mails[name]),
        capture_output=True,
        text=True,
        timeout=300,  # only a hang takes so long
    )
    assert found.returncode == 0, found.stderr
    assert [line for line in found.stdout.splitlines() if not line.startswith(DOES_NO_HARM)] == []


JUDGE = """
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
const { doIUseEmail } = await import(createRequire(import.meta.url).resolve(process.argv[1]));
const clients = ["outlook.windows", "outlook.windows-mail", "outlook.macos", "gmail.desktop-webmail", "gmail.ios"];
const found = doIUseEmail(readFileSync(0, "utf8"), { emailClients: clients });
for (const one of found.errors ?? []) console.log(one);
"""
DOES_NO_HARM = tuple(
    f"`{what}` is not supported"
    for what in (
        "border-radius",
        "@media",
        "role attribute",
        "white-space",
        "max-width",
        "<body> element",
        "Attribute selector",  # Apple's alone, which marks so what it takes for a date
    )
)
"""Corners are square, dark is as light, a line breaks elsewhere; the width is held by a table that only Word reads."""
