"""A Slack that nothing may be said in: its token is of another workspace than what is known came from."""

from typing import Any

from slack_sdk import WebClient

from alerts.channel import DeliveryError


class ClosedClient(WebClient):
    """Raises DeliveryError with this sentence in place of every call; what waits is told once it is open again."""

    def __init__(self, client: WebClient, why: str, fix: str) -> None:
        super().__init__(token=client.token, base_url=client.base_url)
        self._why, self._fix = why, fix

    def api_call(self, *_: Any, **__: Any) -> Any:
        """Nothing is asked, and nothing is said."""
        raise DeliveryError(self._why, self._fix, refused=True, down=True)
