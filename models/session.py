"""Engines, sessions and the upsert, which depends on the database's dialect."""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date
from functools import cache, lru_cache
from operator import itemgetter
from typing import Any, cast

import sqlalchemy
from sqlalchemy import (
    JSON,
    ColumnDefault,
    Dialect,
    Engine,
    LargeBinary,
    Select,
    Table,
    TableClause,
    Text,
    bindparam,
    create_engine,
    event,
    func,
    or_,
    select,
)
from sqlalchemy import cast as cast_to
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from models import arrays  # noqa: F401 - registers the compilation of IN for all sessions
from models.base import Base, UtcDateTime
from models.columns import in_binary

_MOST_ROWS = 5_000
_MOST_PARAMETERS = 30_000  # SQLite allows 32,766 in one statement
_MOST_IN_JSON = 2_000
_SORTING = "64MB"
# Timeouts set on a server, database or role for a website's short statements would abort every long chunk, and the same one
# again and again. Settings given with `options` in the URL are kept.
_UNBOUNDED = """
    SELECT set_config(name, CASE name WHEN 'default_transaction_isolation' THEN 'read committed' ELSE '0' END, false)
    FROM pg_settings WHERE source <> 'client' AND setting NOT IN ('0', 'read committed') AND name IN ('statement_timeout',
    'idle_in_transaction_session_timeout', 'transaction_timeout', 'lock_timeout', 'default_transaction_isolation')"""
_GIVEN = "given"
_VALUES = "VALUES ("
_FEW = 6
_Convert = Callable[[Any], Any]


def connect(url: str) -> Engine:
    """Create an engine for `sqlite:///file` or `postgresql+psycopg://...`."""
    is_file, given = url.startswith("sqlite"), make_url(url)
    # Regardless of PGCLIENTENCODING. No parameters in error messages: they contain people's words.
    encoded: dict[str, Any] = {} if is_file else {"client_encoding": "utf8"}
    if not is_file and str(given.query.get("prepare_threshold", "")).lower() in ("none", "off"):
        # A pooler such as PgBouncer may give each transaction another connection, without the statements prepared on the last.
        encoded["prepare_threshold"] = None
        given = given.difference_update_query(["prepare_threshold"])
    engine = create_engine(
        given, pool_pre_ping=not is_file, hide_parameters=True, connect_args=encoded, json_deserializer=_read_json
    )
    if is_file:
        event.listen(engine, "do_connect", _keep_private)
    event.listen(engine, "connect", _set_up_sqlite if is_file else _set_up_postgresql)
    if not is_file:
        event.listen(engine, "before_cursor_execute", in_binary)
    return engine


class DatabaseUnfit(Exception):
    """The database cannot store the data; the message says what to do."""


_scan = cast(Any, json.JSONDecoder()).scan_once


def _read_json(text: str | bytes) -> Any:
    """Like `json.loads` but faster: in a large company most lists and objects are empty, and the others fill the whole text,
    so there is no white space to skip."""
    said = text.decode() if isinstance(text, bytes) else text
    if said in ("[]", "{}"):
        return [] if said == "[]" else {}
    try:
        value, end = _scan(said, 0)
    except StopIteration:
        return json.loads(said)
    return value if end == len(said) else json.loads(said)


def _keep_private(_dialect: Any, _record: Any, arguments: Any, _named: Any) -> None:
    """Create a new file readable by its owner only, whatever the umask: it holds names, texts and the keys that sign links."""
    with suppress(OSError, TypeError, IndexError):  # exists, or connecting reports the error
        if arguments[0] != ":memory:":  # it would become a file of that name
            os.close(os.open(arguments[0], os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _set_up_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")  # readers do not wait for the writer
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA busy_timeout=30000")
    cursor.close()


def _set_up_postgresql(connection: Any, _record: Any) -> None:
    """Prepare a new connection. Raise work_mem, so that sums over a million items fit in memory (with the default 4 MB they are
    sorted on disk, ten times slower); a larger value is kept. Raises DatabaseUnfit if the encoding is not UTF-8."""
    encoding = connection.info.parameter_status("server_encoding")
    if encoding not in (None, "UTF8"):
        connection.close()
        raise DatabaseUnfit(
            f"the database's encoding is {encoding}, which cannot store every character people write. Create another one: "
            "CREATE DATABASE leeway ENCODING 'UTF8' TEMPLATE template0; and set database.url to it."
        )
    cursor = connection.cursor()
    cursor.execute(
        f"SELECT set_config('work_mem', '{_SORTING}', false) "
        f"WHERE pg_size_bytes(current_setting('work_mem')) < pg_size_bytes('{_SORTING}')"
    )
    cursor.execute(_UNBOUNDED)
    cursor.execute("SET TIME ZONE 'UTC'")  # as we store times: no conversion of millions of values
    cursor.close()
    connection.commit()


def without_password(url: str) -> str:
    """Return the URL without its passwords, for display; PostgreSQL accepts them in the query string too."""
    secret = ("password", "sslpassword")
    return make_url(url).difference_update_query(secret).render_as_string()


def upsert(
    session: Session,
    table: type[Base],
    rows: Iterable[Mapping[str, Any]],
    keys: Sequence[str],
    compare: Sequence[str] = (),
    keep: bool = False,
) -> int:
    """Insert rows; where a row with the same `keys` exists, update all other given columns.

    With `compare`, an existing row is updated only if one of these columns differs; with `keep`, never. Returns the number
    of rows inserted or updated. All rows must have the same columns; of several with the same keys the last one wins.
    """
    key = itemgetter(*keys)
    rows = list({key(row): row for row in rows}.values())
    if not rows:
        return 0
    connection = session.connection()
    plan = _plan(cast(Table, table.__table__), connection.dialect, tuple(rows[0]), tuple(keys), tuple(compare), keep)
    changed = 0
    for first in range(0, len(rows), _MOST_ROWS):
        for statement, values in plan.statements(rows[first : first + _MOST_ROWS]):
            changed += max(0, connection.exec_driver_sql(statement, values).rowcount)
    return changed


@dataclass(frozen=True, slots=True)
class _Plan:
    """A compiled statement and the conversion of each value.

    Compiled once and executed by the driver for many rows: SQLAlchemy's own conversion of rows to parameters costs more than
    the database's work here.
    """

    sql: str
    columns: tuple[tuple[str, _Convert | None], ...]
    defaults: Mapping[str, Any]
    positional: bool

    def statements(self, rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Any]]:
        """Yield SQL and parameters for the driver.

        SQLite gets many rows per statement: between statements its driver releases and reacquires the interpreter lock, and would
        stall whenever another thread is busy. PostgreSQL gets them as one JSON text, which it parses itself: passing rows one by
        one would cost the driver more than the database.
        """
        if not self.positional:
            for some in in_batches(rows, _MOST_IN_JSON):
                whole = [{**self.defaults, **row} for row in some] if self.defaults else some
                made = [{name: to(row[name]) if to else row[name] for name, to in self.columns} for row in whole]
                yield self.sql, {_GIVEN: json.dumps(made, default=_in_json)}
            return
        head, _, tail = self.sql.partition(_VALUES)
        group, _, tail = tail.partition(")")
        step = max(1, _MOST_PARAMETERS // len(self.columns))
        for first in range(0, len(rows), step):
            some = rows[first : first + step]
            yield f"{head}{_VALUES}{'), ('.join([group] * len(some))}){tail}", tuple(self._in_order(some))

    def _in_order(self, rows: Sequence[Mapping[str, Any]]) -> list[Any]:
        """Flatten the rows' values; column by column, which takes half the time of row by row."""
        width = len(self.columns)
        values: list[Any] = [None] * (width * len(rows))
        for place, (name, to) in enumerate(self.columns):
            if name in self.defaults:
                one = self.defaults[name]
                values[place::width] = [to(one) if to else one] * len(rows)
                continue
            column = [row[name] for row in rows]
            values[place::width] = list(map(to, column)) if to else column
        return values


def _json(convert: _Convert) -> _Convert:
    """Cache the conversion of small objects: most values are empty, and most others on a page are the same few."""

    @lru_cache(maxsize=2_000, typed=True)  # otherwise 1 could be written as True
    def of_object(count: int, *names_and_values: Any) -> Any:
        return convert(dict(zip(names_and_values[:count], names_and_values[count:], strict=True)))

    def to(value: Any) -> Any:
        if not value:
            return "[]" if value == [] else "{}" if value == {} else convert(value)
        if value.__class__ is dict and len(value) < _FEW:
            try:
                return of_object(len(value), *value, *value.values())
            except TypeError:  # holds lists
                return convert(value)
        return convert(value)

    return to


def _time(convert: _Convert) -> _Convert:
    """Format UTC times, nearly all of them, in one call, exactly as SQLAlchemy stores them in SQLite."""
    return lambda value: value.isoformat(" ", "microseconds")[:26] if value and value.tzinfo is UTC else convert(value)


def _given(table: TableClause) -> Select[Any]:
    """Select rows from a JSON parameter; objects within it are read as text, so that they are stored as given."""
    columns = [sqlalchemy.column(c.name, Text if isinstance(c.type, JSON) else c.type) for c in table.columns]
    given = func.json_to_recordset(cast_to(bindparam(_GIVEN, type_=Text), JSON)).table_valued(*columns)
    rows = given.render_derived(_GIVEN, with_types=True)
    return select(
        *(cast_to(rows.c[c.name], JSON) if isinstance(c.type, JSON) else rows.c[c.name] for c in table.columns)
    )


def _in_json(value: Any) -> str:
    """Serialise dates and bytes in the form that PostgreSQL parses."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    raise TypeError(f"{type(value).__name__} cannot be stored")


@cache
def _plan(
    table: Table, dialect: Dialect, given: tuple[str, ...], keys: tuple[str, ...], compare: tuple[str, ...], keep: bool
) -> _Plan:
    defaults = {
        c.name: c.default.arg(None) if callable(c.default.arg) else c.default.arg
        for c in table.columns
        if c.name not in given and isinstance(c.default, ColumnDefault)
    }
    names = (*given, *defaults)
    # A plain table of the same name: the real one would add its own defaults and ask for the new ids.
    plain = sqlalchemy.table(table.name, *(sqlalchemy.column(name, table.c[name].type) for name in names))
    if dialect.name == "postgresql":
        statement: Any = postgresql.insert(plain).from_select(names, _given(plain), include_defaults=False)
    else:
        statement = sqlite.insert(plain).values({name: bindparam(name) for name in names})
    updated = [] if keep else [name for name in given if name not in keys]
    if updated:
        new = {name: statement.excluded[name] for name in updated}
        pairs = [(plain.c[name], new[name]) for name in compare]
        # PostgreSQL cannot compare JSON; its text is what was stored.
        as_text = [(cast_to(a, Text), cast_to(b, Text)) if isinstance(a.type, JSON) else (a, b) for a, b in pairs]
        where = or_(*(a.is_distinct_from(b) for a, b in as_text)) if compare else None
        statement = statement.on_conflict_do_update(index_elements=list(keys), set_=new, where=where)
    else:
        statement = statement.on_conflict_do_nothing(index_elements=list(keys))
    compiled = statement.compile(dialect=dialect)
    order = compiled.positiontup if compiled.positional else names
    processors: dict[str, Any] = {
        name: table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names
    }
    for name, to in processors.items():
        if isinstance(table.c[name].type, JSON):
            processors[name] = _json(to if compiled.positional else json.dumps)
        elif to and compiled.positional and isinstance(table.c[name].type, UtcDateTime):
            processors[name] = _time(to)
        elif not compiled.positional and isinstance(table.c[name].type, LargeBinary):
            processors[name] = None
    return _Plan(str(compiled), tuple((name, processors[name]) for name in order), defaults, bool(compiled.positional))


def in_batches(values: Sequence[Any], size: int = 5_000) -> Iterator[Sequence[Any]]:
    """Split a sequence into batches small enough for one statement."""
    for first in range(0, len(values), size):
        yield values[first : first + size]
