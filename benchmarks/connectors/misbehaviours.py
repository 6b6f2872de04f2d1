"""Random misbehaviour of real servers: each kind was reported by users of some connector (docs/connectors.md).

None of them announces a deletion, so in the end nothing may be missing, and nothing invented here may be stored.
"""

import json
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

_YEARS = ("0026-07-14T09:30:00.000+0000", "51502-01-01T00:00:00.000+0000")


class Misbehaviours:
    """Changes a part of the answers, `rate`; `seen` counts by kind. `on` is switched off before the world is compared."""

    def __init__(self, seed: int, rate: float) -> None:
        self.rng, self.rate, self.on = random.Random(f"misbehaviours {seed}"), rate, True
        self.seen: Counter[str] = Counter()
        self._kinds: list[tuple[str, str, Callable[[Any], Any]]] = [
            ("/batch/read", "207", self._partial),
            ("/batch/read", "no results", lambda answer: {"status": "COMPLETE"}),
            ("/batch/read", "rows left out", self._fewer),
            ("/search", "short page", self._short),
            ("/associations/", "links left out", self._fewer),
            ("search/jql", "short page", self._short),
            ("search/jql", "dates beyond belief", self._dated),
            ("search/jql", "more than there is", self._promised),
            ("bulkfetch", "issues left out", self._fewer),
            ("/status", "no category", self._uncategorised),
            ("/project", "nothing to list", lambda answer: [] if isinstance(answer, list) else answer),
            ("conversations.history", "empty page", self._empty),
            ("conversations.history", "notices", self._notices),
            ("conversations.replies", "thread_not_found", lambda _: {"ok": False, "error": "thread_not_found"}),
            ("users.list", "a member without anything", lambda answer: {**answer, "members": [*answer["members"], {}]}),
        ]

    def __call__(self, path: str, body: bytes) -> bytes:
        """The answer, perhaps changed."""
        where = path.partition("?")[0]
        kinds = [one for one in self._kinds if where.endswith(one[0]) or (one[0][-1] == "/" and one[0] in where)]
        rate = self.rate / 8 if where.endswith("replies") else self.rate  # half of all requests are for threads
        if not (self.on and kinds and self.rng.random() < rate):
            return body
        _, name, change = self.rng.choice(kinds)
        try:
            answer = json.loads(body)
            if not isinstance(answer, (dict, list)) or (isinstance(answer, dict) and answer.get("ok") is False):
                return body
            changed = change(answer)
        except (ValueError, KeyError):
            return body
        if changed is not None:
            self.seen[name] += 1
            return json.dumps(changed).encode()
        return body

    def _partial(self, answer: Any) -> Any:
        rows = answer["results"]
        if not rows:
            return None
        error = {"status": "error", "category": "INTERNAL_ERROR", "context": {"ids": [rows[0]["id"]]}}
        return {**answer, "results": rows[1:], "numErrors": 1, "errors": [*answer.get("errors", []), error]}

    def _fewer(self, answer: Any) -> Any:
        name = "issues" if "issues" in answer else "results"
        return {**answer, name: [row for row in answer[name] if self.rng.random() < 0.7]}

    def _short(self, answer: Any) -> Any:
        """Fewer than were asked for, and more behind it."""
        name = "issues" if "issues" in answer else "results"
        if len(answer[name]) < 6:
            return None
        after = {"nextPageToken": "OTk5OQ=="} if name == "issues" else {"paging": {"next": {"after": "5"}}}
        return {**answer, name: answer[name][:5], **after}

    def _dated(self, answer: Any) -> Any:
        issue = next((one for one in answer["issues"] if (one["fields"].get("worklog") or {}).get("worklogs")), None)
        if issue is None:
            return None
        held = issue["fields"]["worklog"]
        held["worklogs"].append(held["worklogs"][0] | {"id": "999999999", "started": self.rng.choice(_YEARS)})
        return answer

    def _promised(self, answer: Any) -> Any:
        for issue in answer["issues"]:
            for name in ("comment", "worklog"):
                if issue["fields"].get(name):
                    issue["fields"][name]["total"] += 3
        return answer

    def _uncategorised(self, answer: Any) -> Any:
        return [{**row, "statusCategory": None} for row in answer] if isinstance(answer, list) else None

    def _empty(self, answer: Any) -> Any:
        """A page that holds nothing; what was to be on it follows."""
        if not answer["messages"] or answer["response_metadata"]["next_cursor"]:
            return None
        return {**answer, "messages": [], "has_more": True, "response_metadata": {"next_cursor": "MA=="}}

    def _notices(self, answer: Any) -> Any:
        if not answer["messages"]:
            return None
        second = answer["messages"][-1]["ts"].partition(".")[0]
        notice = {"type": "message", "user": "U00000001", "text": "changed a list", "ts": f"{second}.999998"}
        notices = [{**notice, "subtype": self.rng.choice(["list_record_updated", "huddle_invite", "bot_add"])}]
        rows = sorted([*answer["messages"], *notices], key=lambda row: float(row["ts"]), reverse=True)
        return {**answer, "messages": rows}
