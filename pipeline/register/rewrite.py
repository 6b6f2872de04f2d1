"""Edit a YAML text only where its data must change, so that comments and layout survive.

Current and wanted data are compared top-down; each difference becomes one cut in the text. The result is parsed again: if it does
not match the wanted data (aliases, merge keys, another order), the text is dumped afresh, without comments.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from pipeline.register.yaml_nodes import Document, NotYaml

_PLAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ._@%/+-]*[A-Za-z0-9.%])?")
_NOT_PLAIN = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"}


def rewritten(text: str, wanted: Any) -> tuple[str, bool]:
    """Change the text to represent `wanted` (as `Document.data` has it); return it, and whether comments and layout survived."""
    document = Document(text)
    writer = _Writer(text)
    try:
        writer.change(document.root, document.data, wanted)
        made = writer.made()
        if Document(made).data == wanted:
            return made, True
    except (_CannotKeep, NotYaml):
        pass
    dumped = yaml.dump(wanted, Dumper=_Written, allow_unicode=True, sort_keys=False, width=120)
    return str(dumped), False


class _CannotKeep(Exception):
    """The text cannot be edited in place."""


class _Written(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        """Write every value out in place."""
        return True


def _as_people_write(dumper: Any, said: str) -> yaml.ScalarNode:
    """Write numbers and dates without quotes; `Document` reads every scalar as text."""
    tag = dumper.resolve(yaml.ScalarNode, said, (True, False)) if _is_plain(said) else "tag:yaml.org,2002:str"
    node: yaml.ScalarNode = dumper.represent_scalar(tag, said)
    return node


_Written.add_representer(str, _as_people_write)


class _Writer:
    """Collects cuts in a text: start, end, replacement."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._newline = "\r\n" if "\r\n" in text else "\n"
        self._cuts: list[tuple[int, int, str]] = []

    def made(self) -> str:
        """Apply all cuts. Raises _CannotKeep if they overlap."""
        made, last = self._text, len(self._text) + 1
        for start, end, said in reversed(self._in_order()):
            if end > last:
                raise _CannotKeep
            made, last = made[:start] + said + made[end:], start
        return made

    def _in_order(self) -> list[tuple[int, int, str]]:
        return sorted(self._cuts, key=lambda cut: cut[:2])

    def change(self, node: yaml.Node | None, old: Any, new: Any) -> None:
        """Collect the cuts that turn a node's current value into the new one."""
        if old == new:
            return
        if isinstance(node, yaml.MappingNode) and isinstance(old, dict) and isinstance(new, dict) and new:
            self._mapping(node, old, new)
        elif isinstance(node, yaml.SequenceNode) and _named(old) and _named(new) and {*_named(old)} & {*_named(new)}:
            self._rows(node, old, new)
        elif node is None:
            raise _CannotKeep
        else:
            start = node.start_mark.index
            end = max(start, self._end(node))
            self._cuts.append((start, end, f"{'' if end > start else ' '}{_flow(new)}"))

    def _mapping(self, node: yaml.MappingNode, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        given = {key.value: (key, value) for key, value in node.value}
        for name, value in new.items():
            if name in given and name in old:
                self.change(given[name][1], old[name], value)
        added = {name: value for name, value in new.items() if name not in given and old.get(name) != value}
        if added:
            self._add_entries(node, added)
        for place, (key, value) in enumerate(node.value):
            if key.value in old and key.value not in new:
                self._take_out(node, [(key, value) for key, value in node.value], place)

    def _add_entries(self, node: yaml.MappingNode, added: Mapping[str, Any]) -> None:
        said = [f"{_flow(name)}: {_flow(value)}" for name, value in added.items()]
        if not node.value:
            self._cuts.append((node.start_mark.index + 1, node.start_mark.index + 1, ", ".join(said)))
            return
        below = [place for place, (_, value) in enumerate(node.value) if _is_block(value)]
        last = node.value[max((below[0] if below else len(node.value)) - 1, 0)][1]
        if node.flow_style:
            self._insert(max(self._end(last), last.start_mark.index), "".join(f", {one}" for one in said))
        else:
            indent = " " * node.value[0][0].start_mark.column
            self._insert(self._line_end(self._end(last)), "".join(self._newline + indent + one for one in said))

    def _rows(self, node: yaml.SequenceNode, old: Sequence[Any], new: Sequence[Any]) -> None:
        """Edit a list of keyed entries: those that stay (in order), those added, those removed."""
        names, wanted = _named(old), _named(new)
        stay = [name for name in names if name in wanted]
        if stay != [name for name in wanted if name in names]:
            raise _CannotKeep
        nodes = dict(zip(names, node.value, strict=True))
        rows = dict(zip(names, old, strict=True))
        before: yaml.Node | None = None
        for name, row in zip(wanted, new, strict=True):
            if name in nodes:
                self.change(nodes[name], rows[name], row)
                before = nodes[name]
            else:
                self._add_row(node, before or nodes[stay[0]], row, first=before is None)
        for place, name in enumerate(names):
            if name not in wanted:
                self._take_out(node, [(one, one) for one in node.value], place)

    def _add_row(self, node: yaml.SequenceNode, neighbour: yaml.Node, row: Any, *, first: bool) -> None:
        if node.flow_style:
            at = neighbour.start_mark.index if first else self._end(neighbour)
            self._insert(at, f"{_flow(row)}, " if first else f", {_flow(row)}")
            return
        indent = " " * node.start_mark.column
        said = f"{indent}- {self._block(row, indent + '  ')}"
        if first:
            self._insert(self._line_start(neighbour.start_mark.index), said + self._newline)
        else:
            self._insert(self._line_end(self._end(neighbour)), self._newline + said)

    def _block(self, row: Any, indent: str) -> str:
        """Format a new entry as people write one: nested lists on separate lines, anything else on one line."""
        if not isinstance(row, dict) or not any(_named(value) for value in row.values()):
            return _flow(row)
        between = self._newline + indent
        lines = []
        for name, value in row.items():
            below = _named(value)
            rows = "".join(f"{between}  - {_flow(one)}" for one in value) if below else f" {_flow(value)}"
            lines.append(f"{_flow(name)}:{rows}")
        return between.join(lines)

    def _take_out(self, node: Any, entries: Sequence[tuple[yaml.Node, yaml.Node]], place: int) -> None:
        """Remove an entry of a mapping or list, including its lines if it does not share them."""
        first, value = entries[place]
        start, end = first.start_mark.index, max(self._end(value), first.end_mark.index if first is not value else 0)
        if node.flow_style:
            if place + 1 < len(entries):
                self._cuts.append((start, entries[place + 1][0].start_mark.index, ""))
            elif place:
                self._cuts.append((self._end(entries[place - 1][1]), end, ""))
            else:
                self._cuts.append((start, end, ""))
        elif isinstance(node, yaml.MappingNode) and place == 0:
            if len(entries) == 1:
                raise _CannotKeep
            self._cuts.append((start, entries[1][0].start_mark.index, ""))
        else:
            self._cuts.append(
                (self._line_start(start), min(self._line_end(end) + len(self._newline), len(self._text)), "")
            )

    def _insert(self, at: int, said: str) -> None:
        self._cuts.append((at, at, said))

    def _end(self, node: yaml.Node) -> int:
        """Return where a node's own text ends; a block's end mark lies after any white space and comments that follow it."""
        if _is_block(node):
            return max(self._end(one[1] if isinstance(one, tuple) else one) for one in node.value)
        end = node.end_mark.index
        while end > node.start_mark.index and self._text[end - 1] in " \r\n":
            end -= 1
        return int(end)

    def _line_start(self, at: int) -> int:
        return self._text.rfind("\n", 0, at) + 1

    def _line_end(self, at: int) -> int:
        found = self._text.find("\n", at)
        if found < 0:
            return len(self._text)
        return found - 1 if found > at and self._text[found - 1] == "\r" else found


def _is_block(node: yaml.Node) -> bool:
    return isinstance(node, yaml.CollectionNode) and not node.flow_style and bool(node.value)


def _named(value: Any) -> list[str]:
    """Return the keys of a list of entries with distinct keys; empty for anything else."""
    if not isinstance(value, list) or not all(
        isinstance(one, dict) and isinstance(one.get("key"), str) for one in value
    ):
        return []
    names = [one["key"] for one in value]
    return names if len({*names}) == len(names) else []


def _is_plain(said: str) -> bool:
    return _PLAIN.fullmatch(said) is not None and said.lower() not in _NOT_PLAIN


def _flow(value: Any) -> str:
    """Format a value so that it is valid anywhere in YAML."""
    if value is None:
        return "null"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_flow(name)}: {_flow(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    said = str(value)
    if _is_plain(said):
        return said
    return str(yaml.dump(said, Dumper=_Written, default_style='"', allow_unicode=True, width=1_000_000)).removesuffix(
        "\n"
    )
