"""Alembic migrations, run by `upgrade`; also through `alembic -c alembic.ini`.

Alembic is imported only where something is to be migrated: every command asks first whether its database is current.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, create_engine, inspect, text
from sqlalchemy.exc import OperationalError

if TYPE_CHECKING:
    from alembic.config import Config

_LOCK = 0x4C656577
_LONGEST_WAIT = "15s"
"""For a table that somebody holds; whoever comes after stands behind us, so that a page stands still for so long at most."""
_NOT_AVAILABLE = "55P03"


@cache
def _newest() -> str:
    """The newest revision: files of versions/ begin with theirs, in order."""
    return revisions()[-1]


def _revision(connection: Connection) -> str | None:
    """The database's revision; None where it is empty."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found


def _config() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config


class UpgradeError(Exception):
    """The database cannot be brought to this version; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Step:
    """A migration that is still to be done, and what it is for."""

    revision: str
    about: str


def upgrade(engine: Engine, version: str = "") -> None:
    """Bring the database to the newest version; nothing happens where it is there already.

    `version` is Leeway's, kept for the sentence that an older one says. Raises UpgradeError where a newer one wrote the database.
    """
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":  # of many that start at once, the others wait for the first
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        if _revision(connection) != _newest():
            _upgrade(connection)
        if version:
            _note(connection, version)


def pending(engine: Engine) -> list[Step]:
    """Migrations that `upgrade` would do, oldest first. Raises UpgradeError as `upgrade` does."""
    from alembic.script import ScriptDirectory

    with engine.connect() as connection:
        at = _known_revision(connection)
    steps = list(ScriptDirectory.from_config(_config()).iterate_revisions("head", at or "base"))
    return [Step(one.revision, (one.doc or "").partition("\n")[0]) for one in reversed(steps)]


def rehearse(engine: Engine) -> None:
    """Do the pending migrations and leave the database as it was: PostgreSQL takes them back, of SQLite a copy is used."""
    if engine.dialect.name == "sqlite":
        with TemporaryDirectory(prefix="leeway-upgrade-") as folder:
            copy = create_engine(f"sqlite:///{folder}/copy.db")
            with engine.connect() as real, copy.connect() as other:
                real.connection.driver_connection.backup(other.connection.driver_connection)  # type: ignore[union-attr]
            upgrade(copy)
            copy.dispose()
        return
    with engine.connect() as connection, connection.begin() as transaction:
        _upgrade(connection)
        transaction.rollback()


def upgrade_to(engine: Engine, revision: str) -> None:
    """Bring a database to a revision that this version knows, as an older version would have had it."""
    with engine.begin() as connection:
        _upgrade(connection, revision)


def revisions() -> list[str]:
    """All that this version knows, oldest first."""
    return sorted(path.name[:4] for path in (Path(__file__).parent / "versions").glob("[0-9]*.py"))


def _upgrade(connection: Connection, revision: str = "head") -> None:
    from alembic import command

    _known_revision(connection)
    if connection.dialect.name == "sqlite" and not connection.connection.driver_connection.in_transaction:  # type: ignore[union-attr]
        # Python's driver begins none for CREATE and ALTER: one that is killed between two of them could not be resumed.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    config = _config()
    config.attributes["connection"] = connection
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_LONGEST_WAIT}'")
    try:
        command.upgrade(config, revision)
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) != _NOT_AVAILABLE:
            raise
        raise UpgradeError(
            f"the database is of an older version, and others hold its tables{_holders(connection)}. Nothing was changed. "
            "Stop all other processes of Leeway, and let a pg_dump end; then start again."
        ) from None


def _holders(ours: Connection) -> str:
    """Who has had a transaction open for longest, as PostgreSQL names them."""
    query = text(
        "SELECT pid, coalesce(nullif(application_name, ''), 'no name'), xact_start FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid NOT IN (pg_backend_pid(), :ours) AND xact_start IS NOT NULL "
        "AND wait_event_type IS DISTINCT FROM 'Lock' ORDER BY xact_start LIMIT 3"
    )
    pid = ours.connection.driver_connection.info.backend_pid  # type: ignore[union-attr]
    with ours.engine.connect() as connection:
        rows = connection.execute(query, {"ours": pid})
        found = [f"{pid} ({name}) since {since:%H:%M:%S}" for pid, name, since in rows]
    return f" (server processes {', '.join(found)})" if found else ""


def _known_revision(connection: Connection) -> str | None:
    """The database's revision, None where it is empty.

    Raises UpgradeError where this version does not know it, or the tables there are another program's.
    """
    from alembic.script import ScriptDirectory

    found = _revision(connection)
    _refuse_a_strangers(connection, found)
    known = {one.revision for one in ScriptDirectory.from_config(_config()).walk_revisions()}
    if found is None or found in known:
        return found
    by = None
    if inspect(connection).has_table("installed"):
        by = connection.scalar(text("SELECT version FROM installed WHERE revision = :found"), {"found": found})
    written = f"Leeway {by}" if by else "a newer version of Leeway"
    raise UpgradeError(
        f"the database was written by {written} (revision {found}), and this version knows revisions up to {max(known)}. "
        f"Install {written} again, or restore the backup of before the upgrade (docs/operations.md, Upgrading)."
    )


def _refuse_a_strangers(connection: Connection, found: str | None) -> None:
    """Alembic keeps its revision under one name for all programs, and what they number is often numbered alike."""
    from models import Base

    there = set(inspect(connection).get_table_names())
    ours = there & set(Base.metadata.tables)
    if (found is not None and "work_item" in ours) or (found is None and not ours):
        return
    whose = f"it is at revision {found} of its migrations" if found is not None else f"it has a table {min(ours)}"
    raise UpgradeError(
        f"the database belongs to another program ({whose}). Nothing was changed. Give Leeway a database of its own "
        "(CREATE DATABASE leeway) and set database.url to it."
    )


def _note(connection: Connection, version: str) -> None:
    row = {"revision": _newest(), "version": version, "at": datetime.now(UTC)}
    if connection.scalar(text("SELECT 1 FROM installed WHERE revision = :revision"), row) is None:
        connection.execute(text("INSERT INTO installed (revision, version, at) VALUES (:revision, :version, :at)"), row)


def is_current(engine: Engine) -> bool:
    """Whether the database has the newest version."""
    with engine.connect() as connection:
        return _revision(connection) == _newest()
