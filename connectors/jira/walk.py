"""The ways through a Jira's issues: forward over what is new, and back over the past.

A cursor names the projects whose past it holds (`projects`). One that can be read later, since it was listed, or shown to the
account again, has no past yet: what the search goes on from lies behind it. It is read by a walk of its own (`only`).
"""

from collections.abc import Callable, Collection, Iterator
from datetime import datetime, timedelta
from typing import Any

from connectors.base import Cursor
from connectors.jira.fields import NamedFields
from connectors.jira.issues import Issues
from connectors.jira.projects import Projects
from connectors.onward import Onward
from connectors.records import is_outdated
from connectors.times import millis

OVERLAP = timedelta(minutes=5)
RECENT = timedelta(days=14)
"""What a first pull reads before it turns to the past."""
PARSER = 6
"""Version of parse_issue; what an older one read is read again. 2: first values, states, epics by level. 3: statuses' names.
4: worklogs of several days. 5: former keys. 6: cards, dates, tables of wiki markup."""
_PAST = ("back", "back_token", "parser", "fields", "projects", "only")
Step = tuple[list[Any], dict[str, Any]]
"""Issues as they were answered, with the cursor that is right after them."""


class Walk:
    """Through the issues of the projects that can be read. `now` gives the time in seconds; errors are SourceError."""

    def __init__(self, source: str, issues: Issues, projects: Projects, fields: NamedFields, now: Callable[[], float]):
        self._source, self._issues, self._projects, self._fields, self._now = source, issues, projects, fields, now

    def forward(self, cursor: Cursor | None, since: datetime) -> Iterator[Step]:
        """What is new since the cursor, in all projects."""
        first = max(millis(since), int((self._now() - RECENT.total_seconds()) * 1000))
        fresh = {"updated": first, "back": first, "walking": True, "parser": PARSER, "projects": self._keys}
        state = dict(cursor or fresh | self._fields.mark)
        back = {key: state[key] for key in _PAST if key in state}
        # What changes in a project while it cannot be read is behind the cursor once it can be.
        back |= {key: sorted({*state[key]} & {*self._keys}) for key in ("projects", "only") if key in state}
        start, token = int(state["updated"]), state.get("token")
        if not state.get("walking"):
            start -= int(OVERLAP.total_seconds() * 1000)
        newest = max(int(state["updated"]), int(state.get("newest", 0)))
        onward = Onward(self._source, "the search")
        while True:
            onward.to(start, token)
            issues, times, more = self._issues.found(f"updated >= {start}", "updated ASC, id ASC", token)
            last = max([start, *times])
            newest = max([newest, *(at for at in times if at <= self._now_millis())])  # one dated ahead hides no other
            token = more if last == start else None
            start = last
            walking = {"updated": start, "walking": True, "newest": newest, **({"token": token} if token else {})}
            yield issues, back | (walking if more else {"updated": newest})
            if not more:
                return

    def backward(self, cursor: Cursor, since: datetime) -> Iterator[Step]:
        """The past, newest first; all of it again where an older parser read it, and that of projects that have none yet.

        What changes meanwhile leaves this walk and is met by `forward`.
        """
        kept, oldest = dict(cursor), millis(since)
        if is_outdated(cursor, PARSER, self._fields.mark):
            kept = self._begun(kept) | {"parser": PARSER, "projects": self._keys, **self._fields.mark}
        elif "only" in kept and (more := self._without_past(kept) - {*kept["only"]}):
            kept = self._begun(kept, more | {*kept["only"]})
        while True:
            if int(kept.get("back", 0)) > oldest:
                for issues, after in self._past(kept, oldest):
                    yield issues, after
                    kept = dict(after)
            if not (added := self._without_past(kept)):
                return
            kept = self._begun(kept, added)

    def _past(self, kept: Cursor, oldest: int) -> Iterator[Step]:
        """From where the walk stands down to its end, after which the cursor names what was walked through."""
        names = kept.get("only")
        walking = {key: value for key, value in kept.items() if key not in ("back", "back_token")}
        done = {key: value for key, value in walking.items() if key != "only"} | {"back": oldest}
        if names is not None:
            done["projects"] = sorted({*kept.get("projects", ()), *names})
        back, token = int(kept["back"]), kept.get("back_token")
        onward = Onward(self._source, "the search")
        while back > oldest and names != []:
            onward.to(back, token)
            query = f"updated >= {oldest} AND updated <= {back}"
            issues, times, more = self._issues.found(query, "updated DESC, id DESC", token, names)
            first = min([back, *times])
            token = more if first == back else None
            back = first if more else oldest
            after = walking | {"back": back, **({"back_token": token} if token else {})}
            yield issues, after if back > oldest else done
        if names == []:  # none of them is to be read any more
            yield [], done

    def _begun(self, kept: Cursor, only: Collection[str] = ()) -> dict[str, Any]:
        """The cursor at the beginning of a walk through the past: of `only` these projects, or of all."""
        rest = {key: value for key, value in kept.items() if key not in ("back", "back_token", "only")}
        back = max(int(kept["updated"]), self._now_millis())
        return rest | {"back": back} | ({"only": sorted(only)} if only else {})

    def _without_past(self, kept: Cursor) -> set[str]:
        return {*self._keys} - {*kept.get("projects", ())}

    @property
    def _keys(self) -> list[str]:
        return sorted(self._projects.keys)

    def _now_millis(self) -> int:
        return int(self._now() * 1000)
