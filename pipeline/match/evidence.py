"""Why an item was matched, in words: the largest contributions to its score, phrased as a person would.

Each reason begins with its origin: people, the register, links (parent, mentions, team or place), or the text.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.match.conditional_logit import Features
from pipeline.match.matcher import Matcher
from pipeline.match.who_says import LINKS, PEOPLE, REGISTER, TEXT

MOST = 3
_GROUPS: dict[str, tuple[str, ...]] = {
    "text": (
        "near",
        "near_local",
        "near_rank",
        "near_team_rank",
        "objective_near_rank",
        "confirmed_near",
        "confirmed_near_rank",
    ),
    "words": ("shared_words", "shared_words_rank"),
    "tree": (
        "group_near",
        "group_near_local",
        "group_near_rank",
        "group_near_team_rank",
        "group_shared_words_rank",
        "siblings",
        "children",
    ),
    "parent": ("parent_near", "parent"),
    "team": ("in_team", "out_of_team", "owner_team", "first_team", "only_team"),
    "mention": ("named",),
    "place": ("place", "place_lift"),
    "alike": ("alike", "alike_near_rank", "alike_near_local", "alike_shared_words_rank", "alike_group_near_rank"),
}
_LEAST = 0.15
_WHO = {"text": TEXT, "words": TEXT, "alike": TEXT}
"""Origin by group; the others are links."""


def by_group(contributions: NDArray[np.float32], names: Sequence[str]) -> NDArray[np.float32]:
    """Sum contributions, (items, features with these names), by group of evidence: (items, groups)."""
    member = np.array([[name in members for members in _GROUPS.values()] for name in names], np.float32)
    found: NDArray[np.float32] = contributions @ member
    return found


def in_words(
    matcher: Matcher,
    i: int,
    k: int,
    strength: NDArray[np.float32],
    found: NDArray[np.float32],
    labels: Mapping[str, str | None],
) -> tuple[str, ...]:
    """Return at most MOST reasons for item `i` and key result number `k`, strongest first; `strength` is a row of `by_group`."""
    item = matcher.links.items[i]
    if item.id in labels:
        return (_by_people(labels[item.id]),)
    if i in matcher.declared:
        return (f"{REGISTER}: its scope says {matcher.keys[k]}",)
    if found[i, -1] >= found[i, k]:
        return _none(matcher, i, k, found)
    sums = dict(zip(_GROUPS, strength.tolist(), strict=True))
    reasons: list[str] = []
    for group in sorted(sums, key=sums.__getitem__, reverse=True):
        if sums[group] < _LEAST or len(reasons) == MOST:
            break
        reason = _say(matcher, group, i, k, found)
        if reason:
            reasons.append(f"{_WHO.get(group, LINKS)}: {reason}")
    return tuple(reasons)


def _by_people(answer: str | None) -> str:
    return f"{PEOPLE}: somebody labelled it {answer or 'no key result'}"


def _none(matcher: Matcher, i: int, k: int, found: NDArray[np.float32]) -> tuple[str, ...]:
    """Explain why no key result: which general kind of work the item reads like, and which key result came nearest."""
    first = matcher.first
    kinds = {"routine": "routine work", "chatter": "chatter", "one_off": "a one-off project"}
    near = {kind: float(first.item[f"{kind}_near"][i]) for kind in kinds}
    likest = max(near, key=near.__getitem__)
    reads = f"reads like {kinds[likest]}" if near[likest] > matcher.nearest[i] else "no key result is close enough"
    return f"{TEXT}: {reads}", f"{TEXT}: nearest was {matcher.keys[k]} with {100 * float(found[i, k]):.0f}%"


def _say(matcher: Matcher, group: str, i: int, k: int, found: NDArray[np.float32]) -> str | None:
    key, links = matcher.keys[k], matcher.links
    item = links.items[i]
    if group == "text":
        return f"its text is close to {key}"
    if group == "words":
        return f"its text shares words with {key}"
    if group == "tree":
        return f"the rest of its thread or epic points to {key}" if links.tree_size[i] > 1 else None
    if group == "team":
        return f"team {item.team} works on {key}" if item.team else None
    if group == "place":
        return f"work in {item.container} often serves {key}" if item.container else None
    if group == "parent" and links.parent[i] >= 0:
        above = links.items[links.parent[i]]
        name = _short(above.title or above.words, 60)
        return f"its parent {above.kind} '{name}' points to {key}" if name else None
    if group == "mention":
        named = [links.items[j] for j in links.named_by[i] if found[j].argmax() == k]
        return f"names {named[0].key or named[0].id}" if named else None
    if group == "alike":
        other = links.items[matcher.neighbours.index[i, 0]].words
        return f"reads like '{_short(other, 50)}'" if other else None
    return None


def _short(text: str, most: int) -> str:
    """Return the text on one line, cut at a word boundary if it is longer than `most`."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[:most].rsplit(" ", 1)[0].rstrip(" ,;:.-") + "…"


def reasons(
    matcher: Matcher,
    labels: Mapping[str, str | None],
    found: NDArray[np.float32],
    features: Features,
    rows: Sequence[int],
) -> list[tuple[str, ...]]:
    """Return the reasons for the items at these positions, given the result of `Matcher.probabilities`."""
    core, speaker = found[matcher.core], matcher.following.speaker
    likeliest = core[:, :-1].argmax(1)
    strength = by_group(matcher.weights[-1].contributions(features, likeliest), tuple(features.pair))
    said = []
    for i in rows:
        place = int(speaker[i])
        why = in_words(matcher, place, int(likeliest[place]), strength[place], core, labels)
        id_ = matcher.items[i].id
        if id_ in labels:
            why = (_by_people(labels[id_]),)
        elif matcher.following.silent[i]:
            leads = matcher.links.items[place]
            why = (f"{LINKS}: belongs to {leads.kind} '{_short(leads.title or leads.words, 60)}'", *why[: MOST - 1])
        said.append(why)
    return said
