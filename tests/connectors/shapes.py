"""Answers made from a vendor's own description of them (recorded/*.json): optional fields come and go, enumerations gain
values, objects gain fields, and texts and times are what people and clocks make of them.

hypothesis-jsonschema 0.23.1 does not run with the hypothesis of constraints.txt, so this is its part that is needed here.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

_WORDS = (
    "",
    " ",
    "3",
    "0",
    "-1",
    "Ship it",
    "PAY-12",
    "<p>Call &amp; <b>note</b></p>",
    "*a* <@U012AB3CD> <https://x.example|there>",
    "\x00\ud800",
    "ünï 漢字 \u202e",
    "null",
    "1;2;;x",
    "2026-07-01",
    "new",
    "x" * 300,
)
_TIMES = (
    "2026-07-01T09:30:00.000+0200",
    "2026-07-02T10:00:00Z",
    "2026-07-03T10:00:00.123456789Z",
    "0026-07-14T09:30:00.000+0200",
    "51502-01-01T00:00:00.000+0000",
    "1970-01-01T00:00:00Z",
    "2016-12-31T23:59:60Z",
)
_FORMATS = {
    "date-time": st.sampled_from(_TIMES),
    "ts": st.integers(0, 10**12).map(lambda n: f"{1_780_000_000 + n % 9_999_999}.{n % 1_000_000:06d}"),
    "user": st.sampled_from(["U012AB3CD", "W7", "USLACKBOT"]),
    "login": st.sampled_from(["ann", "kim-2", "ghost", "robot[bot]"]),
    "sha": st.integers(0, 16**10).map(lambda n: f"{n:040x}"),
}
_NUMBERS = st.sampled_from([0, 1, -1, 7, 3600, 2**31, 2**63])
_ANY = st.recursive(
    st.none() | st.booleans() | _NUMBERS | st.sampled_from(_WORDS),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["id", "name", "a"]), inner, max_size=2)
    ),
    max_leaves=4,
)
_DEEPEST = 6


@cache
def described(vendor: str) -> dict[str, Any]:
    """The definitions of a vendor's objects by name."""
    text = (Path(__file__).parent / "recorded" / f"{vendor}.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)["$defs"]
    return found


@cache
def made_of(vendor: str, name: str) -> st.SearchStrategy[Any]:
    """Objects that this description of the vendor's allows."""
    return _made({"$ref": f"#/$defs/{name}"}, described(vendor), 0)


def _made(schema: dict[str, Any], defs: dict[str, Any], depth: int) -> st.SearchStrategy[Any]:
    if "$ref" in schema:
        return st.deferred(lambda: _made(defs[schema["$ref"].rpartition("/")[2]], defs, depth))
    if "anyOf" in schema:
        return st.one_of([_made(one, defs, depth) for one in schema["anyOf"]])
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:  # vendors add values without a word
        return st.sampled_from([*schema["enum"], *schema["enum"], "SOMETHING_NEW"])
    kinds = schema.get("type", [])
    kinds = kinds if isinstance(kinds, list) else [kinds]
    return st.one_of([_kind(kind, schema, defs, depth) for kind in kinds]) if kinds else _ANY


def _kind(kind: str, schema: dict[str, Any], defs: dict[str, Any], depth: int) -> st.SearchStrategy[Any]:
    if kind == "null":
        return st.none()
    if kind == "boolean":
        return st.booleans()
    if kind == "integer":
        return _NUMBERS
    if kind == "string":
        return _FORMATS.get(schema.get("format", ""), st.sampled_from(_WORDS))
    if kind == "array":
        most = 2 if depth < _DEEPEST else 0
        return st.lists(_made(schema.get("items", {}), defs, depth + 1), max_size=most) if most else st.just([])
    return _object(schema, defs, depth)


def _object(schema: dict[str, Any], defs: dict[str, Any], depth: int) -> st.SearchStrategy[Any]:
    fields = {name: _made(one, defs, depth + 1) for name, one in schema.get("properties", {}).items()}
    required = set(schema.get("required", ()))
    if depth >= _DEEPEST:
        fields = {name: one for name, one in fields.items() if name in required}

    @st.composite
    def objects(draw: st.DrawFn) -> dict[str, Any]:
        # Mostly whole, so that more than the first field that is missing is tried.
        left_out = draw(st.sets(st.sampled_from(sorted(fields)), max_size=3)) - required if fields else set()
        found = {name: draw(one) for name, one in fields.items() if name not in left_out}
        if draw(st.integers(0, 9)) == 0:
            found["something_new"] = draw(_ANY)
        return found

    return objects()
