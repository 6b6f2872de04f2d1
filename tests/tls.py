"""A certificate of 127.0.0.1 that no authority has signed."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@contextmanager
def shaking_hands(file: Path | None) -> Iterator[int]:
    """The port of a server that begins TLS with the certificate of that file and ends; without one it answers that it is none."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    if file:
        tls.load_cert_chain(file)

    def serve() -> None:
        with suppress(OSError):
            connection, _ = listens.accept()
            with connection:
                if file:
                    tls.wrap_socket(connection, server_side=True).close()
                else:
                    connection.sendall(b"-ERR\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listens:
        listens.settimeout(5)
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield int(listens.getsockname()[1])
        thread.join()


def certificate_in(folder: Path) -> Path:
    """A file with it and its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "tls.pem"
    written = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, *written) + made.public_bytes(serialization.Encoding.PEM)
    )
    return file
