"""A company of a few issues, messages, records and commits, so that a pull costs next to nothing."""

import pickle
from functools import cache
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from connectors.base import Connector
from models import Failure, Signal, StreamCursor, WorkItem, connect
from pipeline.ingest import pull as ingest
from pipeline.ingest import sweep as sweeps
from simulator.api.config import ApiConfig
from simulator.code import Code
from simulator.server import Simulator
from tests.conftest import LONG_AGO, _three_weeks, connect_to, newest_sqlite

SOURCES = ("jira", "slack", "hubspot")
CHANNELS = ["platform", "sales"]


def served() -> Simulator:
    """That company, to be served."""
    world, code = pickle.loads(_few())  # noqa: S301 - made below
    company = Simulator(world, ApiConfig(speed=10_000))
    company.github.code = code
    return company


@cache
def _few() -> bytes:
    """Made once: a test gets a copy, which it may change."""
    world = pickle.loads(_three_weeks())  # noqa: S301 - made by the tests themselves
    code = Code(world, ("fleet",), most=3)
    epics = [issue for issue in world.issues if issue.type == "Epic"][:2]
    stories = [issue for issue in world.issues if issue.type != "Epic" and issue.comments and issue.worklogs][:4]
    for story in stories:
        story.parent = epics[0]
    world.issues = epics + stories
    roots = [m for m in world.messages if m.channel == "platform" and not m.thread]
    roots.sort(key=lambda m: -sum(other.thread == m.ts for other in world.messages))
    others = [m.ts for m in world.messages if m.channel == "sales" and not m.thread]
    kept = {*(m.ts for m in roots[:5]), *others[:4]}
    world.messages = [m for m in world.messages if (m.thread or m.ts) in kept and m.channel in CHANNELS]
    deals = [record for record in world.records if record.type == "deals"][:3]
    names = {("deals", deal.id) for deal in deals}
    hung = [r for r in world.records if r.links and r.links[0] in names][:6]
    world.records = deals + hung
    return pickle.dumps((world, code))


class Puller:
    """A database, and pulls of these few into it."""

    def __init__(self, company: Simulator, folder: Path) -> None:
        self.company = company
        self.projects = sorted({issue.project for issue in company.world.issues})
        engine = connect(newest_sqlite(folder / "few.db"))
        self.sessions: sessionmaker[Session] = sessionmaker(engine)

    def connector(self, source: str, **changes: object) -> Connector:
        listed: dict[str, dict[str, object]] = {"slack": {"channels": CHANNELS}, "jira": {"projects": self.projects}}
        return connect_to(self.company, source, **(listed.get(source, {}) | changes))

    def pull(self, source: str, **changes: object) -> dict[str, int]:
        return ingest.pull(self.connector(source, **changes), self.sessions, LONG_AGO)

    def sweep(self, source: str, force: bool = False, **changes: object) -> dict[str, int]:
        return sweeps.sweep(self.connector(source, **changes), self.sessions, force=force)

    def retry(self, source: str) -> None:
        sweeps.retry_failed(self.connector(source), self.sessions)

    def kept(self, source: str) -> set[str]:
        with self.sessions() as session:
            found = set(session.scalars(select(Signal.external_id).where(Signal.source == source)))
            return found | set(session.scalars(select(WorkItem.external_id).where(WorkItem.source == source)))

    def failures(self) -> dict[str, str]:
        with self.sessions() as session:
            return {row.external_id: row.reason for row in session.scalars(select(Failure))}

    def errors(self) -> dict[str, str]:
        with self.sessions() as session:
            rows = session.execute(
                select(StreamCursor.stream, StreamCursor.error).where(StreamCursor.error.is_not(None))
            )
            return {stream: str(error) for stream, error in rows}


def rename_channel(company: Simulator, name: str, to: str) -> None:
    """Its id and what is in it stay, and Slack keeps the name that it had."""
    slack = company.slack
    id_ = next(id_ for id_, known in slack.channels.items() if known == name)
    slack.channels[id_] = to
    slack.renamed.setdefault(id_, []).insert(0, name)
    for message in company.world.messages:
        if message.channel == name:
            message.channel = to
    slack._kept.clear()


def renumber_channel(company: Simulator, name: str, to: str) -> None:
    """Give it another id, as Slack does where a private one is shared; what it had is answered to no more."""
    slack = company.slack
    slack.channels = {to if known == name else id_: known for id_, known in slack.channels.items()}
    slack._kept.clear()
