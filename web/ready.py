"""Pages are ready before somebody asks: after each cycle the company's are read once in the background, so that what is kept
until the next one (drawn charts, largest items, sums of effort) is there already."""

import asyncio
import re
import threading
from heapq import heappop, heappush
from html import unescape

import httpx
import structlog
from fastapi import FastAPI
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import ASGIApp, Receive, Scope, Send

from leeway.app import App, NotReady
from web import data
from web.auth import WITHIN, Viewer

log = structlog.get_logger()
EVERY = 2.0
"""Seconds between two looks for a new cycle; a look is one row by its key."""
MOST = 25
"""Pages of one kind that are read: of a company with a hundred teams as many as are linked first."""
KINDS = ("teams", "objectives", "drifts", "streams", "key-results", "diagnoses", "packs", "steps")
"""Places that keep something for a cycle, by the order in which they are read."""
LINK = re.compile(rf'href="(?:/[^":?#]*?)?(/streams/[^"?#]+|/(?:{"|".join(KINDS)})(?:/[^/"?#]+)?)"')
"""A link to one, below whatever path the page is served at; a stream's name may hold a slash."""


def keep_ready(web: FastAPI, app: App) -> None:
    """Read the pages now, and again after each cycle, for as long as this process lives."""
    threading.Thread(target=_follow, args=(web, app), daemon=True, name="pages ready").start()


def _follow(web: FastAPI, app: App) -> None:
    cycle, known, pause = -1, -1, threading.Event()
    while True:
        try:
            cycle, _ = data.last_cycle(app)
            if cycle != known:
                asyncio.run(read_pages(web))
                known = cycle
        except (SQLAlchemyError, NotReady):  # /readyz says so; pages that are asked for are made when they are
            pass
        except Exception as error:  # whoever asks for the page is told; without this nothing would be ready any more
            log.warning("pages could not be made ready", reason=type(error).__name__)
            known = cycle  # or a page that cannot be made would be tried, with all before it, every two seconds
        pause.wait(EVERY)


async def read_pages(web: ASGIApp) -> list[str]:
    """Read the first page and what it leads to, as one who sees the company; returns the paths, as they were read."""

    async def signed_in(scope: Scope, receive: Receive, send: Send) -> None:
        await web({**scope, WITHIN: Viewer("company")}, receive, send)

    waiting, seen, read = [(-1, 0, "/")], {"/"}, []
    counts = dict.fromkeys(KINDS, 0)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(signed_in), base_url="http://localhost") as client:
        while waiting:
            _, _, path = heappop(waiting)
            answer = await client.get(path)
            if answer.status_code != 200:
                continue
            read.append(path)
            for link in LINK.findall(answer.text):
                found = unescape(link)
                kind = found.split("/")[1]
                if found in seen or counts[kind] >= MOST:
                    continue
                seen.add(found)
                counts[kind] += 1
                # One team's page comes after what all look at.
                heappush(waiting, (len(KINDS) if found.startswith("/teams/") else KINDS.index(kind), len(seen), found))
    return read
