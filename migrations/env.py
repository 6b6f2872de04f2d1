"""Alembic's entry point. The connection comes from `migrations.upgrade`, else from `-x url=...`."""

from alembic import context
from sqlalchemy import Connection, create_engine

from models.base import Base


def _run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":  # many workers may start at once; one migrates, the others wait
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(4815162342)")
        context.run_migrations()


connection = context.config.attributes.get("connection")
if connection is not None:
    _run(connection)
else:
    engine = create_engine(context.get_x_argument(as_dictionary=True)["url"])
    with engine.begin() as connection:
        _run(connection)
