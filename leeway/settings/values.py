"""The kinds of values in a settings file: addresses, tokens, names, networks."""

import re
from ipaddress import ip_address, ip_network
from typing import Annotated

from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
)

CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def _address(value: str) -> str:
    if value and not re.fullmatch(r"https?://[^\s/?#]+[^\s]*", value):
        raise ValueError("an address starts with https:// (or http://) and contains no spaces")
    if "@" in re.split("[/?#]", value.partition("://")[2], maxsplit=1)[0]:
        # Errors and links in mails show the address.
        raise ValueError("this address is displayed, so it must not contain a login; write only what follows the @")
    return value


_BROKERS = ("redis", "rediss", "redis+socket", "redis+unix", "unix")
_VERIFIED = ("required", "optional", "none")
"""As redis-py and Celery both spell it; CERT_REQUIRED is known to Celery alone."""
_ESCAPES = "in a password, write /, #, ?, @, : and % as %2F, %23, %3F, %40, %3A and %25"
_TWO = f"it has more than one @, and what follows the first would be taken for the host; {_ESCAPES}"


def _broker(value: str) -> str:
    scheme, there, rest = value.partition("://")
    if not there or scheme not in _BROKERS:
        raise ValueError(
            "redis://host:6379/0 is needed (rediss:// with TLS); Sentinel and other brokers are not supported"
        )
    if scheme not in ("redis", "rediss"):
        return value
    authority, _, path = rest.partition("/")
    if authority.count("@") > 1:
        raise ValueError(_TWO)
    port = authority.rpartition("@")[2].rpartition("]")[2].partition(":")[2]
    if "#" in rest or (port and not port.isdigit()) or not re.fullmatch(r"\d*(\?.*)?", path):
        raise ValueError(f"redis://host:6379/0 is needed, with a number after the last /; {_ESCAPES}")
    wanted = re.search(r"[?&]ssl_cert_reqs=(?:CERT_)?([^&]*)", path)
    if wanted and wanted[1].lower() not in _VERIFIED:
        raise ValueError(f"ssl_cert_reqs is one of {', '.join(_VERIFIED)}")
    return re.sub(r"(?<=[?&]ssl_cert_reqs=)[^&]*", wanted[1].lower(), value) if wanted else value


_DATABASES = ("sqlite", "sqlite+pysqlite", "postgresql", "postgresql+psycopg")


def database_address(value: str) -> str:
    """What `database.url` may be. Raises ValueError without the value, which may hold a password."""
    scheme, there, rest = value.partition("://")
    if scheme == "postgres":
        raise ValueError('it starts with "postgresql+psycopg://", not with "postgres://"')
    if there and scheme not in _DATABASES:
        raise ValueError(
            "sqlite:///leeway.db or postgresql+psycopg://user@host/leeway is needed; no other database or driver is supported"
        )
    if there and not scheme.startswith("sqlite") and "@" in re.split("[/?]", rest.partition("@")[2])[0]:
        raise ValueError(_TWO)
    return value


def _ascii(value: SecretStr) -> SecretStr:
    """As it travels in a header; copied with the word that stands before it there, it is the same token."""
    token = re.sub(r"^bearer\s+", "", value.get_secret_value(), flags=re.IGNORECASE)
    if not token.isascii():
        raise ValueError("it contains characters that no token has, such as typographic quotes; copy it again")
    return SecretStr(token)


def repository(value: str) -> str:
    """A repository's name, owner/name. Raises ValueError."""
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", value):
        raise ValueError("a repository is written owner/name")
    return value


def _network(value: str) -> str:
    try:
        if value != "*":
            _ = ip_network(value, strict=False) if "/" in value else ip_address(value)
    except ValueError:
        raise ValueError("an address such as 10.0.0.5, a network such as 10.0.0.0/8, or * is needed") from None
    return value


BrokerAddress = Annotated[str, AfterValidator(_broker)]
DatabaseAddress = Annotated[str, AfterValidator(database_address)]
Address = Annotated[str, AfterValidator(_address)]
Token = Annotated[SecretStr, AfterValidator(_ascii)]
Names = list[Annotated[str, Field(min_length=1)]]
Networks = list[Annotated[str, AfterValidator(_network)]]

Host = Annotated[str, AfterValidator(lambda host: host.removeprefix("[").removesuffix("]"))]
"""A name or address; IPv6 with the brackets that it has in an address of the web, or without."""
