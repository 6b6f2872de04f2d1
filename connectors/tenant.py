"""The tenant of a source: the site, workspace or account that the settings point to.

Ids of records are only unique within one. Another address or token may lead to another tenant, whose issue 10001
is a different issue, so each source identifies its tenant.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, runtime_checkable
from urllib.parse import urlsplit

from connectors.errors import BadAnswer, CredentialError, NotReachable, ScopeError

UNSAID = (BadAnswer, CredentialError, NotReachable, ScopeError)
"""Errors with which a source refuses to say whose it is: what it is pulled for is asked all the same, and says more."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """`id` is the source's own and never changes, empty where it says none; `address` is where it is; `label` is for people."""

    id: str
    address: str
    label: str

    def is_same(self, other: "Tenant") -> bool:
        """Return True if both are the same. If one has no id, the address decides."""
        if self.id and other.id:
            return self.id == other.id
        return bool(self.address) and self.address == other.address

    def is_nameless(self) -> bool:
        """Return True if it is known by its address alone, which may change."""
        return not self.id


@runtime_checkable
class Tenanted(Protocol):
    """A connector that identifies its tenant."""

    def tenant(self) -> Tenant | None:
        """Return the tenant; None if the source does not say. Raises SourceError if it does not answer."""
        ...


@runtime_checkable
class Recognising(Protocol):
    """A connector that tells by its records whether a nameless tenant is the one they came from."""

    def recognises(self, sample: Sequence[tuple[str, datetime]]) -> bool:
        """Return True if items of these external ids, created then, are there. Raises SourceError."""
        ...


def place(url: Any) -> str:
    """Host, port and path of an address, as two addresses of one server are compared."""
    parts = urlsplit(str(url or "").strip().lower())
    host = parts.hostname or ""
    port = f":{parts.port}" if parts.port not in (None, 80, 443) else ""
    return f"{host}{port}{parts.path.rstrip('/')}"
