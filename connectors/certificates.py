"""The certificates by which servers are believed to be who they say."""

import ssl
from functools import cache

import httpx


@cache
def trusted() -> ssl.SSLContext:
    """As httpx reads them for each client, read once a process: it takes longer than a short answer."""
    return httpx.create_ssl_context()
