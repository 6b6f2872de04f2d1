"""An exception that nobody expected, at any call within any source: the others finish, it is said, and the next run goes on."""

import inspect
import io
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import FrameType, SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from rich.console import Console

from connectors.registry import connector
from leeway.sync import sync_sources
from pipeline.ingest import pull as ingest
from simulator.calendars import Entry, at
from simulator.server import Simulator
from tests.conftest import LONG_AGO, NOW, TODAY
from tests.connectors.few import Puller, served

EXAMPLES = 2
"""For each source; a few, since each is a whole pull."""
ALL = ("jira", "slack", "hubspot", "github", "calendar")


class NobodyExpectedError(Exception):
    """Not one that any parser is known to raise."""


class Injector:
    """Raises at the n-th call of a function in a source's folder, whichever function and thread that is.

    Not in what a source says of itself (traits), which all sources use.
    """

    def __init__(self, source: str, number: int) -> None:
        self._folder, self._number, self._lock = f"connectors/{source}/", number, threading.Lock()
        self.calls, self.where = 0, ""

    def __call__(self, frame: FrameType, event: str, _arg: Any) -> None:
        code = frame.f_code
        name = code.co_filename
        if event != "call" or self._folder not in name or name.endswith("traits.py"):
            return
        if code.co_name in ("<module>", "<genexpr>"):
            return
        if code.co_flags & inspect.CO_GENERATOR and frame.f_lineno != code.co_firstlineno:
            return  # it goes on, or is closed, also by whoever collects garbage, where nobody can catch
        with self._lock:
            self.calls += 1
            if self.calls != self._number:
                return
        self.where = code.co_qualname
        raise NobodyExpectedError("what is this")


@contextmanager
def injected(source: str, number: int) -> Iterator[Injector]:
    """Within it, the `number`-th call in that source raises; 0 only counts."""
    injector, before = Injector(source, number), sys.gettrace()
    threading.settrace(injector)
    sys.settrace(injector)
    try:
        yield injector
    finally:
        sys.settrace(before)
        threading.settrace(None)  # type: ignore[arg-type]


class Company(Puller):
    """All sources into one database, as `leeway sync` pulls them."""

    def __init__(self, company: Simulator, folder: Path) -> None:
        super().__init__(company, folder)
        company.calendars.entries["ann"] = [Entry("one", "Review", at(TODAY - timedelta(days=3), 9), 60)]
        self.calendars = folder / "calendars.csv"
        address = company.addresses["calendar"] + company.calendars.path("ann")
        self.calendars.write_text(f"calendar,address\nann@velora.example,{address}\n")

    def connector(self, source: str, **changes: object) -> Any:
        if source != "calendar":
            return super().connector(source, **changes)
        return connector("calendar", file=str(self.calendars), own_domains=["velora.example"], now=NOW.timestamp)

    def sync(self, source: str, number: int) -> tuple[list[str], str]:
        """What `leeway sync` says went wrong, and which function it was where the `number`-th call of that source raises."""
        connectors = {name: self.connector(name) for name in ALL}
        app: Any = SimpleNamespace(connectors=connectors, sessions=self.sessions, since=lambda: LONG_AGO)
        nowhere = Console(file=io.StringIO())
        with injected(source, number) as injector:
            return sync_sources(app, None, nowhere, nowhere), injector.where


class Whole:
    """The company's servers, and by source how many calls a pull takes and what it keeps."""

    def __init__(self, company: Simulator, folder: Path) -> None:
        self.company, self.calls, self.kept = company, dict[str, int](), dict[str, set[str]]()
        puller = Company(company, folder)
        for source in ALL:
            one = puller.connector(source)
            with injected(source, 0) as injector:
                ingest.pull(one, puller.sessions, LONG_AGO)
            self.calls[source], self.kept[source] = injector.calls, puller.kept(source)
            assert injector.calls > 20
            assert self.kept[source]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    with served() as company:
        yield Whole(company, tmp_path_factory.mktemp("whole"))


@pytest.mark.parametrize("source", ALL)
@settings(max_examples=EXAMPLES, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(thousandth=st.integers(1, 1_000))
def test_whatever_a_source_raises_wherever_it_does(
    whole: Whole, tmp_path_factory: pytest.TempPathFactory, source: str, thousandth: int
) -> None:
    puller = Company(whole.company, tmp_path_factory.mktemp("injected"))
    said, where = puller.sync(source, max(1, whole.calls[source] * thousandth // 1_000))
    assert len(said) <= 1
    for error in said:
        assert error.startswith(f"{source}: "), where
        assert all(words in error for words in ("unexpected NobodyExpectedError", "record", "The next pull continues"))
        assert any(stream in error for stream in [*puller.errors(), "whose it is", "the list of streams"]), error
    if not said:  # one record, by its name and with the reason; or a question without which all is kept the same
        aside = any("NobodyExpectedError" in reason for reason in puller.failures().values())
        assert aside or puller.kept(source) == whole.kept[source], where
    for other in ALL:
        assert other == source or puller.kept(other) == whole.kept[other]
    puller.pull(source)
    puller.retry(source)
    assert {name: puller.kept(name) for name in ALL} == whole.kept, where
    assert (puller.failures(), puller.errors()) == ({}, {})
