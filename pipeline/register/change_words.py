"""Describe changes of the register in words, and what they mean for figures of the past."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from pipeline.register.changes import Change, State, changes, flatten
from pipeline.register.meant import SET_UP
from pipeline.register.sameness import reworded, same_top
from pipeline.register.schema import Register, Team

_LEAD = {
    "objective": "",
    "key result": "",
    "team": "team ",
    "member": "",
    "register": "",
    "path": "steps ",
    "step": "step ",
}
_READ_BY_THE_MATCH = (
    "title",
    "description",
    "aliases",
    "teams",
    "owner",
    "scope.items",
    "scope.labels",
    "scope.containers",
    "in",
)


def in_words(before: Register | None, after: Register) -> list[str]:
    """Return one line per change; an added or removed entry is one line. The order of entries is ignored here."""
    old, new = flatten(before) if before else {}, flatten(after)
    groups: dict[tuple[str, str], list[Change]] = defaultdict(list)
    for one in changes(old, new):
        if not one.field.startswith("order of "):
            groups[one.kind, one.key].append(one)
    whole = {(k, key) for (k, key), _ in groups.items() if ((k, key, "in") in old) != ((k, key, "in") in new)}
    return [line for group, some in groups.items() for line in _lines(group, some, old, new, whole)]


def _lines(
    group: tuple[str, str], some: Sequence[Change], old: State, new: State, whole: set[tuple[str, str]]
) -> Iterator[str]:
    kind, key = group
    if group in whole:
        state, verb = (new, "is new") if (kind, key, "in") in new else (old, "is gone")
        parent = ("team" if kind == "member" else "objective", state[kind, key, "in"])
        if parent not in whole or kind != "member":
            yield _whole(kind, key, state, verb)
        return
    for one in some:
        yield f"{_named(kind, key)}{one.field if one.field != 'in' else 'objective'}: {_shown(one.before)} -> {_shown(one.after)}"


def _whole(kind: str, key: str, state: State, verb: str) -> str:
    if kind == "member":
        words = (("from", "from"), ("to", "until"))
        dated = "".join(f" {word} {day}" for name, word in words if (day := state.get((kind, key, name))))
        gone = "is no longer listed in" if dated else "leaves"
        return f"{_whom(key)} {'joins' if verb == 'is new' else gone} team {_team(key)}{dated}"
    title = state.get((kind, key, "title")) or state.get((kind, key, "name"))
    where = f" in {state[kind, key, 'in']}" if kind == "key result" else ""
    return f"{_LEAD[kind]}{key} {verb}{where}: {title}"


def _team(key: str) -> str:
    return key.partition("/")[0]


def _whom(key: str) -> str:
    """Return the member's address; a second entry of the same address in a team has a mark appended."""
    return key.partition("/")[2].rstrip("'")


def _named(kind: str, key: str) -> str:
    if kind == "member":
        return f"{_whom(key)} in team {_team(key)}: "
    return f"{_LEAD[kind]}{key}: " if key else ""


def _shown(value: Any) -> str:
    if value is None or value in ([], ""):
        return "none"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


_NAMED = 3
"""How many people who change their address are named; the rest are counted."""
_IDENTIFYING = 3
"""Length from which a part of a name, as in ann.lee@, identifies somebody."""
_FEW = 0.2
"""If at most this share of a team's people stays and its name changes, it is a different team."""
_HOURS = {("member", name) for name in ("part", "country", "subdivision", "days")} | {("team", "weekend")}


def consequences(before: Register, after: Register, loaded: date, today: date, least_people: int) -> list[str]:
    """Return what loading `after` today would change in figures of the past; `before` was loaded on the day `loaded`.

    Figures are shown for teams of `least_people` or more.
    """
    found = []
    steps = [one for one in changes(flatten(before), flatten(after)) if not one.field.startswith("order of ")]
    if steps and today - loaded < SET_UP:
        found.append(
            f"the current version was loaded on {loaded}, less than a week ago: it counts as a correction, not as a plan, "
            "unless it was the longest-lived version of its week."
        )
    if not same_top(before, after):
        since = after.period.start if after.period.start > before.period.start else today
        found.append(
            f"the top priorities change: a new baseline begins on {since}, and an open drift ends as replanned."
        )
    read = any(one.kind in ("objective", "key result") and one.field in _READ_BY_THE_MATCH for one in steps)
    if read or before.top() != after.top():
        found.append("all work is matched again, including past weeks: past shares can change.")
    found += _gone(before, after)
    found += _reworded(before, after)
    found += _people(steps, today)
    found += _one_person(before, after)
    found += renamed_teams(before, after)
    found += _made_of_others(before, after)
    found += _too_few(before, after, today, least_people)
    if any(one.field == "calendar.time_zone" for one in steps):
        found.append("the time zone changes: effort of past weeks is estimated again.")
    if any(one.field.startswith("calendar.") and one.field != "calendar.time_zone" for one in steps):
        found.append(
            f"the calendar changes on {today}: earlier days keep the old one, except days that are now closed."
        )
    return found


def _gone(before: Register, after: Register) -> Iterator[str]:
    now = {one.key for one in after.objectives}
    for one in before.objectives:
        if one.key not in now:
            yield f"{one.key} is gone: its past work counts for other objectives or for none, and its own figures end."


def _reworded(before: Register, after: Register) -> Iterator[str]:
    for old, new, same in reworded(before, after):
        said = f"{new.key} reads {new.title!r} and was {old.title!r}: treated as "
        if same:
            yield said + "the same objective; if it is a different one, give it a new key."
        else:
            yield (
                said
                + "a different objective under the same key; if it is the same, keep its key results or more of its words."
            )


def _people(steps: Sequence[Change], today: date) -> Iterator[str]:
    begun = {one.key for one in steps if one.kind == "member" and one.field == "from"}
    moved = [one for one in steps if one.kind == "member" and one.field == "in" and one.key not in begun]
    dated = sorted(
        str(one.after or one.before) for one in steps if one.kind == "member" and one.field in ("from", "to")
    )
    if moved:
        yield f"people who join or leave do so on {today}: earlier days stay with the team they were in then."
    new = {(one.kind, one.key) for one in steps if one.field in ("in", "key")}
    if any((one.kind, one.field) in _HOURS and (one.kind, one.key) not in new for one in steps):
        yield f"working hours change on {today}: expectations for earlier days stay as they were."
    if dated and dated[0] < today.isoformat():
        yield f"members have a `from` or `to` in the past: their teams' figures from {dated[0]} on are computed again."


def _one_person(before: Register, after: Register) -> Iterator[str]:
    """Find addresses that differ only in their domain, as after a change of company name, or, within one team, in part of the
    name, as after a marriage."""
    old, new = ({m.email.lower(): t.key for t in one.teams for m in t.members} for one in (before, after))
    formerly = {address.lower() for t in after.teams for m in t.members for address in m.formerly}
    gone, come = sorted(set(old) - set(new) - formerly), sorted(set(new) - set(old))
    pairs = [(one, other) for one in gone for other in come if _may_be_one(one, other, in_one=old[one] == new[other])]
    for one, other in pairs[: _NAMED if len(pairs) > _NAMED + 1 else None]:
        yield (
            f"{one} leaves and {other} joins: if this is one person, write `formerly: {one}` there; "
            "else the past of the accounts that changed their address counts for nobody."
        )
    if len(pairs) > _NAMED + 1:
        yield f"{len(pairs) - _NAMED} more pairs of people leave and join under similar addresses."


def _may_be_one(one: str, other: str, *, in_one: bool) -> bool:
    """Return True if two addresses look like one person's; `in_one`: they are in the same team."""
    (name, _, _), (later, _, _) = one.partition("@"), other.partition("@")
    return name == later or (in_one and any(len(part) >= _IDENTIFYING for part in _parts(name) & _parts(later)))


def _parts(name: str) -> set[str]:
    return set(re.split(r"[\W\d_]+", name))


def renamed_teams(before: Register, after: Register) -> list[str]:
    """Return a question for each new team with most members of a removed one, and for each kept key that now names a different
    team: a team's past is stored under its key."""
    old, new = {team.key: team for team in before.teams}, {team.key: team for team in after.teams}
    found = []
    for gone in (team for key, team in old.items() if key not in new):
        for team in (team for key, team in new.items() if key not in old):
            same = _stay(gone, team)
            if same > len(gone.addresses) / 2 and same > len(team.addresses) / 2:
                found.append(
                    f"team {team.key} has {same} of the {len(gone.addresses)} members of team {gone.key}, which is gone: the "
                    f"past of {gone.key} stays with it, and {team.key} starts without a past. "
                    f"If it is the same team, keep `key: {gone.key}` and change only its `name:`."
                )
    for key, was in ((key, team) for key, team in old.items() if key in new):
        now = new[key]
        if was.name != now.name and was.addresses and now.addresses and _stay(was, now) <= _FEW * len(was.addresses):
            found.append(
                f"team {key} was {was.name!r} with other people: their work is now the past of {now.name!r}. If it is "
                "a different team, give it a new key."
            )
    return found


def _made_of_others(before: Register, after: Register) -> Iterator[str]:
    """Describe the past of each new team made of other teams' people by merger or split; a renaming is asked about instead."""
    old = {team.key: team for team in before.teams}
    asked = [line for line in renamed_teams(before, after) if "which is gone" in line]
    for team in (one for one in after.teams if one.key not in old):
        from_ = {key: many for key, was in old.items() if (many := _stay(was, team))}
        if 2 * sum(from_.values()) < len(team.addresses) or any(f"team {team.key} has" in line for line in asked):
            continue
        parts = [f"{many} from {key}" for key, many in sorted(from_.items(), key=lambda one: (-one[1], one[0]))]
        if parts:
            yield (
                f"team {team.key} is new and starts without a past. Of its {_members(len(team.addresses))} come "
                f"{', '.join(parts)}: their earlier work stays there, and in the company's figures."
            )


def _too_few(before: Register, after: Register, today: date, least_people: int) -> Iterator[str]:
    """Report teams that were large enough for figures to be shown and no longer are."""
    was = {team.key: len(_here(team, today)) for team in before.teams}
    for team in after.teams:
        if len(_here(team, today)) < least_people <= was.get(team.key, 0):
            yield (
                f"team {team.key} has {_members(len(_here(team, today)))} and had {was[team.key]}: figures are shown from "
                f"{least_people} members on, so none are shown for it from now on."
            )


def _members(members: int) -> str:
    """Format a count: 4 members."""
    return f"{members} member{'' if members == 1 else 's'}"


def _here(team: Team, day: date) -> set[str]:
    return {one.email.lower() for one in team.members if (one.first or day) <= day <= (one.last or day)}


def _stay(was: Team, now: Team) -> int:
    """Return how many of a team's people are in another one."""
    here = {address.lower(): one.email.lower() for one in now.members for address in (one.email, *one.formerly)}
    return len({email for address, email in here.items() if address in was.addresses})


def concerning(key: str | None, lines: Sequence[str]) -> list[str]:
    """Return the lines about an objective, key result, team or address; all lines if `key` is None."""
    return [line for line in lines if key is None or key in line.replace(":", " ").split()]
