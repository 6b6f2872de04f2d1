"""A mail server on loopback that gives what it takes to a handler of the test's own."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aiosmtpd.controller import Controller

from alerts.mail import Smtp


@contextmanager
def served(handler: Any) -> Iterator[Smtp]:
    """Serve while the block runs; yields the settings with which it is reached."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    yield Smtp("127.0.0.1", port, "leeway@velora.example", security="none")
    controller.stop()
