"""A Slack client that posts nothing: its token belongs to another workspace than the data came from."""

from typing import Any

from slack_sdk import WebClient

from alerts.channel import DeliveryError


class ClosedClient(WebClient):
    """Raises DeliveryError with this sentence on every call; what waits is posted once the workspace matches again."""

    def __init__(self, client: WebClient, why: str, fix: str) -> None:
        super().__init__(token=client.token, base_url=client.base_url)
        self._why, self._fix = why, fix

    def api_call(self, *_: Any, **__: Any) -> Any:
        """Make no request."""
        raise DeliveryError(self._why, self._fix, refused=True, down=True)
