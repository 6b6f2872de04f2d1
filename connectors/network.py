"""The way out of this machine, the same for every client: the proxy and the certificates that the environment names.

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
    "For an authority of your own, also a proxy that opens TLS, set SSL_CERT_FILE to a file of its certificates."
)

_CERTIFICATE_FIXES = {
    9: "It begins later, or this machine's clock is behind: see `date`.",
    10: "It has to be renewed there, unless this machine's clock is ahead: see `date`.",
    62: "It is for other names: write one of them into the address.",
    64: "It is for other addresses or for names: write one of them into the address.",
}
"""By OpenSSL's number of what is wrong; for all else it is the authority that is not known."""
_NO_TLS = {"WRONG_VERSION_NUMBER", "UNSUPPORTED_PROTOCOL", "HTTP_REQUEST", "TLSV1_ALERT_PROTOCOL_VERSION"}
"""What OpenSSL calls an answer of somebody who speaks no TLS, or none that is new enough."""
_CONNECTIONS: dict[type[OSError], tuple[str, str]] = {
    ssl.SSLError: ("it does not speak TLS as it should", "Where it has none, the address begins with http://."),
    ConnectionRefusedError: ("nothing listens there", ""),
    ConnectionResetError: ("it ended the connection", "Where it speaks TLS, the address begins with https://."),
    TimeoutError: ("it took too long", ""),
    FileNotFoundError: ("a socket or file that its address names is not there", ""),
}
"""What clients wrap in errors of their own, whose names say nothing."""


def bundle() -> str | None:
    """The file or folder of certificates that the environment names, whichever of the usual variables it is in."""
    return next((named for name in _BUNDLES if (named := os.environ.get(name))), None)


def trusted() -> ssl.SSLContext:
    """What HTTP clients trust: what the environment names, else the usual public authorities."""
    return _contexts(bundle(), _changed(bundle()), public=True)


def trusted_by_system() -> ssl.SSLContext:
    """What clients of mail servers trust: what the environment names, else this machine's own authorities."""
    return _contexts(bundle(), _changed(bundle()), public=False)


def _changed(named: str | None) -> tuple[int, int] | None:
    """What tells a file or folder of certificates from what was there before: authorities are renewed under running workers."""
    try:
        found = os.stat(named) if named else None
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_size) if found else None


@lru_cache(maxsize=8)
def _contexts(named: str | None, _: tuple[int, int] | None, *, public: bool) -> ssl.SSLContext:
    """Read once until it changes: it takes longer than a short answer."""
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
        f"the proxy for {scheme} is none that is spoken to. Write http://host:port into {scheme.upper()}_PROXY (also where "
        "ALL_PROXY names one of SOCKS), or take the address out by NO_PROXY."
    )


def proxy_of(address: str) -> str | None:
    """The proxy through which an address is reached, with its login; None for none. NO_PROXY counts."""
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
                f"its certificate cannot be tried: {bundle()} is not there",
                "SSL_CERT_FILE, or REQUESTS_CA_BUNDLE, names it.",
            )
        if isinstance(one, ssl.SSLCertVerificationError):
            fix = _CERTIFICATE_FIXES.get(one.verify_code, _AUTHORITY)
            return f"its certificate is not trusted: {one.verify_message.rstrip('.')}", f"{fix} {otherwise}".strip()
        if isinstance(one, socket.gaierror) or type(one).__name__ == "NameResolutionError":
            by_proxy = "Where only a proxy leads out, set HTTPS_PROXY." if http else ""
            return "its name is not known here", f"{otherwise} {by_proxy}".strip()
        if type(one).__name__ == "ProxyError":
            return "the proxy does not let it through", "Check HTTPS_PROXY and NO_PROXY."
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
    """Return True if a second attempt would end alike: the certificate, the file of authorities, or no TLS."""
    for one in _causes(error):
        if isinstance(one, ssl.SSLCertVerificationError) or (
            isinstance(one, ssl.SSLError) and getattr(one, "reason", "") in _NO_TLS
        ):
            return True
        if _misses_bundle(one):
            return True
    return False


def is_page(body: str) -> bool:
    """Whether an answer is a page for people, where a program was asked for: what a proxy or firewall shows."""
    return body.lstrip().lower().startswith(("<!doctype", "<html"))


def shown(url: str) -> str:
    """An address as it may be shown: what follows its path may be a key."""
    return url.partition("?")[0].partition("#")[0]


def stopped_before(source: str, url: str) -> NotReachable:
    """The error for a 403 that something before the source gives."""
    return NotReachable(
        source,
        f"something before {shown(url)} answers 403 with a page of its own.",
        "Ask who runs the proxy or firewall to let this machine through.",
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
