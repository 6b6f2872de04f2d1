"""What users of other tools reported of words that were lost on the way: tried on texts, then on whole pulls of a few records."""

from time import process_time
from typing import Any

import pytest
from sqlalchemy import select

from connectors.slack.parse import parse_message
from connectors.text import from_adf, from_html, from_mail, from_mrkdwn, from_wiki, issue_keys
from models import Account, Signal, WorkItem
from simulator.api.slack_rows import BOT_ID
from simulator.server import Simulator
from simulator.world import Message, Record
from tests.conftest import NOW
from tests.connectors.few import Puller
from tests.connectors.test_sources_as_they_are import answering

HEADERS = "From: Eva Roth <eva@client.example>\nDate: Mon, 6 Jul 2026\nSubject: Contract\nTo: Ann <ann@x.example>\n\n"


def kept(puller: Puller, item: str) -> tuple[WorkItem, list[Signal]]:
    with puller.sessions() as session:
        (one,) = session.scalars(select(WorkItem).where(WorkItem.external_id == item))
        query = select(Signal).where(Signal.item == item).order_by(Signal.external_id)
        return one, list(session.scalars(query))


# Mail


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"---------- Forwarded message ---------\n{HEADERS}We want the contract", "We want the contract"),
        (f"FYI\n\n---------- Forwarded message ---------\n{HEADERS}We want it", "FYI\nWe want it"),
        (f"Begin forwarded message:\n\n{HEADERS}We want it\n\n-- \nEva", "We want it"),
        (f"-------- Weitergeleitete Nachricht --------\n{HEADERS}Wir wollen ihn", "Wir wollen ihn"),
        (
            f"Mira esto\n-- \nAna\n---------- Mensaje reenviado ---------\n{HEADERS}Lo queremos",
            "Mira esto\nLo queremos",
        ),
        (f"-----Original Message-----\n{HEADERS}We want it", "We want it"),
        (f"{HEADERS}We want it", "We want it"),
        (f"Done.\n\nOn 6 July 2026 Eva wrote:\n\n---------- Forwarded message ---------\n{HEADERS}Old", "Done."),
        (f"Done.\n\n{HEADERS}We want it", "Done."),
        ("---------- Forwarded message ---------", ""),
    ],
)
def test_what_a_mail_forwards_is_what_it_says_munin_975_vm0_3754_tempo_email_parser_4(text: str, words: str) -> None:
    """Of a mail that forwards another the line that says so was kept, and nothing else of it."""
    assert from_mail(text) == words


OUTLOOK = (
    "From: Eva Roth <eva@client.example>\nSent: Monday, 6 July 2026 09:14\nTo: Ann\nSubject: Contract\n\nWe want it\n"
)
OLDER = "\nFrom: Ann <ann@x.example>\nSent: Friday, 3 July 2026 17:02\nTo: Eva Roth\nSubject: Contract\n\nDo you?\n"


@pytest.mark.parametrize(
    ("subject", "text", "words"),
    [
        ("FW: Contract", f"Can you take it?\n\n{OUTLOOK}", "Can you take it?\nWe want it"),
        ("WG: Vertrag", f"Nimmst du es?\n\nGruß\n\n{'_' * 32}\n{OUTLOOK}{OLDER}", "Nimmst du es?\nGruß\nWe want it"),
        ("Fwd: Contract", OUTLOOK, "We want it"),
        ("FW: Contract", "Nothing below", "Nothing below"),
        ("RE: FW: Contract", f"Taken.\n\n{OUTLOOK}", "Taken."),
        ("Invoice: from August on", f"Taken.\n\n{OUTLOOK}", "Taken."),
    ],
)
def test_what_outlook_forwards_is_told_by_its_subject(subject: str, text: str, words: str) -> None:
    """Above what is forwarded it writes the same lines as above what is answered, and those were cut off."""
    assert from_mail(text, subject) == words
    assert from_html(text.replace("\n", "<br>"), subject=subject) == words


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        (
            '<div dir="ltr">See below<br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">---------- Forwarded message '
            "---------<br>From: <b>Eva</b> &lt;eva@client.example&gt;<br>Subject: Contract<br></div><br><p>We want it</p>"
            "<blockquote>older</blockquote></div></div>",
            "See below\nWe want it",
        ),
        (
            '<div><blockquote type="cite"><div>Begin forwarded message:</div><br><div><b>From: </b>Eva</div><div><b>Subject: '
            "</b>Contract</div><br><div>We want it</div></blockquote></div>",
            "We want it",
        ),
        ('<p>Done</p><div class="gmail_quote">On 6 July Eva wrote:<blockquote>We want it</blockquote></div>', "Done"),
        ('<p>Done</p><div class="yahoo_quoted">On 6 July 2026, Eva wrote: We want it</div>', "Done"),
    ],
)
def test_markup_keeps_what_is_forwarded_and_drops_what_is_answered(markup: str, words: str) -> None:
    assert from_html(markup) == words


def test_a_mail_of_nothing_but_such_lines_is_read_in_no_time() -> None:
    assert from_mail("---------- Forwarded message ---------\nFrom: x\n\n" * 3_000) == ""


# Slack


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Release on <!date^1784000000^{date_num}|2026-07-14> at noon", "Release on 2026-07-14 at noon"),
        ("Mine\n&gt;&gt;&gt; theirs\nand theirs", "Mine"),
    ],
)
def test_a_date_is_a_word_and_a_quote_to_the_end_is_none_slack_go_991(text: str, words: str) -> None:
    assert from_mrkdwn(text) == words


EMAIL = {
    "mode": "email",
    "filetype": "email",
    "name": "Contract",
    "title": "Contract",
    "subject": "Contract with Norden",
    "from": [{"address": "eva@client.example", "name": "Eva Roth"}],
    "plain_text": "Hi, we sign PAY-12 on Monday.\n\nOn 6 July 2026 at 10:00, Ann wrote:\n> old words",
    "preview_plain_text": "Hi, we sign",
}


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ([EMAIL], "Contract with Norden\nHi, we sign PAY-12 on Monday."),
        ([{**EMAIL, "plain_text": None}], "Contract with Norden\nHi, we sign"),
        ([{**EMAIL, "plain_text": None, "preview_plain_text": "", "subject": None}], "Contract"),
        ([{"title": "Works_council_agreement-v3.docx", "name": "a.docx"}], "Works council agreement-v3"),
        ([{"title": "", "name": "PAY-12_mockup.final.png"}], "PAY-12 mockup.final"),
        ([{"title": "Q3 pricing"}, {"name": "Offer Norden.pdf"}], "Q3 pricing\nOffer Norden"),
        ([{"title": "Rollout plan", "mode": "canvas"}], "Rollout plan"),
        ([{"title": "log", "mode": "snippet", "preview": "SELECT 1", "plain_text": "SELECT 1"}], "log"),
        ([{"title": "Screenshot 2026-07-14 at 10.22.31.png"}, {"name": "image.png"}, {"name": "IMG_0042.HEIC"}], ""),
        (
            [
                {"title": "3f9a2c11-77de-4b1c-9d2e-5a0b7c8d9e0f.jpg"},
                {"title": "Bildschirmfoto 2026-07-14 um 10.22.png"},
            ],
            "",
        ),
        ([{"title": "audio_message.m4a", "subtype": "slack_audio"}, {"name": "Voice message (3).mp4"}], ""),
        ([{"id": "F1", "mode": "tombstone"}, {"mode": "hidden_by_limit"}, None, 5, {"title": 7, "subject": 3}], ""),
        ("none", ""),
    ],
)
def test_a_message_with_files_alone_says_what_they_are_called_slack_mcp_server_191_metabase_82631_supertool_2068(
    files: Any, words: str
) -> None:
    """A mail that came into a channel is its words; of other files only the name is read, and none that a camera gave."""
    item, signal = parse_message({"ts": "1784000000.000100", "user": "U1", "text": "", "files": files}, "sales", "C1")
    assert item is not None
    assert signal is not None
    assert (item.text, signal.text) == (words, words)
    assert signal.mentions == (("PAY-12",) if "PAY-12" in words else ())


def test_files_stand_beside_what_is_said_and_come_with_what_is_forwarded_hermes_agent_96384() -> None:
    forwarded = {"is_share": True, "text": "the offer", "files": [{"title": "Offer Norden.pdf"}]}
    message = {"ts": "1784000000.000100", "text": "Please look", "files": [EMAIL], "attachments": [forwarded]}
    _, signal = parse_message(message, "sales", "C1")
    assert signal is not None
    assert signal.text is not None
    assert signal.text.splitlines() == [
        "Please look",
        "Contract with Norden",
        "Hi, we sign PAY-12 on Monday.",
        "the offer",
        "Offer Norden",
    ]


def test_a_mail_that_comes_into_a_channel_is_read_and_nobodys_work_slack_mcp_server_192_slack_go_1521(
    few: Simulator, puller: Puller
) -> None:
    """Slack posts it as its own bot; whoever forwards one by hand has done so. Nothing of the sender is kept."""
    first = max(float(message.ts) for message in few.world.messages) + 60
    for number, user in enumerate((None, 3)):
        message = Message("sales", f"{first + number:.6f}", user, "", files=[EMAIL])
        few.world.messages.append(message)
    few.slack._kept.clear()
    puller.pull("slack")
    channel = next(id_ for id_, name in few.slack.channels.items() if name == "sales")
    for number, user in enumerate((None, "U00000003")):
        item, (signal,) = kept(puller, f"{channel}:{first + number:.6f}")
        assert signal.text == "Contract with Norden\nHi, we sign PAY-12 on Monday."
        assert item.automated is (user is None)
        assert "eva" not in f"{item.text} {signal.text}".lower()


def test_whoever_has_two_ids_is_one_person_bolt_js_2608_slack_mcp_server_175(few: Simulator, puller: Puller) -> None:
    """Since the workspace joined an organisation: messages name the one of the organisation, the list of members both."""

    def joined(path: str, answer: Any) -> Any:
        for user in answer.get("members", []):
            if not user["is_bot"]:
                user["enterprise_user"] = {"id": f"W{user['id'][1:]}", "enterprise_id": "E1", "teams": ["T00000001"]}
        for message in answer.get("messages", []):
            if str(message.get("user", "")).startswith("U0"):
                message["user"] = f"W{message['user'][1:]}"
        return answer

    answering(few, joined)
    puller.pull("slack")
    with puller.sessions() as session:
        addresses = dict(
            session.execute(select(Account.external_id, Account.email).where(Account.source == "slack")).all()
        )
        authors = set(session.scalars(select(Signal.account).where(Signal.source == "slack"))) - {BOT_ID}
    assert len(authors) > 2
    for author in authors:
        assert author is not None
        assert author.startswith("W")
        assert addresses[author]
        assert addresses[author] == addresses[f"U{author[1:]}"]


# HubSpot


def on_a_deal(few: Simulator, type_: str, **properties: str) -> Record:
    """A new engagement on the first deal, of its owner."""
    deal = next(record for record in few.world.records if record.type == "deals")
    owner = {"hubspot_owner_id": deal.properties["hubspot_owner_id"], "hs_timestamp": "2026-06-30T10:00:00.000Z"}
    record = Record(type_, 900_000 + len(few.world.records), owner | properties, NOW, NOW, [("deals", deal.id)])
    few.world.records.append(record)
    return record


def test_a_mail_of_which_there_is_only_markup_has_its_words_customeros_1212(few: Simulator, puller: Puller) -> None:
    """As programs log them; where there is plain text no more is asked for."""
    markup = "<div>We sign <b>PAY-12</b> on Monday</div><blockquote>old</blockquote>"
    sent = {"hs_email_subject": "Contract", "hs_email_direction": "EMAIL", "hs_email_html": markup}
    bare = on_a_deal(few, "emails", **sent)
    both = on_a_deal(few, "emails", **sent, hs_email_text="Plain")
    none = on_a_deal(few, "emails", hs_email_subject="Contract", hs_email_direction="EMAIL")
    puller.pull("hubspot")
    with puller.sessions() as session:
        found = dict(session.execute(select(Signal.external_id, Signal.text).where(Signal.source == "hubspot")).all())
    assert found[f"emails:{bare.id}"] == "Contract\nWe sign PAY-12 on Monday"
    assert found[f"emails:{both.id}"] == "Contract\nPlain"
    assert found[f"emails:{none.id}"] == "Contract"


def test_what_is_written_to_a_customer_elsewhere_counts_as_a_mail_does_pipedream_11809_12868(
    few: Simulator, puller: Puller
) -> None:
    """HubSpot keeps WhatsApp, SMS and LinkedIn as objects of a kind of their own, which was not read."""
    kind = {"hs_communication_channel_type": "WHATS_APP"}
    record = on_a_deal(few, "communications", hs_communication_body="<p>Firmamos el <b>lunes</b></p>", **kind)
    puller.pull("hubspot")
    with puller.sessions() as session:
        (signal,) = session.scalars(select(Signal).where(Signal.external_id == f"communications:{record.id}"))
    assert (signal.kind, signal.text) == ("email", "Firmamos el lunes")
    assert signal.item == f"deals:{record.links[0][1]}"
    assert signal.account == record.properties["hubspot_owner_id"]
    record.archived = True
    puller.sweep("hubspot")
    assert f"communications:{record.id}" not in puller.kept("hubspot")


def test_a_queue_that_owns_tickets_is_nobody_help_desk_owners(few: Simulator, puller: Puller) -> None:
    """HubSpot lists the help desk's queues among the owners."""

    def queued(path: str, answer: Any) -> Any:
        if "/owners" in path:
            for number, owner in enumerate(answer["results"]):
                owner["type"] = "QUEUE" if number == 0 else "PERSON"
        return answer

    answering(few, queued)
    puller.pull("hubspot")
    with puller.sessions() as session:
        bots = list(session.scalars(select(Account).where(Account.source == "hubspot", Account.bot)))
    assert len(bots) == 1


# Jira


def adf(*nodes: Any) -> str:
    return from_adf({"type": "doc", "content": list(nodes)})


def inline(*nodes: Any) -> Any:
    return {"type": "paragraph", "content": [{"type": "text", "text": n} if isinstance(n, str) else n for n in nodes]}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (adf(inline({"type": "inlineCard", "attrs": {"data": {"url": "https://x.example/browse/PAY-12"}}})), "PAY-12"),
        (adf({"type": "embedCard", "attrs": {"data": {"@id": "https://x.example/browse/PAY-12"}}}), "PAY-12"),
        (adf(inline("due ", {"type": "date", "attrs": {"timestamp": "1745798400000"}}, ".")), "due 2025-04-28."),
        (adf(inline("due ", {"type": "date", "attrs": {"timestamp": 1745798400}}, ".")), "due 2025-04-28."),
        (adf(inline("due ", {"type": "date", "attrs": {"timestamp": "9" * 30}}, ".")), "due ."),
        (adf(inline("It is", {"type": "status", "attrs": {"text": "IN REVIEW"}}, "now")), "It is IN REVIEW now"),
        (
            adf(
                {
                    "type": "tableRow",
                    "content": [
                        {"type": "tableHeader", "content": [{"type": "text", "text": "Repo"}]},
                        {"type": "tableCell", "content": [{"type": "text", "text": "Owner"}]},
                    ],
                }
            ),
            "Repo\nOwner",
        ),
    ],
)
def test_nodes_that_hold_words_elsewhere_are_read_and_apart_decocms_6645_jira_el_19_tickety_tick_326(
    text: str, words: str
) -> None:
    """A card may name its issue in `data`, a date is a number, and cells need not hold paragraphs."""
    assert (issue_keys(text) == (words,)) if words == "PAY-12" else text == words


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ("||Repo||Owner||\n|api|[Ann|https://x.example/browse/PAY-2]|", "Repo Owner\napi Ann PAY-2"),
        ("Blah\n{code:bash}$ ssh-keygen\n$ x{code}\nYada", "Blah\nYada"),
        ("{noformat}a {code} b{noformat} c", "c"),
        ("{panel:title=Rollout|borderStyle=dashed}\nin two steps{panel}", "Rollout\nin two steps"),
        ("{expand:title=Details}more{expand} {status:colour=Green|title=DONE}", "Details\nmore DONE"),
        ("{section}{column:width=50%}left{column}{section}", "left"),
        (r"first\\second \[not a link\] {{GET /users/{id}}}", "first\nsecond [not a link] GET /users/{id}"),
        ("GET /users/{id}/{name}", "GET /users/{id}/{name}"),
        ("{*}bold{*}, -old plan-, spring-cloud-config 2026-03-28", "bold, -old plan-, spring-cloud-config 2026-03-28"),
        ("see [^offer.pdf] [mailto:ann@x.example]\n----\nR&amp;D&nbsp;now", "see ann@x.example\nR&D now"),
        ("{quote}said{quote} [PAY-1] [~accountid:5f:7a]", "said [PAY-1] @someone"),
        ("{code}never closed", "{code}never closed"),
    ],
)
def test_wiki_markup_leaves_its_marks_and_no_word_behind_rhdh_skills_40_pandoc_9310_jira_cli_326_cognitive_core_198(
    markup: str, words: str
) -> None:
    assert from_wiki(markup) == words


@pytest.mark.parametrize("part", ["[~", "[^", "*a ", "[a|", "[a@", "{expand:title=", "{{", "!a.", "_x "])
def test_markup_that_is_never_closed_is_read_in_no_time(part: str) -> None:
    """A line of 32,767 characters, the most that Jira takes, took a minute."""
    began = process_time()
    from_wiki(part * (32_767 // len(part)))
    assert process_time() - began < 3
