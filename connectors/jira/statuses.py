"""What state a status means: statuses are made, renamed and removed while histories keep naming them."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from connectors.base import BadAnswer, State
from connectors.jira.client import JiraClient

_STATES = {"new": State.TODO, "indeterminate": State.DOING, "done": State.DONE}


class Statuses:
    """States by status id, learnt from the list of statuses and from the issues themselves."""

    def __init__(self, client: JiraClient) -> None:
        self._client = client
        self._states: dict[str, str] = {}
        self._names: dict[str, set[str]] = {}
        self._fresh = False

    def expire(self) -> None:
        """Look up again, once, what is not known: with each pull, since a status may have been made meanwhile."""
        self._fresh = False
        self._states = {id_: state for id_, state in self._states.items() if state != State.UNKNOWN}

    def of(self, issues: list[Any]) -> Mapping[str, str]:
        """States by id, of all statuses that these issues and their histories name."""
        named: dict[str, str] = {}
        for issue in issues:
            try:
                named |= _unknown(issue, self._states)
            except (KeyError, TypeError, ValueError, AttributeError):
                continue  # set aside when it is parsed
            self._learn([issue["fields"].get("status")])
        if not named.keys() <= self._states.keys() and not self._fresh:
            self._learn(self._client.get("status"))
            self._fresh = True
        for id_, name in named.items():
            if id_ not in self._states:
                self._states[id_] = self._look_up(id_, name)
        return self._states

    def _learn(self, statuses: Any) -> None:
        for status in statuses if isinstance(statuses, list) else []:
            if not isinstance(status, Mapping) or "id" not in status:
                continue
            category = status.get("statusCategory")
            state = _STATES.get(str(category.get("key")) if isinstance(category, Mapping) else "")
            if state is not None:
                self._states[str(status["id"])] = state
                self._names.setdefault(str(status.get("name")).casefold(), set()).add(state)

    def _look_up(self, id_: str, name: str) -> str:
        """One that the list lacks: asked for by itself, else what all statuses of its name are, else unknown."""
        with suppress(BadAnswer):  # removed from every workflow
            self._learn([self._client.get(f"status/{id_}")])
        if id_ in self._states:
            return self._states[id_]
        alike = self._names.get(name.casefold(), set())
        return next(iter(alike)) if len(alike) == 1 else State.UNKNOWN


def _unknown(issue: Mapping[str, Any], known: Mapping[str, str]) -> dict[str, str]:
    """Names by id of those statuses in an issue and its history that are not known; nearly always none."""
    found: dict[str, str] = {}
    status = issue["fields"].get("status") or {}
    if "id" in status and str(status["id"]) not in known:
        found[str(status["id"])] = str(status.get("name"))
    for history in (issue.get("changelog") or {}).get("histories") or []:
        for change in history.get("items") or []:
            if change.get("field") == "status" and change.get("fieldtype") != "custom":
                for side in ("from", "to"):
                    id_ = change.get(side)
                    if id_ is not None and str(id_) not in known:
                        found[str(id_)] = str(change.get(f"{side}String"))
    return found
