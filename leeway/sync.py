"""`leeway sync`: the pull alone."""

from collections.abc import Callable, Mapping
from datetime import timedelta

from rich.console import Console

from alerts.words import amount
from connectors.base import SourceError
from leeway.app import App, NotReady
from leeway.named import configured
from leeway.progress import stage_progress
from pipeline.ingest import pull as ingest
from pipeline.ingest import sweep as sweeps


def sync_sources(
    app: App,
    only: str | None,
    progress: Console,
    out: Console,
    *,
    retry_failed: bool = False,
    sweep: bool = False,
    minutes: float | None = None,
    force: bool = False,
) -> list[str]:
    """Pull each configured source, or read again what failed, or sweep; returns a sentence for each that failed.

    Raises NotReady where the source is not configured.
    """
    _known(app, only)
    errors = []
    with stage_progress(progress) as show:
        for name, connector in app.connectors.items():
            if only and name != only:
                continue
            try:
                if retry_failed:
                    done = sweeps.retry_failed(connector, app.sessions)
                    line = f"{done['read']} read or gone, {done['failures']} still set aside"
                elif sweep:
                    done = sweeps.sweep(connector, app.sessions, force=force)
                    line = f"{done['removed']} removed, {amount(done['signals'], 'signal')} changed"
                else:
                    budget = timedelta(minutes=minutes) if minutes is not None else None
                    line = _pulled(ingest.pull(connector, app.sessions, app.since(), _teller(show, name), budget))
            except SourceError as error:
                errors.append(str(error))
            else:
                out.print(f"{name}: {line}.", markup=False)
    return errors


def _known(app: App, only: str | None) -> None:
    if only:
        configured(app, only)
    elif not app.connectors:
        raise NotReady("no source is configured. Add its section to leeway.toml.")


def _pulled(done: Mapping[str, int]) -> str:
    line = (
        f"{amount(done['signals'], 'new or changed signal')}, {done['removed']} removed, {done['failures']} set aside"
    )
    if done["unfinished"]:
        line += f"; the history of {amount(done['unfinished'], 'feed')} is not fully read yet; run it again"
    return line


def _teller(show: Callable[[str, int, int | None], None], name: str) -> Callable[[str, int], None]:
    pulled = 0

    def tell(stream: str, new: int) -> None:
        nonlocal pulled
        pulled += new
        show(f"pull {name}", pulled, None)

    return tell
