"""Outgoing connections, the same for every client: the proxy and the certificates named in the environment.

The vendors' clients differ in what they read of it: one no proxy at all, one no NO_PROXY, some SSL_CERT_FILE and some
REQUESTS_CA_BUNDLE, and Python's IMAP trusts any certificate unless it is told not to.
"""

import os
import socket
import ssl
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from connectors.errors import NotReachable, SourceUnavailable, Untrusted

_BUNDLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")
_AUTHORITY = (
    "For a private authority, or a proxy that intercepts TLS, set SSL_CERT_FILE to a file with its certificates."
)

_CERTIFICATE_FIXES = {
    9: "It is not valid yet, or this machine's clock is slow: check `date`.",
    10: "It must be renewed there, unless this machine's clock is fast: check `date`.",
    62: "It is for other names: use one of them in the address.",
    64: "It is for other addresses or for names: use one of them in the address.",
}
"""By OpenSSL's number of what is wrong; for all else it is the authority that is not known."""
_NO_TLS = {"WRONG_VERSION_NUMBER", "UNSUPPORTED_PROTOCOL", "HTTP_REQUEST", "TLSV1_ALERT_PROTOCOL_VERSION"}
"""What OpenSSL calls an answer of somebody who speaks no TLS, or none that is new enough."""
_CONNECTIONS: dict[type[OSError], tuple[str, str]] = {
    ssl.SSLError: ("its TLS handshake failed", "Without TLS there, the address starts with http://."),
    ConnectionRefusedError: ("nothing listens there", ""),
    ConnectionResetError: ("it closed the connection", "If it uses TLS, the address starts with https://."),
    TimeoutError: ("it took too long", ""),
    FileNotFoundError: ("a socket or file named in its address does not exist", ""),
}
"""Errors that clients wrap in their own types, whose names say nothing."""


def bundle() -> str | None:
    """Return the certificate file or folder from any of the usual environment variables."""
    return next((named for name in _BUNDLES if (named := os.environ.get(name))), None)


def trusted() -> ssl.SSLContext:
    """Return what HTTP clients trust: what the environment names, else the usual public authorities."""
    return _contexts(bundle(), _changed(bundle()), public=True)


def trusted_by_system() -> ssl.SSLContext:
    """Return what clients of mail servers trust: what the environment names, else this machine's own authorities."""
    return _contexts(bundle(), _changed(bundle()), public=False)


def _changed(named: str | None) -> tuple[int, int] | None:
    """Return a mark that changes with the file or folder of certificates: they are renewed under running workers."""
    try:
        found = os.stat(named) if named else None
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_size) if found else None


@lru_cache(maxsize=8)
def _contexts(named: str | None, _: tuple[int, int] | None, *, public: bool) -> ssl.SSLContext:
    """Load once until it changes: it takes longer than a short answer."""
    if named:
        context = ssl.create_default_context()
        if Path(named).exists():
            is_folder = Path(named).is_dir()
            context.load_verify_locations(None if is_folder else named, named if is_folder else None)
        return context
    if public:
        import httpx

        return httpx.create_ssl_context()
    return ssl.create_default_context()


def unusable_proxy(address: str) -> str | None:
    """Why nothing can be asked through the proxy that the environment names; None where it can, or where it names none.

    Some of the clients would raise it as an error of their own as soon as they are made.
    """
    try:
        parts = urlsplit(proxy_of(address) or "http://none")
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if usable:
        return None
    scheme = urlsplit(address).scheme
    return (
        f"the proxy for {scheme} is not supported. Set {scheme.upper()}_PROXY to http://host:port (also where ALL_PROXY "
        "names a SOCKS proxy), or exclude the address with NO_PROXY."
    )


def proxy_of(address: str) -> str | None:
    """Return the proxy for an address, with its login; None for none. NO_PROXY is respected."""
    if not _names_proxy():
        return None
    from requests.utils import get_environ_proxies, prepend_scheme_if_needed, select_proxy

    proxy = select_proxy(address, get_environ_proxies(address))
    return str(prepend_scheme_if_needed(proxy, "http")) if proxy else None


def _names_proxy() -> bool:
    return any(os.environ.get(name) or os.environ.get(name.upper()) for name in _PROXIES)


def why(error: BaseException, otherwise: str, *, http: bool = True) -> tuple[str, str]:
    """Why nothing answered, and what to do about it: ("its certificate is not trusted ...", fix).

    `otherwise` is the fix where the error says no more than its name. `http`: whether addresses of the web and proxies are meant.
    """
    for one in _causes(error):
        if _misses_bundle(one):
            return (
                f"its certificate cannot be verified: {bundle()} does not exist",
                "SSL_CERT_FILE, or REQUESTS_CA_BUNDLE, names it.",
            )
        if isinstance(one, ssl.SSLCertVerificationError):
            fix = _CERTIFICATE_FIXES.get(one.verify_code, _AUTHORITY)
            return f"its certificate is not trusted: {one.verify_message.rstrip('.')}", f"{fix} {otherwise}".strip()
        if isinstance(one, socket.gaierror) or type(one).__name__ == "NameResolutionError":
            by_proxy = "If connections must go through a proxy, set HTTPS_PROXY." if http else ""
            return "its name cannot be resolved here", f"{otherwise} {by_proxy}".strip()
        if type(one).__name__ == "ProxyError":
            return "the proxy blocks it", "Check HTTPS_PROXY and NO_PROXY."
        for kind, (what, fix) in _CONNECTIONS.items():
            if isinstance(one, kind):
                of_web = (fix, "Check HTTPS_PROXY and NO_PROXY." if _names_proxy() else "") if http else ()
                return what, " ".join(part for part in (otherwise, *of_web) if part)
    return type(error).__name__, otherwise


def no_answer(source: str, asked: str, error: BaseException, otherwise: str, *, http: bool = True) -> SourceUnavailable:
    """The error for what a client raised in place of an answer. `asked` says which: "no answer from https://jira.example"."""
    what, fix = why(error, otherwise, http=http)
    return (Untrusted if _is_settled(error) else SourceUnavailable)(source, f"{asked} ({what}).", fix)


def _is_settled(error: BaseException) -> bool:
    """Return True if a second attempt would fail in the same way: certificate, file of authorities, or no TLS."""
    for one in _causes(error):
        if isinstance(one, ssl.SSLCertVerificationError) or (
            isinstance(one, ssl.SSLError) and getattr(one, "reason", "") in _NO_TLS
        ):
            return True
        if _misses_bundle(one):
            return True
    return False


def is_page(body: str) -> bool:
    """Return True if an answer is a web page instead of API output, as a proxy or firewall shows."""
    return body.lstrip().lower().startswith(("<!doctype", "<html"))


def shown(url: str) -> str:
    """Return an address as it may be shown: what follows its path may be a secret."""
    return url.partition("?")[0].partition("#")[0]


def stopped_before(source: str, url: str) -> NotReachable:
    """Return the error for a 403 from something in front of the source."""
    return NotReachable(
        source,
        f"something in front of {shown(url)} answers 403 with its own page.",
        "Ask the people who run the proxy or firewall to let this machine through.",
    )


def _misses_bundle(error: BaseException) -> bool:
    """Return True if the file of authorities that the environment names is not there, whatever the client made of that."""
    named = bundle()
    return (
        isinstance(error, OSError)
        and not isinstance(error, socket.gaierror)
        and bool(named)
        and not Path(str(named)).exists()
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and all that it came from; clients wrap them in different ways."""
    seen: list[BaseException] = []
    left = [error]
    while left:
        one = left.pop(0)
        if any(one is other for other in seen):
            continue
        seen.append(one)
        yield one
        held = [getattr(one, "reason", None), one.__cause__, one.__context__, *one.args]
        left += [other for other in held if isinstance(other, BaseException)]
