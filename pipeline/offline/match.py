"""`leeway match`: reads signals.jsonl and okrs.yaml, writes predictions.jsonl; no database."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connectors.text import issue_keys
from pipeline.encode.encoder import Encoder
from pipeline.files import InputError, lines_of
from pipeline.items import LONGEST_WORDS, Item
from pipeline.match.evidence import reasons
from pipeline.match.matcher import Matcher
from pipeline.register.document import Register

_ALTERNATIVES = 3
_MOST_TRACES = 1_000_000_000
_HALF = re.compile(r"\\u[dD][89a-fA-F]")
"""A lone surrogate escape in JSON: half of a character."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """What one item serves. `probabilities` by key of key result; the remainder to 1 is the probability of none."""

    id: str
    probabilities: Mapping[str, float]
    evidence: Sequence[str] = field(default_factory=tuple)

    @property
    def none(self) -> float:
        """Return the probability that it serves no key result."""
        return max(0.0, 1 - sum(self.probabilities.values()))

    @property
    def key_result(self) -> str | None:
        """Return the most likely answer."""
        best = max(self.probabilities, key=self.probabilities.__getitem__)
        return best if self.probabilities[best] > self.none else None

    @property
    def confidence(self) -> float:
        """Return the probability of that answer."""
        return self.none if self.key_result is None else self.probabilities[self.key_result]


def read_signals(path: Path) -> list[Item]:
    """Read signals.jsonl. Raises InputError."""
    items, seen = [], set()
    for number, row in _rows(path):
        where = f"{path}, line {number}"
        for name in ("id", "source", "kind"):
            if not isinstance(row.get(name), str) or not row[name]:
                raise InputError(f"{where}: {name!r} must be a non-empty text.")
        for name in ("team", "container", "parent", "title", "text"):
            if row.get(name) is not None and not isinstance(row[name], str):
                raise InputError(f"{where}: {name!r} must be a text or null.")
        if row["id"] in seen:
            raise InputError(f"{where}: the id {row['id']!r} is given twice.")
        seen.add(row["id"])
        title, text = row.get("title"), row.get("text")
        mentions = dict.fromkeys([*_texts(row, "mentions", where), *issue_keys(title, text)])
        mentions.pop(row["id"], None)
        items.append(
            Item(
                row["id"],
                row["source"],
                row["kind"],
                row.get("container") or "",
                row.get("team"),
                row.get("parent"),
                title,
                text[:LONGEST_WORDS] if text else text,
                tuple(mentions),
                tuple(_texts(row, "labels", where)),
                traces=_traces(row, where),
            )
        )
    if not items:
        raise InputError(f"{path}: no signals in it.")
    return items


def read_labels(path: Path, register: Register) -> dict[str, str | None]:
    """Read labels.jsonl. Raises InputError."""
    labels: dict[str, str | None] = {}
    known = register.objective_of()
    for number, row in _rows(path):
        if not isinstance(row.get("id"), str) or "key_result" not in row:
            raise InputError(f'{path}, line {number}: expected {{"id": ..., "key_result": ... or null}}.')
        if row["key_result"] is not None and row["key_result"] not in known:
            raise InputError(f"{path}, line {number}: unknown key result {row['key_result']!r}.")
        labels[row["id"]] = row["key_result"]
    return labels


def predict(matcher: Matcher, labels: Mapping[str, str | None] | None = None) -> list[Prediction]:
    """Return one prediction per item, in order."""
    found, features = matcher.probabilities(labels)
    why = reasons(matcher, labels or {}, found, features, range(len(found)))
    return [
        Prediction(item.id, dict(zip(matcher.keys, row, strict=True)), said)
        for item, row, said in zip(matcher.items, found[:, :-1].tolist(), why, strict=True)
    ]


def match_offline(
    register: Register, items: list[Item], encoder: Encoder, labels: Mapping[str, str | None] | None = None
) -> list[Prediction]:
    """Return one prediction per signal, in order."""
    return predict(Matcher(register, items, encoder), labels)


def as_row(prediction: Prediction) -> dict[str, Any]:
    """Return one line of predictions.jsonl."""
    ranked = sorted([*prediction.probabilities.items(), (None, prediction.none)], key=lambda pair: -pair[1])
    others = [[key, round(p, 4)] for key, p in ranked if key != prediction.key_result][:_ALTERNATIVES]
    return {
        "id": prediction.id,
        "key_result": prediction.key_result,
        "confidence": round(prediction.confidence, 4),
        "alternatives": others,
        "evidence": list(prediction.evidence),
    }


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(lines_of(path), 1):
        if not line.strip():
            continue
        try:
            row = _whole(json.loads(line)) if _HALF.search(line) else json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{path}, line {number}: not valid JSON: {error}") from None
        if not isinstance(row, dict):
            raise InputError(f"{path}, line {number}: expected an object.")
        yield number, row


def _whole(value: Any) -> Any:
    """Remove lone surrogates, as left of an emoji when a tool truncated the text: they are not valid text elsewhere."""
    if isinstance(value, str):
        return value.encode("utf-8", "ignore").decode()
    if isinstance(value, list):
        return [_whole(one) for one in value]
    return {_whole(name): _whole(one) for name, one in value.items()} if isinstance(value, dict) else value


def _texts(row: dict[str, Any], name: str, where: str) -> list[str]:
    values = row.get(name) or []
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise InputError(f"{where}: {name!r} must be a list of texts.")
    return values


def _traces(row: dict[str, Any], where: str) -> int:
    found = row.get("traces") or 0
    if not isinstance(found, int) or isinstance(found, bool) or not 0 <= found <= _MOST_TRACES:
        raise InputError(
            f"{where}: 'traces' must be a whole number of 0 or more: how often something was done on the item."
        )
    return found
