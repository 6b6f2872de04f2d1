"""YAML with the line of every entry.

All scalars are read as text and parsed by the schema: `country: NO` is Norway, `key: 1.10` keeps its zero, and a date that does
not exist is a fault with a line number, not a traceback.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import yaml
from yaml.composer import Composer
from yaml.resolver import Resolver

try:
    from yaml._yaml import CParser
except ImportError:  # PyYAML was built without libyaml
    CParser = None  # type: ignore[assignment, misc]

_NULLS = ("", "~", "null", "Null", "NULL")
_TAGS = {
    f"tag:yaml.org,2002:{name}"
    for name in ("str", "int", "float", "bool", "null", "timestamp", "seq", "map", "merge", "value")
}
_MOST_NODES = 200_000
_LOST = re.compile("[\0\ud800-\udfff]")
"""Characters that only an escape such as "\\0" can produce, and that PostgreSQL does not store as text."""
_READ_OTHERWISE = re.compile("[?\t\ufeff\ud800-\udfff]")
"""Characters that libyaml accepts and PyYAML rejects, or that libyaml does not count as part of a line."""
_CONFLICT = re.compile(r"^<{7} .*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class LintError:
    """A fault: its line, field, and what to write instead."""

    line: int
    field: str
    message: str


class NotYaml(Exception):
    """The text is not YAML; lines count from 1."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line, self.message = line, message


class Document:
    """The data of a YAML text, the line of each entry, and syntax faults."""

    def __init__(self, text: str) -> None:
        """Raises NotYaml."""
        self.faults: list[LintError] = []
        self._seen = 0
        try:
            self.root = _composed(text)
            self.data = self._value(self.root, ()) if self.root is not None else None
        except yaml.MarkedYAMLError as error:
            if conflict := _CONFLICT.search(text):
                line = text.count("\n", 0, conflict.start()) + 1
                raise NotYaml(line, "git left two versions here; keep one, and delete the lines of < = >") from None
            mark = error.problem_mark or error.context_mark
            raise NotYaml(mark.line + 1 if mark else 1, _advice(error)) from None
        except yaml.reader.ReaderError as error:
            line = text.count("\n", 0, error.position) + 1
            raise NotYaml(line, f"a character that is not allowed in text ({error.character!r}); delete it") from None
        except yaml.YAMLError as error:
            raise NotYaml(1, str(error)) from None
        except (RecursionError, _TooLarge):
            raise NotYaml(1, "entries are nested too deeply; write them out without aliases") from None

    def line(self, loc: Sequence[Any]) -> int:
        """Return the line of the deepest existing entry on the path, counted from 1."""
        node, line = self.root, 1
        for part in loc:
            if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
                node = node.value[part]
                line = node.start_mark.line + 1
            elif isinstance(node, yaml.MappingNode):
                found = next(((key, value) for key, value in node.value if key.value == part), None)
                if found is None:
                    break
                line, node = found[0].start_mark.line + 1, found[1]
            else:
                break
        return line

    def _value(self, node: yaml.Node, loc: tuple[Any, ...]) -> Any:
        self._seen += 1
        if self._seen > _MOST_NODES:
            raise _TooLarge
        if node.tag not in _TAGS:
            self.faults.append(LintError(node.start_mark.line + 1, path_of(loc), f"unknown tag {node.tag}; delete it"))
            return None
        if isinstance(node, yaml.ScalarNode):
            if lost := _LOST.search(node.value):
                message = f"has a character that the database cannot store ({lost[0]!r}); delete it"
                self.faults.append(LintError(node.start_mark.line + 1, path_of(loc), message))
            plain = not node.style and not node.tag.endswith(":str")
            return None if plain and node.value in _NULLS else node.value
        if isinstance(node, yaml.SequenceNode):
            return [self._value(one, (*loc, number)) for number, one in enumerate(node.value)]
        return self._mapping(node, loc) if isinstance(node, yaml.MappingNode) else None

    def _mapping(self, node: yaml.MappingNode, loc: tuple[Any, ...]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        lines: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                self.faults.append(LintError(line, path_of(loc), "a list or mapping in place of a name"))
            elif key.tag.endswith(":merge"):
                below = self._value(value, loc)
                for one in reversed(below if isinstance(below, list) else [below]):
                    merged |= one if isinstance(one, dict) else {}
            else:
                here = (*loc, key.value)
                if key.value in lines:
                    message = f"is given twice, first in line {lines[key.value]}; delete one of them"
                    self.faults.append(LintError(line, path_of(here), message))
                lines.setdefault(key.value, line)
                found[key.value] = self._value(value, here)
        return merged | found


class _TooLarge(Exception):
    pass


def _composed(text: str) -> yaml.Node | None:
    """Parse the text with libyaml, in an eighth of the time; if it refuses, PyYAML parses it or raises the messages known here.

    Raises yaml.YAMLError and RecursionError.
    """
    if CParser is not None and not _READ_OTHERWISE.search(text):
        with suppress(yaml.YAMLError):
            return _LibYaml(text).get_single_node()
    return yaml.compose(text, Loader=yaml.SafeLoader)


if CParser is not None:

    class _LibYaml(Composer, CParser, Resolver):
        """libyaml parses and Python composes: libyaml's own composer crashes the process on deeply nested lists."""

        def __init__(self, text: str) -> None:
            CParser.__init__(self, text)
            Composer.__init__(self)
            Resolver.__init__(self)


def path_of(loc: Sequence[Any]) -> str:
    """Format a path for display: objectives[0].title."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc).lstrip(".")


def entries(data: Any, loc: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Mapping[str, Any]]]:
    """Yield every mapping in the data with its path."""
    if isinstance(data, dict):
        yield loc, data
        for name, value in data.items():
            yield from entries(value, (*loc, name))
    elif isinstance(data, list):
        for number, value in enumerate(data):
            yield from entries(value, (*loc, number))


def rows_in(data: Any, name: str) -> list[tuple[int, Mapping[str, Any]]]:
    """Return the mappings in the list under a key, with their positions; empty if there is no such list."""
    rows = data.get(name) if isinstance(data, dict) else None
    return [(n, one) for n, one in enumerate(rows) if isinstance(one, dict)] if isinstance(rows, list) else []


def _advice(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or error.context or "it cannot be read"
    if "'\\t'" in problem:
        return "a tab; indent with spaces"
    if "mapping values are not allowed" in problem:
        return "a colon within a text; put the text in quotes"
    if "expected <block end>" in problem or "could not find expected ':'" in problem:
        return f"{problem}; check the indentation and that each name has a colon"
    return problem
