"""Upgrade an older version's export: load it into a SQLite file with that version's schema, and migrate it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

from sqlalchemy import Engine, MetaData, create_engine

import migrations
from leeway.export_rows import lots


@contextmanager
def brought_up(archive: ZipFile, revision: str, rows: Mapping[str, int]) -> Iterator[tuple[Engine, Path]]:
    """A database of the newest version with what the archive holds, which is of an older revision, and the folder of it.

    Only its owner may read the folder, which is gone afterwards. Raises Damaged.
    """
    with TemporaryDirectory(prefix="leeway-import-") as folder:
        engine = create_engine(f"sqlite:///{folder}/old.db")
        try:
            migrations.upgrade_to(engine, revision)
            _fill(engine, archive, rows)
            migrations.upgrade(engine)
            yield engine, Path(folder)
        finally:
            engine.dispose()


def _fill(engine: Engine, archive: ZipFile, rows: Mapping[str, int]) -> None:
    with engine.begin() as connection:
        tables = MetaData()
        tables.reflect(connection)
        for table in tables.sorted_tables:
            for some in lots(archive, table, rows[table.name]) if table.name in rows else ():
                connection.execute(table.insert(), some)
