"""Word lists by language for reading the register's texts, and language detection."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

LANGUAGES = ("en", "de", "es", "fr")
_WORD = re.compile(r"[^\W\d_]+(?:['’\-][^\W\d_]+)*|\d+(?:[.,]\d+)*")
_ALSO = ("jänner", "setiembre")
"""Second names of months."""
_VERBS = ("activity", "outcome")
_LETTERS = {"de": "äöüß", "es": "ñ¿¡íúóá", "fr": "çèêàûœî"}


@dataclass(frozen=True)
class Lexicon:
    """One language: word sets by name, phrases, and templates for suggestions."""

    language: str
    words: Mapping[str, frozenset[str]]
    begins: Mapping[str, tuple[str, ...]]
    ends: Mapping[str, tuple[str, ...]]
    phrases: Mapping[str, tuple[str, ...]]
    numbers: Mapping[str, float]
    suggest: Mapping[str, str]
    kinds: Mapping[str, "Lexicon"] = field(default_factory=dict)
    months: tuple[str, ...] = ()
    """Prefixes of the month names, January first: three letters (four in French, where juin and juillet begin alike)."""

    def has(self, name: str, word: str) -> bool:
        """Return True if the lower-case word belongs to the set."""
        return (
            word in self.words.get(name, ())
            or word.startswith(self.begins.get(name, ()))
            or word.endswith(self.ends.get(name, ()))
        )

    def phrase(self, name: str, text: str) -> re.Match[str] | None:
        """Return the first match of one of the set's words or phrases in the lower-case text."""
        found = self.phrases.get(name, ())
        return re.search(rf"(?<!\w)(?:{'|'.join(map(re.escape, found))})(?!\w)", text) if found else None


def words_of(text: str) -> list[str]:
    """Return the words and numbers of a text in lower case."""
    return [word.replace("’", "'") for word in _WORD.findall(text.lower())]


@cache
def lexicon(language: str) -> Lexicon:
    """Load the lexicon of one of LANGUAGES, with libyaml if available; both loaders are safe."""
    text = files("pipeline.register").joinpath("words", f"{language}.yaml").read_text(encoding="utf-8")
    data: dict[str, Any] = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 # nosec B506
    lists = {name: [str(one) for one in entries] for name, entries in data.items() if isinstance(entries, list)}
    if language == "en":
        for name in _VERBS:
            lists[name] = sorted({form for verb in lists[name] for form in _english(verb)})
            lists[name] += [form for form, verb in data["forms"].items() if verb in data[name]]
    kinds = {name: _lexicon(language, {"kind": entries}, {}) for name, entries in data["kinds"].items()}
    return _lexicon(language, lists, data, kinds)


def _lexicon(
    language: str,
    lists: Mapping[str, list[str]],
    data: Mapping[str, Any],
    kinds: Mapping[str, Lexicon] | None = None,
) -> Lexicon:
    plain = {name: [one for one in entries if "*" not in one] for name, entries in lists.items()}
    return Lexicon(
        language,
        {name: frozenset(entries) for name, entries in plain.items()},
        {name: tuple(one[:-1] for one in entries if one.endswith("*")) for name, entries in lists.items()},
        {name: tuple(one[1:] for one in entries if one.startswith("*")) for name, entries in lists.items()},
        {name: tuple(sorted(entries, key=len, reverse=True)) for name, entries in plain.items()},
        {str(word): float(value) for word, value in data.get("numbers", {}).items()},
        data.get("suggest", {}),
        kinds or {},
        tuple(
            dict.fromkeys(
                month[: 4 if language == "fr" else 3] for month in lists.get("months", ()) if month not in _ALSO
            )
        ),
    )


def _english(verb: str) -> set[str]:
    """Return a verb's regular forms."""
    stem = verb[:-1] if verb.endswith("e") else verb
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return {verb, verb[:-1] + "ies", verb[:-1] + "ied", verb + "ing"}
    third = verb + "es" if verb.endswith(("s", "sh", "ch", "x", "o")) else verb + "s"
    return {verb, third, stem + "ed", stem + "ing"}


def guess(text: str) -> Counter[str]:
    """Score a text for each language by its function words, verbs and letters."""
    words, found = words_of(text), Counter[str]()
    for language in LANGUAGES:
        known = lexicon(language)
        found[language] += sum(known.has("common", word) for word in words)
        found[language] += 2 * sum(known.has(name, word) for word in words for name in _VERBS)
        found[language] += sum(known.has(f"{name}_nouns", word) for word in words for name in _VERBS)
        found[language] += sum(letter in _LETTERS.get(language, "") for letter in text.lower())
    return found


def language_of(text: str, others: Iterable[str] = ()) -> str:
    """Return the language of a text. If the text is inconclusive the `others` decide; English if nothing does."""
    own = guess(text)
    (first, most), (_, second) = own.most_common(2)
    if most > second:
        return first
    whole = sum((guess(other) for other in others), Counter[str]())
    tied = [language for language in LANGUAGES if own[language] == most]
    return max(tied, key=lambda language: (whole[language], -LANGUAGES.index(language)))
