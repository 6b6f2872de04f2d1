"""Serves a World on loopback ports, one for each vendor."""

import asyncio
import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from types import TracebackType
from typing import Any

import uvicorn

from simulator.api.calendars import CalendarApi
from simulator.api.config import GITHUB_TOKEN, HUBSPOT_TOKEN, JIRA_EMAIL, JIRA_TOKEN, SLACK_TOKEN, ApiConfig
from simulator.api.faults import Faulty, Protocol
from simulator.api.github import GitHubApi
from simulator.api.hubspot import HubSpotApi
from simulator.api.jira import JiraApi
from simulator.api.slack import SlackApi
from simulator.company import CHANNELS, DOMAIN, PIPELINES, PROJECTS, STREAM_CHANNELS
from simulator.work import live
from simulator.world import World


class _Server(uvicorn.Server):
    """Uvicorn's looks ten times a second whether it shall end; this one is told, for whoever starts and ends hundreds, and wakes
    once a second to set the date of its answers."""

    _here: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None

    async def main_loop(self) -> None:
        """Serve until it is told to end."""
        told = asyncio.Event()
        self._here = asyncio.get_running_loop(), told
        ticks = 0
        while not await self.on_tick(ticks):
            ticks += 10  # in tenths of a second, as uvicorn counts them
            with suppress(TimeoutError):
                await asyncio.wait_for(told.wait(), 1)

    def end(self) -> None:
        """Tell it, from another thread. Clients keep their connections open; nobody waits for them."""
        self.should_exit = self.force_exit = True
        if self._here:
            loop, told = self._here
            with suppress(RuntimeError):  # it has ended already
                loop.call_soon_threadsafe(told.set)


@dataclass(slots=True)
class Simulator:
    """The company and its servers; a context manager that serves while it is open."""

    world: World
    config: ApiConfig = field(default_factory=ApiConfig)
    ports: Mapping[str, int] = field(default_factory=dict)
    jira: JiraApi = field(init=False)
    slack: SlackApi = field(init=False)
    hubspot: HubSpotApi = field(init=False)
    github: GitHubApi = field(init=False)
    calendars: CalendarApi = field(init=False)
    addresses: dict[str, str] = field(init=False, default_factory=dict)
    _servers: list[tuple[_Server, threading.Thread]] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.jira = JiraApi(self.world, self.config)
        self.slack = SlackApi(self.world, self.config)
        self.hubspot = HubSpotApi(self.world, self.config)
        self.github = GitHubApi(self.world, self.config)
        self.calendars = CalendarApi()

    def __enter__(self) -> "Simulator":
        apis = {
            "jira": self.jira.app,
            "slack": self.slack.app,
            "hubspot": self.hubspot.app,
            "github": self.github.app,
            "calendar": self.calendars.app,
        }
        for name, api in apis.items():
            listener = _listen(self.ports.get(name, 0))
            served = Faulty(api, self.config.faults)
            server = _Server(
                uvicorn.Config(
                    served, log_config=None, log_level="critical", access_log=False, lifespan="off", http=Protocol
                )
            )
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
            thread.start()
            self._servers.append((server, thread))
            address = f"http://127.0.0.1:{listener.getsockname()[1]}"
            self.addresses[name] = address + "/api/" if name == "slack" else address
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server, _ in self._servers:
            server.end()
        for _, thread in self._servers:
            thread.join(60)

    def settings(self) -> dict[str, dict[str, Any]]:
        """What an ops engineer of the company would put into the settings, as plain values by source.

        Not its GitHub, which is there for who asks for it: see `more_settings`.
        """
        speed = self.config.speed
        return {
            "jira": {
                "url": self.addresses["jira"],
                "email": JIRA_EMAIL,
                "token": JIRA_TOKEN,
                "projects": list(PROJECTS.values()),
                "requests_per_second": 9 * speed,
            },
            "slack": {
                "api_url": self.addresses["slack"],
                "token": SLACK_TOKEN,
                "channels": [*CHANNELS.values(), *STREAM_CHANNELS.values(), "general", "random"],
                "alert_channel": "leadership",
                "requests_per_minute": 0.95 * self.config.slack_per_minute * speed,
            },
            "hubspot": {
                "api_url": self.addresses["hubspot"],
                "token": HUBSPOT_TOKEN,
                "pipelines": list(PIPELINES.values()),
                "searches_per_second": 4 * speed,
                "requests_per_second": 9 * speed,
            },
        }

    def more_settings(self) -> dict[str, dict[str, Any]]:
        """The same for what the company has beside, and does not read by itself."""
        return {
            "github": {
                "url": self.addresses["github"],
                "token": GITHUB_TOKEN,
                "repositories": [one.name for one in self.github.code.repositories],
                "own_domains": [DOMAIN],
                "requests_per_hour": 4_800 * self.config.speed,
            },
        }


def _listen(port: int) -> socket.socket:
    """A loopback socket that names its protocol: asyncio switches Nagle's delay off only where it does."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(128)
    return listener


def simulate(today: date, seed: int = 7, config: ApiConfig | None = None) -> Simulator:
    """The company whose half year ends on `today`, ready to be served."""
    return Simulator(live(today, seed), config or ApiConfig())
