"""Serves a World on three loopback ports."""

import socket
import threading
from dataclasses import dataclass, field
from datetime import date
from types import TracebackType
from typing import Any

import uvicorn

from simulator.api.config import HUBSPOT_TOKEN, JIRA_EMAIL, JIRA_TOKEN, SLACK_TOKEN, ApiConfig
from simulator.api.faults import Faulty, Protocol
from simulator.api.hubspot import HubSpotApi
from simulator.api.jira import JiraApi
from simulator.api.slack import SlackApi
from simulator.company import CHANNELS, PIPELINES, PROJECTS, STREAM_CHANNELS
from simulator.work import live
from simulator.world import World


@dataclass(slots=True)
class Simulator:
    """The company and its three servers; a context manager that serves while it is open."""

    world: World
    config: ApiConfig = field(default_factory=ApiConfig)
    ports: tuple[int, int, int] = (0, 0, 0)
    jira: JiraApi = field(init=False)
    slack: SlackApi = field(init=False)
    hubspot: HubSpotApi = field(init=False)
    addresses: dict[str, str] = field(init=False, default_factory=dict)
    _servers: list[tuple[uvicorn.Server, threading.Thread]] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.jira = JiraApi(self.world, self.config)
        self.slack = SlackApi(self.world, self.config)
        self.hubspot = HubSpotApi(self.world, self.config)

    def __enter__(self) -> "Simulator":
        apis: tuple[JiraApi | SlackApi | HubSpotApi, ...] = (self.jira, self.slack, self.hubspot)
        for name, api, port in zip(("jira", "slack", "hubspot"), apis, self.ports, strict=True):
            listener = _listen(port)
            served = Faulty(api.app, self.config.faults)
            server = uvicorn.Server(uvicorn.Config(
                served, log_level="critical", access_log=False, lifespan="off", http=Protocol
            ))  # fmt: skip
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
            server.should_exit = server.force_exit = True  # clients keep their connections open; nobody waits for them
        for _, thread in self._servers:
            thread.join(5)

    def settings(self) -> dict[str, dict[str, Any]]:
        """What an ops engineer of the company would put into the settings, as plain values by source."""
        speed = self.config.speed
        return {
            "jira": {"url": self.addresses["jira"], "email": JIRA_EMAIL, "token": JIRA_TOKEN,
                     "projects": list(PROJECTS.values()), "requests_per_second": 9 * speed},
            "slack": {"api_url": self.addresses["slack"], "token": SLACK_TOKEN,
                      "channels": [*CHANNELS.values(), *STREAM_CHANNELS.values(), "general", "random"],
                      "alert_channel": "leadership",
                      "requests_per_minute": 0.95 * self.config.slack_per_minute * speed},
            "hubspot": {"api_url": self.addresses["hubspot"], "token": HUBSPOT_TOKEN,
                        "pipelines": list(PIPELINES.values()), "searches_per_second": 4 * speed,
                        "requests_per_second": 9 * speed},
        }  # fmt: skip


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
