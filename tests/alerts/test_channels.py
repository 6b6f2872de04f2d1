"""Mail and Microsoft Teams as channels, on real loopback servers; one that is dead leaves the others on time."""

import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from alerts.email import EmailChannel
from alerts.mail import Mailer, Smtp
from alerts.retry import CLAIM
from alerts.teams import LARGEST, TeamsChannel
from models import Drift
from simulator.server import Simulator
from tests.alerts.test_delivery import begun, changes, raise_one, raise_some, round_of, rows, slack, told
from tests.alerts.test_digest import Mailbox, mailbox  # noqa: F401 - a fixture
from tests.alerts.test_slack import NOW


@pytest.fixture
def engine(lite: Engine) -> Engine:
    return lite


class Hook(ThreadingHTTPServer):
    """Takes cards as a workflow does."""

    cards: list[dict[str, Any]]
    sizes: list[int]
    status = 202


@pytest.fixture
def hook() -> Iterator[Hook]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            server.sizes.append(len(body))
            server.cards.append(json.loads(body)["attachments"][0]["content"])
            self.send_response(server.status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = Hook(("127.0.0.1", 0), Handler)
    server.cards, server.sizes = [], []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def teams(hook: Hook) -> TeamsChannel:
    return TeamsChannel(f"http://127.0.0.1:{hook.server_address[1]}/workflows/sekret", page="https://leeway.example")


def dead_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def test_one_dead_channel_of_each_kind_leaves_the_others_on_time(
    company: Simulator,
    sessions: sessionmaker[Session],
    hook: Hook,
    mailbox: tuple[Mailbox, Smtp],  # noqa: F811
) -> None:
    box, smtp = mailbox
    raise_one(sessions)
    company.slack.archived.add("leadership")
    dead = TeamsChannel(f"http://127.0.0.1:{dead_port()}/sekret")
    dead.name = "teams dead"
    given = (
        slack(company),
        dead,
        teams(hook),
        EmailChannel(Mailer(smtp), "anton@velora.example"),
        EmailChannel(Mailer(smtp), "coo@velora.example"),
    )
    first = round_of(sessions, company, NOW, *given)
    assert first.notices == 2
    assert [error.split(":")[0] for error in first.errors] == [
        "Slack channel #leadership",
        "Microsoft Teams",
        "e-mail to anton@velora.example",
    ]
    assert "sekret" not in str(first.errors)
    assert {row.channel: bool(row.error) for row in rows(sessions)}["slack"]
    company.slack.archived.clear()
    assert told(sessions, company, NOW, *given) == 1  # only what failed is tried again
    assert (len(hook.cards), len(box.mails), len(company.world.posted)) == (1, 1, 1)


def test_racing_workers_send_one_card_and_one_mail_and_news_follows_once(
    company: Simulator,
    sessions: sessionmaker[Session],
    hook: Hook,
    mailbox: tuple[Mailbox, Smtp],  # noqa: F811
) -> None:
    box, smtp = mailbox
    id_ = raise_one(sessions)
    given = (teams(hook), EmailChannel(Mailer(smtp), "coo@velora.example", page="https://leeway.example"))
    with ThreadPoolExecutor(3) as pool:
        assert sum(pool.map(lambda _: told(sessions, company, NOW, *given), range(3))) == 2
    card, mail = hook.cards[0], box.mails[0]
    assert card["actions"][0]["url"] == f"https://leeway.example/drifts/{id_}"
    assert "18 of 100 working days" in card["body"][0]["text"]
    text = mail.get_body(("plain",))
    assert text is not None
    assert "To decide:" in text.get_content()
    with sessions.begin() as session:
        session.get_one(Drift, id_).state = "recovered"
    assert [changes(sessions, company, NOW, *given) for _ in range(2)] == [2, 0]
    assert box.mails[1]["In-Reply-To"] == mail["Message-ID"]
    assert "recovered" in json.dumps(hook.cards[1])


def test_a_crash_between_send_and_record_is_healed(
    company: Simulator,
    sessions: sessionmaker[Session],
    hook: Hook,
    mailbox: tuple[Mailbox, Smtp],  # noqa: F811
) -> None:
    box, smtp = mailbox
    id_ = raise_one(sessions)
    email = EmailChannel(Mailer(smtp), "coo@velora.example")
    told(sessions, company, NOW, email)
    with sessions.begin() as session:
        session.query(type(rows(sessions)[0])).delete()
    begun(sessions, [id_], channel=email.name)
    begun(sessions, [id_], channel="teams")
    assert told(sessions, company, NOW + CLAIM * 2, email, teams(hook)) == 2
    assert len({mail["Message-ID"] for mail in box.mails}) == 1  # a mailbox shows it once
    assert "Sent again" in json.dumps(hook.cards[0])
    assert all(row.sent_at and not row.tried_at for row in rows(sessions))


def test_forty_teams_are_cut_at_whole_lines_and_stay_within_the_limits(
    company: Simulator, sessions: sessionmaker[Session], hook: Hook
) -> None:
    raise_some(sessions, *({"scope": f"team {n:02} {'x' * 50}"} for n in range(40)))
    assert told(sessions, company, NOW, slack(company), teams(hook)) == 2
    said = company.world.posted[0]["blocks"][1]["text"]["text"].splitlines()
    shown = [line for line in said if line.startswith("• ")]
    assert said[-1] == f"and {40 - len(shown)} more teams"
    assert all(line.endswith("29 June") for line in shown)
    assert hook.sizes[0] <= LARGEST
    assert {row.sent_at for row in rows(sessions)} == {NOW}
