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
        raise ValueError("an address begins with https:// (or http://) and has no blanks")
    return value


def _ascii(value: SecretStr) -> SecretStr:
    if not value.get_secret_value().isascii():  # it travels in a header
        raise ValueError("it has characters that no token has, such as typographic quotes; copy it again")
    return value


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


Address = Annotated[str, AfterValidator(_address)]
Token = Annotated[SecretStr, AfterValidator(_ascii)]
Names = list[Annotated[str, Field(min_length=1)]]
Networks = list[Annotated[str, AfterValidator(_network)]]
