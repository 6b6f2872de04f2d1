"""Changes of the register in words, and what they mean for figures of the past."""

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
    """One line a change; an entry that is new or gone is one line. The order of entries counts for nothing here."""
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
    """The address; the second entry of one that stands in a team twice has a mark behind it."""
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
"""So many of those who leave and join under another address are named, the others counted."""
_TELLING = 3
"""Letters of a part of a name, as in ann.lee@, from which it tells who somebody is."""
_SHOWN_FROM = 5
"""Members of a team from which figures of it are shown."""
_FEW = 0.2
"""Part of a team's people: where no more of them stay, and it is called otherwise, it is another team."""
_HOURS = {("member", name) for name in ("part", "country", "subdivision", "days")} | {("team", "weekend")}


def consequences(before: Register, after: Register, loaded: date, today: date) -> list[str]:
    """What loading `after` today would mean for figures of the past, where `before` was loaded on a day."""
    found = []
    steps = [one for one in changes(flatten(before), flatten(after)) if not one.field.startswith("order of ")]
    if steps and today - loaded < SET_UP:
        found.append(
            f"the current version is of {loaded}, less than a week ago: it counts as a correction and not as a plan, unless it "
            "held longest of those of its week."
        )
    if not same_top(before, after):
        since = after.period.start if after.period.start > before.period.start else today
        found.append(
            f"the top priorities change: a new baseline begins on {since}, and an open drift ends as replanned."
        )
    read = any(one.kind in ("objective", "key result") and one.field in _READ_BY_THE_MATCH for one in steps)
    if read or before.top() != after.top():
        found.append("all work is matched again, that of past weeks too: past shares can change.")
    found += _gone(before, after)
    found += _reworded(before, after)
    found += _people(steps, today)
    found += _one_person(before, after)
    found += renamed_teams(before, after)
    found += _made_of_others(before, after)
    found += _too_few(before, after, today)
    if any(one.field == "calendar.time_zone" for one in steps):
        found.append("the time zone changes: effort of past weeks is estimated again.")
    if any(one.field.startswith("calendar.") and one.field != "calendar.time_zone" for one in steps):
        found.append(f"the calendar changes on {today}: the days before keep theirs, except those that are closed now.")
    return found


def _gone(before: Register, after: Register) -> Iterator[str]:
    now = {one.key for one in after.objectives}
    for one in before.objectives:
        if one.key not in now:
            yield f"{one.key} is gone: its work of past weeks counts for other objectives or for none, and its own figures end."


def _reworded(before: Register, after: Register) -> Iterator[str]:
    for old, new, same in reworded(before, after):
        said = f"{new.key} reads {new.title!r} and was {old.title!r}: taken for "
        if same:
            yield said + "the same objective; if it is another, give it a key of its own."
        else:
            yield (
                said
                + "another objective under the same key; if it is the same, keep its key results or more of its words."
            )


def _people(steps: Sequence[Change], today: date) -> Iterator[str]:
    begun = {one.key for one in steps if one.kind == "member" and one.field == "from"}
    moved = [one for one in steps if one.kind == "member" and one.field == "in" and one.key not in begun]
    dated = sorted(
        str(one.after or one.before) for one in steps if one.kind == "member" and one.field in ("from", "to")
    )
    if moved:
        yield f"people who join or leave do so on {today}: their days before stay with the team of those days."
    new = {(one.kind, one.key) for one in steps if one.field in ("in", "key")}
    if any((one.kind, one.field) in _HOURS and (one.kind, one.key) not in new for one in steps):
        yield f"when people work changes on {today}: what was expected of them before stays as it was."
    if dated and dated[0] < today.isoformat():
        yield f"members have a `from` or `to` in the past: their teams' figures from {dated[0]} on are computed again."


def _one_person(before: Register, after: Register) -> Iterator[str]:
    """Addresses that differ in their domain alone, as where a company changes its name, or in one team in a part of the name, as
    after a marriage."""
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
        yield f"so do {len(pairs) - _NAMED} more who leave and join under such addresses."


def _may_be_one(one: str, other: str, *, in_one: bool) -> bool:
    """Return True if two addresses look like one person's; `in_one` says that they are in the same team."""
    (name, _, _), (later, _, _) = one.partition("@"), other.partition("@")
    return name == later or (in_one and any(len(part) >= _TELLING for part in _parts(name) & _parts(later)))


def _parts(name: str) -> set[str]:
    return set(re.split(r"[\W\d_]+", name))


def renamed_teams(before: Register, after: Register) -> list[str]:
    """A question for each new team that has most members of one that is gone, and for each that has a team's key and is another
    one: a key is what a team's past is kept under."""
    old, new = {team.key: team for team in before.teams}, {team.key: team for team in after.teams}
    found = []
    for gone in (team for key, team in old.items() if key not in new):
        for team in (team for key, team in new.items() if key not in old):
            same = _stay(gone, team)
            if same > len(gone.addresses) / 2 and same > len(team.addresses) / 2:
                found.append(
                    f"team {team.key} has {same} of the {len(gone.addresses)} members of team {gone.key}, which is gone: what "
                    f"{gone.key} did stays with it, and {team.key} begins without a past. "
                    f"If it is one team, keep `key: {gone.key}` and change its `name:` alone."
                )
    for key, was in ((key, team) for key, team in old.items() if key in new):
        now = new[key]
        if was.name != now.name and was.addresses and now.addresses and _stay(was, now) <= _FEW * len(was.addresses):
            found.append(
                f"team {key} was {was.name!r} with other people: what they did stands as the past of {now.name!r}. If it is "
                "another team, give it a key of its own."
            )
    return found


def _made_of_others(before: Register, after: Register) -> Iterator[str]:
    """Of each new team that is made of others' people, merged or split, what its past is; one that is only called otherwise is
    asked about."""
    old = {team.key: team for team in before.teams}
    asked = [line for line in renamed_teams(before, after) if "which is gone" in line]
    for team in (one for one in after.teams if one.key not in old):
        from_ = {key: many for key, was in old.items() if (many := _stay(was, team))}
        if 2 * sum(from_.values()) < len(team.addresses) or any(f"team {team.key} has" in line for line in asked):
            continue
        parts = [f"{many} from {key}" for key, many in sorted(from_.items(), key=lambda one: (-one[1], one[0]))]
        if parts:
            yield (
                f"team {team.key} is new and begins without a past. Of its {_members(len(team.addresses))} come "
                f"{', '.join(parts)}: what they did before stays there, and goes on in the company's figures."
            )


def _too_few(before: Register, after: Register, today: date) -> Iterator[str]:
    """Teams that were large enough for figures and are not any more."""
    was = {team.key: len(_here(team, today)) for team in before.teams}
    for team in after.teams:
        if len(_here(team, today)) < _SHOWN_FROM <= was.get(team.key, 0):
            yield (
                f"team {team.key} has {_members(len(_here(team, today)))} and had {was[team.key]}: figures are shown from five "
                "on, so there are none of it from now on."
            )


def _members(members: int) -> str:
    """4 members"""
    return f"{members} member{'' if members == 1 else 's'}"


def _here(team: Team, day: date) -> set[str]:
    return {one.email.lower() for one in team.members if (one.first or day) <= day <= (one.last or day)}


def _stay(was: Team, now: Team) -> int:
    """How many of a team's people are in another one."""
    here = {address.lower(): one.email.lower() for one in now.members for address in (one.email, *one.formerly)}
    return len({email for address, email in here.items() if address in was.addresses})


def concerning(key: str | None, lines: Sequence[str]) -> list[str]:
    """The lines about an objective, a key result, a team or an address; all without one."""
    return [line for line in lines if key is None or key in line.replace(":", " ").split()]
