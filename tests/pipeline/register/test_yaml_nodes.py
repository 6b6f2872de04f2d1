"""YAML is read by libyaml where it is there, and says the same as without it."""

from typing import Any

import pytest
import yaml

from pipeline.register import yaml_nodes
from pipeline.register.yaml_nodes import Document, NotYaml
from simulator.company import register_yaml
from tests.conftest import TODAY

TEXTS = [
    register_yaml(TODAY),
    "",
    "# nothing\n",
    "a: 1\r\nb:\r\n  - 'x'\r\n  - \"y\\\r\n    z\"\r\n",
    "a: |\n  one\n\n  two\nb: >-\n  one\n  two\nc:\n",
    "é😀: {a: ü, b: [x, 'y', ~]} # 😀\n? c\n: &d d\ne: *d\nf: {<<: {g: 1}}\n",
    "\ufeffa: {b: c}\nd: e\ufefff\n",
    "a:\u2028b: \x85 c\n",
    "a: !!int 1\nb: !what 2\n",
    "--- {a: b}\n...\n",
    "a: b\n--- c\n",
    "a:\tb\nc\t: d\n",
    "{a: b?c}",
    "\ta: b",
    "a: b: c",
    "a: [b, c",
    "a: 'b",
    "a: *b",
    "&a x: &a y",
    "a: @b",
    "a:\n  b: 1\n c: 2\n",
    "a: \x07",
    "a: \ud800",
    'a: "\\ud800"',
    "%YAML 3.0\n--- a\n",
]


def told(text: str) -> Any:
    """What a document says of a text: data, faults, and where each node begins and ends; or what is wrong, with its line."""
    try:
        document = Document(text)
    except NotYaml as error:
        return error.line, error.message
    return document.data, document.faults, places(document.root)


def places(node: Any) -> Any:
    if node is None:
        return None
    here = [(mark.line, mark.column, mark.index) for mark in (node.start_mark, node.end_mark)]
    if isinstance(node, yaml.ScalarNode):
        return here, node.tag, node.value
    pairs = node.value if isinstance(node, yaml.MappingNode) else [(one, None) for one in node.value]
    return here, node.tag, node.flow_style, [(places(one), places(other)) for one, other in pairs]


@pytest.mark.skipif(yaml_nodes.CParser is None, reason="PyYAML was built without libyaml")
@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_libyaml_says_the_same_of_a_text(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    said = told(text)
    monkeypatch.setattr(yaml_nodes, "CParser", None)
    assert said == told(text)


def test_lists_deeper_than_libyamls_own_composer_bears_are_a_fault_and_not_the_end() -> None:
    assert told("[" * 100_000) == (1, "entries are nested too deeply; write them out without aliases")
