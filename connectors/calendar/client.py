"""Fetches calendars. Whoever knows an address may read the calendar, so no error, log or exception holds one."""

from dataclasses import dataclass

import httpx

from connectors.base import BadAnswer, CredentialError, NotReachable, RateLimited, SourceUnavailable
from connectors.limits import Limiter, Rate
from connectors.network import no_answer, trusted
from connectors.retry import retrying, seconds_of

LARGEST_BYTES = 50_000_000
_RATE = Rate(5, 1)


@dataclass(frozen=True, slots=True)
class Address:
    """A calendar as it is called in the file that lists them, and where it is."""

    name: str
    url: str


class Client:
    """GET requests, each calendar whole. Raises SourceError."""

    def __init__(self, *, timeout: float, limiter: Limiter) -> None:
        self._timeout = timeout
        self._limiter = limiter

    def fetch(self, calendar: Address) -> bytes:
        """The calendar's text, to its last line: of one that is cut off, what is missing would count as deleted."""
        host = calendar.url.partition("://")[2].partition("/")[0].rpartition("@")[2].lower()
        bucket = f"calendar {host}"  # a server that wants to be left alone keeps no other one waiting
        return retrying(lambda: self._once(calendar), self._limiter, bucket, _RATE)

    def _once(self, calendar: Address) -> bytes:
        try:
            with self._open() as http, http.stream("GET", calendar.url.replace("webcal://", "https://", 1)) as answer:
                self._refuse(calendar, answer)
                body = b""
                for some in answer.iter_bytes():
                    body += some
                    if len(body) > LARGEST_BYTES:
                        raise BadAnswer("calendar", f"{calendar.name} is larger than {LARGEST_BYTES // 1_000_000} MB.")
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.TooManyRedirects):
            raise NotReachable(
                "calendar", f"the address of {calendar.name} cannot be reached.", "Copy it into calendar.file again."
            ) from None
        except httpx.HTTPError as error:
            raise no_answer("calendar", f"no answer for {calendar.name}", error, "") from None
        if not body.lstrip(b"\xef\xbb\xbf \r\n").startswith(b"BEGIN:VCALENDAR"):
            raise SourceUnavailable(
                "calendar", f"{calendar.name} answered with something that is not a calendar.", _ASK
            )
        if not body.rstrip().endswith(b"END:VCALENDAR"):
            raise SourceUnavailable("calendar", f"{calendar.name} answered with an incomplete calendar.")
        return body

    def _open(self) -> httpx.Client:
        headers = {"User-Agent": "leeway", "Accept": "text/calendar"}
        return httpx.Client(
            timeout=self._timeout, follow_redirects=True, max_redirects=5, headers=headers, verify=trusted()
        )

    def _refuse(self, calendar: Address, answer: httpx.Response) -> None:
        status = answer.status_code
        if status in (401, 403):
            raise CredentialError("calendar", f"the address of {calendar.name} was rejected ({status}).", _ASK)
        if status in (404, 410):
            raise NotReachable("calendar", f"{calendar.name} was not found ({status}).", _ASK)
        if status == 429:
            raise RateLimited("calendar", seconds_of(answer.headers.get("Retry-After"), 60))
        if status >= 500:
            raise SourceUnavailable("calendar", f"the server of {calendar.name} answered {status}.")
        if status != 200:
            raise BadAnswer("calendar", f"the server of {calendar.name} answered {status}.")


_ASK = "Ask its owner for the secret address in iCal format and write it into calendar.file."
