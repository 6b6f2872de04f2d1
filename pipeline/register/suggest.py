"""Suggest an outcome wording for a key result that names an activity, built from its own words and checked by the same rules."""

import re

from pipeline.register.amounts import plain
from pipeline.register.lexicon import Lexicon, lexicon, words_of
from pipeline.register.wording import Wording, read_wording

_LONGEST = 90
_TAIL = re.compile(r"\s*(?:\(.*|[,;:].*|\s[-–]\s.*)$")


def suggest(wording: Wording) -> str | None:
    """Return a wording with placeholders for the current and target value, or None if none passes the rules.

    The measure is somebody's choice: the suggestion provides the form around the existing words.
    """
    known = lexicon(wording.language)
    if wording.kind != "activity":
        return None
    for one in filter(None, (_by_purpose(wording, known), _by_thing(wording, known))):
        if _passes(one, known):
            return one
    return None


def _passes(text: str, known: Lexicon) -> bool:
    """Return True if the wording, with its placeholders filled in, passes the rules."""
    filled = text.replace(known.suggest["today"], "20 %").replace(known.suggest["target"], "40 %")
    read = read_wording(filled, known.language)
    return read.kind == "outcome" and read.number and read.measure.baseline == "given"


def _fill(template: str, known: Lexicon, **words: str) -> str:
    return template.format(today=known.suggest["today"], target=known.suggest["target"], **words)


def _by_purpose(wording: Wording, known: Lexicon) -> str | None:
    """Use the purpose that the text states: `Publish 12 posts to increase traffic` gives increase traffic."""
    text = plain(wording.text)
    found = known.phrase("purpose", text.lower())
    if found is None:
        return None
    clause = text[found.start() :].rstrip(" .")
    first = re.match(r"(?:to|that|para|pour)\s+(\w+)(.*)", clause, re.I)
    if first is None or (
        not known.has("change", first[1].lower().removesuffix("s")) and not known.has("change", first[1].lower())
    ):
        return None
    verb = first[1].removesuffix("s") if known.language == "en" else first[1]
    return _fill(known.suggest["purpose"], known, clause=(verb + first[2]).capitalize()[:1] + (verb + first[2])[1:])


def _by_thing(wording: Wording, known: Lexicon) -> str | None:
    """Use the thing that is launched, built or held: who uses it, or what results from it."""
    thing = _thing(wording, known)
    if not thing or len(thing) > _LONGEST:
        return None
    words = words_of(thing)
    kind = next((name for name, kind in known.kinds.items() if any(kind.has("kind", word) for word in words)), "any")
    return _fill(known.suggest[kind], known, thing=thing[0].upper() + thing[1:], measure=known.suggest["measure"])


def _thing(wording: Wording, known: Lexicon) -> str:
    """Return the key result without its verb: `Launch three campaigns` gives three campaigns. Empty if no thing is left."""
    text = plain(wording.text).rstrip(" .")
    purpose = known.phrase("purpose", text.lower())
    text = _TAIL.sub("", text[: purpose.start()] if purpose else text).rstrip(" ,")
    before = "|".join(re.escape(one) for one in known.phrases["before"])
    for date in wording.measure.dates:
        text = re.sub(
            rf"\s*(?:(?<!\w)(?:{before}|le|el|the|end of|ende|fin)\s+)*{re.escape(date)}", "", text, flags=re.I
        )
    words = text.split()

    def work(word: str) -> bool:
        return known.has("activity", word.lower())

    kept = list(words)
    while kept and (
        work(kept[0]) or ((len(kept) < len(words) or known.language == "de") and known.has("glue", kept[0].lower()))
    ):
        kept = kept[1:]
    while kept and (work(kept[-1]) or (len(kept) < len(words) and known.has("glue", kept[-1].lower()))):
        kept = kept[:-1]
    named = bool(kept) and known.has("activity_nouns", kept[0].lower())
    if not kept or known.has("questions", kept[0].lower()) or (len(kept) == len(words) and not named):
        return ""
    return " ".join(kept)
