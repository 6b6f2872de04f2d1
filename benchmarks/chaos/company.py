"""The company that chaos is tried on, and where its alerts and mails go: a channel and a mailbox can be dead, a relay slow."""

import asyncio
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller

from simulator.api.config import ApiConfig
from simulator.server import Simulator, simulate

TODAY = date(2026, 7, 10)
NOW = datetime(2026, 7, 10, 20, tzinfo=UTC)
SILENT_FROM = datetime(2026, 7, 2, tzinfo=UTC)
"""Nobody has written in Slack since: a fault of the data, which the ops channel is told of."""
OPS = "ops-alerts"
READER, REFUSED, SLOW = "coo@velora.example", "anton.weiss@velora.example", "carla.jung@velora.example"
"""Three who get the alerts by mail; the last two lead a team, and get its digest as well."""
SECONDS_OF_SLOW, PATIENCE = 1.5, 40.0


@dataclass
class Mails:
    """A mail server's side: keeps what it takes, of each its recipient, Message-ID and subject.

    With `dead` it refuses one mailbox and is slow for another: an alert to that one is taken only after all others have
    it, or after PATIENCE, and is then in `late`: whoever sent them waited for the slow one.
    """

    dead: bool = False
    taken: list[tuple[str, str, str]] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    tries: Counter[str] = field(default_factory=Counter)
    others_have: Callable[[str], bool] = lambda subject: True

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        """550 for the dead mailbox."""
        self.tries[address] += 1
        if self.dead and address == REFUSED:
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Take it, at once or slowly."""
        mail: EmailMessage = message_from_bytes(envelope.content, policy=policy.default)  # type: ignore[arg-type]
        address, subject = envelope.rcpt_tos[0], str(mail["Subject"]).strip()  # a long one begins on its second line
        if self.dead and address == SLOW:
            await self._slowly(subject, is_alert="unsubscribe%20alert" in str(mail["List-Unsubscribe"]))
        self.taken.append((address, str(mail["Message-ID"]), subject))
        return "250 OK"

    async def _slowly(self, subject: str, is_alert: bool) -> None:
        await asyncio.sleep(SECONDS_OF_SLOW)
        waited = SECONDS_OF_SLOW
        while is_alert and not self.others_have(subject):
            if waited > PATIENCE:
                self.late.append(subject)
                return
            await asyncio.sleep(0.1)
            waited += 0.1

    def has(self, address: str, subject: str) -> bool:
        """Whether this mailbox has a mail with that subject."""
        return any((to, about) == (address, subject) for to, _, about in self.taken)

    def each_once(self) -> list[tuple[str, str]]:
        """Recipient and subject of each mail; those of one Message-ID are one mail, which a reader shows once."""
        return sorted(
            (to, subject) for to, _, subject in {(to, id_): (to, id_, s) for to, id_, s in self.taken}.values()
        )


@dataclass
class Company:
    """The simulated company, and what it was told."""

    simulator: Simulator
    port: int
    mails: Mails

    def sections(self) -> dict[str, dict[str, Any]]:
        """The company's settings: alerts at any hour, in two channels of Slack and to three mailboxes."""
        found = self.simulator.settings()
        found["slack"] |= {"ops_channel": OPS}
        return found | {
            "history": {"weeks": 16},
            "alerts": {"from_hour": 0, "to_hour": 24, "any_day": True, "emails": [READER, REFUSED, SLOW]},
            "smtp": {"host": "127.0.0.1", "port": self.port, "sender": "leeway@velora.example", "security": "none"},
        }

    def posts(self) -> list[dict[str, Any]]:
        """The alerts in Slack with their channels' names, without what was said in their threads."""
        names = self.simulator.slack.channels
        told = [one for one in self.simulator.world.posted if "metadata" in one and "thread_ts" not in one]
        return [one | {"channel": names.get(one["channel"], one["channel"])} for one in told]

    def forget(self, dead: bool) -> None:
        """As if nobody was ever told; from now on one channel and one mailbox are dead and a relay is slow, or all are well."""
        self.simulator.world.posted.clear()
        self.simulator.slack.archived = {OPS} if dead else set()
        self.mails.dead = dead
        for kept in (self.mails.taken, self.mails.late, self.mails.tries):
            kept.clear()

    def others_have(self, subject: str) -> bool:
        """Whether an alert that the slow mailbox waits for is where it should be: in Slack and with the other reader."""
        return self.mails.has(READER, subject) and any(one["text"] == subject for one in self.posts())


@contextmanager
def open_company() -> Iterator[Company]:
    """The company and its mail server, on loopback, while it is open."""
    mails = Mails()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(mails, hostname="127.0.0.1", port=port)
    with simulate(TODAY, 7, ApiConfig(speed=10_000, frozen=True)) as simulator:
        world = simulator.world
        world.messages = [one for one in world.messages if float(one.ts) < SILENT_FROM.timestamp()]
        simulator.slack.channels["C00000099"] = OPS
        company = Company(simulator, port, mails)
        mails.others_have = company.others_have
        controller.start()
        try:
            yield company
        finally:
            controller.stop()
