"""PostgreSQL databases that cannot hold what they are given are said at once, not in the middle of a pull.

Reported of others: IQSS/dataverse #8278, Kinto/kinto PR #453 (databases in SQL_ASCII).
"""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, make_url, text
from sqlalchemy.exc import DBAPIError, OperationalError

import migrations
from leeway import __version__
from leeway.app import App
from leeway.check import _database as checked
from leeway.doctor import diagnose
from leeway.errors import database_fault, expected
from leeway.settings import Settings
from models import connect
from models.session import DatabaseUnfit
from tests.conftest import administer, database, drop


@pytest.fixture
def narrow(postgres: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database in another encoding than UTF-8."""
    name = f"in_{request.param}".lower()
    with administer(postgres) as connection:
        made = f"CREATE DATABASE {name} ENCODING '{request.param}' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"
        connection.execute(text(made))
    address = make_url(postgres).set(database=name).render_as_string(hide_password=False)
    yield address
    drop(postgres, address)


@pytest.mark.parametrize("narrow", ["LATIN1", "SQL_ASCII"], indirect=True)
def test_one_that_has_not_every_character_is_refused_when_it_is_connected(narrow: str) -> None:
    with pytest.raises(DatabaseUnfit, match=r"encoding is .*ENCODING 'UTF8'") as caught:
        connect(narrow).connect()
    assert expected(caught.value) == str(caught.value)
    (row,) = checked(App(Settings.model_validate({"database": {"url": narrow}})))
    assert not row.ok
    assert "ENCODING 'UTF8'" in row.found


def test_what_the_environment_says_of_encodings_changes_nothing(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    other = connect(engine.url.render_as_string(hide_password=False))
    with other.connect() as connection:
        assert connection.scalar(text("SELECT '🚲 ł' || '漢'")) == "🚲 ł漢"
    other.dispose()


def test_time_outs_for_short_statements_end_no_long_chunk_proletarian_26_babushka_deps_28(
    postgres: str, postgres_url: str
) -> None:
    name = make_url(postgres_url).database
    given = {"statement_timeout": "3s", "idle_in_transaction_session_timeout": "2s", "lock_timeout": "1s"}
    with administer(postgres) as connection:
        for setting, value in [*given.items(), ("default_transaction_isolation", "serializable")]:
            connection.execute(text(f"ALTER DATABASE {name} SET {setting} = '{value}'"))
    asked = text(
        "SELECT current_setting('statement_timeout'), current_setting('idle_in_transaction_session_timeout'), "
        "current_setting('lock_timeout'), current_setting('transaction_isolation')"
    )
    for address, first in (
        (postgres_url, "0"),
        (make_url(postgres_url).update_query_dict({"options": "-c statement_timeout=60000"}), "1min"),
    ):
        engine = connect(address if isinstance(address, str) else address.render_as_string(hide_password=False))
        with engine.connect() as connection:
            assert tuple(connection.execute(asked).one()) == (first, "0", "0", "read committed")
        engine.dispose()


def test_a_standby_is_told_by_check_and_doctor(postgres_template: str, postgres: str) -> None:
    address = database(postgres, "standby", postgres_template)
    engine = connect(address)
    migrations.upgrade(engine, __version__)  # as the primary server's processes did
    engine.dispose()
    with administer(postgres) as connection:
        connection.execute(text("ALTER DATABASE standby SET default_transaction_read_only = on"))
    app = App(Settings.model_validate({"database": {"url": address}}))
    first = next(iter(checked(app)))
    assert (first.ok, "is read-only" in first.found, "primary" in first.fix) == (False, True, True)
    row = next(row for row in diagnose(app, only="database"))
    assert (row.ok, "primary" in row.fix) == (False, True)
    with app.engine.connect() as connection, pytest.raises(DBAPIError) as caught:
        connection.execute(text("INSERT INTO installed (revision, version, at) VALUES ('x', 'y', now())"))
    assert "set database.url to the primary server" in str(expected(caught.value))
    app.engine.dispose()
    drop(postgres, address)


def test_a_system_that_sorts_texts_otherwise_is_told_solidtime_862_opencve_620_gvmd_1878(postgres: str) -> None:
    """An image on another Debian sorts texts by other rules, and then an index finds no longer what is there."""
    moved = make_url(postgres).set(database="moved")
    with administer(postgres) as connection:
        if (connection.dialect.server_version_info or (0,)) < (17,):
            pytest.skip("only rules of PostgreSQL's own have a version here, and they came with 17")
        made = "CREATE DATABASE moved TEMPLATE template0 LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'"
        connection.execute(text(made))
    app = App(Settings.model_validate({"database": {"url": moved.render_as_string(hide_password=False)}}))
    assert [row.name for row in diagnose(app, "database")] == ["connection"]
    with administer(postgres) as connection:
        connection.execute(text("UPDATE pg_database SET datcollversion = '0.9' WHERE datname = 'moved'"))
    for rows in (diagnose(app, "database"), list(checked(app))):
        row = next(row for row in rows if row.name == "text sort order")
        assert (row.ok, row.found) == (False, "its indexes were built with other rules (0.9 to 1)")
        assert "REINDEX" in row.fix
    app.engine.dispose()
    drop(postgres, moved.render_as_string(hide_password=False))


@pytest.mark.parametrize("said", ["none", "off"])
def test_behind_a_pooler_nothing_is_prepared(postgres_url: str, said: str) -> None:
    """psycopg/psycopg #1151, #280: PgBouncer gives each transaction another connection, and what was prepared is not there."""
    for address, fails in ((postgres_url, True), (f"{postgres_url}&prepare_threshold={said}", False)):
        engine = connect(address)
        try:
            for _ in range(10):
                with engine.begin() as connection:
                    connection.execute(text("SELECT :n"), {"n": 1})
                    connection.connection.driver_connection.pgconn.exec_(b"DEALLOCATE ALL")  # type: ignore[union-attr]
            failed = None
        except DBAPIError as error:
            failed = expected(error)
        engine.dispose()
        assert bool(failed) is fails
        assert failed is None or "?prepare_threshold=none" in failed


@pytest.mark.parametrize(
    ("said", "fix"),
    [
        ("Connection refused", "Start PostgreSQL there"),
        ("connection timeout expired", "Start PostgreSQL there"),
        ("failed to resolve host 'db': [Errno -2] Name or service not known", "Correct the host"),
        ('FATAL:  password authentication failed for user "leeway"', "the name and the password"),
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.7", user "leeway"', "the name and the password"),
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.7", user "leeway", no encryption', "?sslmode=verify-full"),
        ("server does not support SSL, but SSL was required", "remove sslmode"),
        ("SSL error: certificate verify failed", "sslrootcert=FILE"),
        ('root certificate file "/root/.postgresql/root.crt" does not exist', "sslrootcert=FILE"),
        ('server certificate for "db" does not match host name "10.0.0.7"', "a name from its certificate"),
        ('invalid connection option "ssl"', "what follows the ?"),
        ('FATAL:  database "leeway" does not exist', "Create it"),
        ("FATAL:  sorry, too many clients already", "run fewer workers"),
        ("FATAL:  the database system is starting up", "wait, then run it again"),
        ("server closed the connection unexpectedly", "wait, then run it again"),
        ("permission denied for schema public", "the owner of the database"),  # since PostgreSQL 15
    ],
)
def test_what_a_server_says_comes_with_the_fix(said: str, fix: str) -> None:
    found = database_fault(OperationalError("SELECT 1", {}, Exception(f"{said}\n\tmore of it")))
    assert found is not None
    assert found[0] == f"{said}."
    assert fix in found[1]
