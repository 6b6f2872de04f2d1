"""An IMAP server that is as odd as a test wants it: what real ones do only on bad days."""

import re
import socketserver
import ssl
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Folder:
    """One folder's mails by UID. `validity` and `upcoming` are what STATUS says, None where it does not say it.

    `longest` is how many mails a search may find. `meddle` may change the lines that answer a FETCH for one UID:
    (uid, what was asked for, lines) to lines.
    """

    mails: dict[int, bytes] = field(default_factory=dict)
    validity: int | None = 7
    upcoming: int | None = None
    meddle: Callable[[int, str, list[bytes]], list[bytes]] = lambda _uid, _what, lines: lines
    logins: list[str] = field(default_factory=list)
    longest: int = 1_000


class _Session(socketserver.StreamRequestHandler):
    server: "_Server"

    def handle(self) -> None:
        self._say(b"* OK ready")
        while line := self.rfile.readline():
            tag, _, rest = line.decode().strip().partition(" ")
            name, _, given = rest.partition(" ")
            if name.upper() == "UID":
                name, _, given = given.partition(" ")
            self._say(*getattr(self, f"_{name.lower()}", self._nothing)(given), f"{tag} OK done".encode())
            if name.upper() == "LOGOUT":
                return
            if name.upper() == "STARTTLS" and self.server.tls:
                self._encrypted(self.server.tls)

    def _say(self, *lines: bytes) -> None:
        self.wfile.write(b"".join(line + b"\r\n" for line in lines))

    def _nothing(self, given: str) -> Iterator[bytes]:
        return iter(())

    def _capability(self, given: str) -> Iterator[bytes]:
        yield b"* CAPABILITY IMAP4rev1" + (b" STARTTLS" if self.server.tls else b"")

    def _login(self, given: str) -> Iterator[bytes]:
        self.server.folder.logins.append(given)
        yield from ()

    def _list(self, given: str) -> Iterator[bytes]:
        yield b'* LIST () "/" INBOX'

    def _encrypted(self, tls: ssl.SSLContext) -> None:
        self.request = tls.wrap_socket(self.request, server_side=True)
        self.setup()

    def finish(self) -> None:
        """See StreamRequestHandler; of a connection that was encrypted later, the server closes only the bare one."""
        super().finish()
        self.request.close()

    def _examine(self, given: str) -> Iterator[bytes]:
        yield f"* {len(self.server.folder.mails)} EXISTS".encode()

    def _status(self, given: str) -> Iterator[bytes]:
        folder = self.server.folder
        upcoming = folder.upcoming if folder.upcoming is not None else max(folder.mails, default=0) + 1
        said = [] if folder.validity is None else [f"UIDVALIDITY {folder.validity}"]
        said += [f"UIDNEXT {upcoming}"] if upcoming else []
        yield f"* STATUS {given.partition(' ')[0]} ({' '.join(said)})".encode()

    def _search(self, given: str) -> Iterator[bytes]:
        asked, places = re.search(r"\bUID ([\d:,*]+)", given), re.search(r"ASCII (\d+):(\d+) ", given)
        found = self._of(asked[1]) if asked else sorted(self.server.folder.mails)
        if places:
            found = [
                uid for uid in sorted(self.server.folder.mails)[int(places[1]) - 1 : int(places[2])] if uid in found
            ]
        assert len(found) <= self.server.folder.longest
        yield b"* SEARCH " + b" ".join(str(uid).encode() for uid in found)

    def _fetch(self, given: str) -> Iterator[bytes]:
        which, _, what = given.partition(" ")
        places = {uid: place for place, uid in enumerate(sorted(self.server.folder.mails), 1)}
        for uid in self._of(which):
            mail, head = self.server.folder.mails[uid], f"* {places[uid]} FETCH (UID {uid} RFC822.SIZE ".encode()
            if "BODY" in what:
                size = str(len(mail)).encode()
                lines = [head + size + b" FLAGS () BODY[] {" + size + b"}", mail + b")"]
            else:
                arrived = f' INTERNALDATE "10-Jul-2026 08:{zlib.crc32(mail) % 60:02d}:00 +0000")'
                lines = [head + str(len(mail)).encode() + arrived.encode()]
            yield from self.server.folder.meddle(uid, what, lines)

    def _of(self, which: str) -> list[int]:
        """UIDs of a set such as 1:3,7,9:*; as the standard says, the last one is in any range that ends in *."""
        there, found = sorted(self.server.folder.mails), set()
        for part in which.split(","):
            first, _, last = part.partition(":")
            low, high = int(first), there[-1] if last == "*" and there else int(last or first)
            found |= {uid for uid in there if min(low, high) <= uid <= max(low, high)}
        return sorted(found)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address, daemon_threads = True, True
    folder: Folder
    tls: ssl.SSLContext | None

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: a client that does not believe the certificate goes away."""


@contextmanager
def serving(folder: Folder, tls: ssl.SSLContext | None = None, *, at_once: bool = True) -> Iterator[int]:
    """The port where this folder is every folder of everybody, with TLS from the start or after STARTTLS."""
    with _Server(("127.0.0.1", 0), _Session) as server:
        server.tls = None if at_once else tls
        if tls and at_once:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        server.folder = folder
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
