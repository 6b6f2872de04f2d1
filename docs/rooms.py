"""Draw the rooms in docs/architecture.md from the import contracts and the imports: `make rooms`.

Layers come from the contracts in pyproject.toml, arrows from what the code imports, so the picture cannot differ from
either; tests/test_package.py fails where the page is not up to date.
"""

import tomllib
from pathlib import Path

import grimp

HERE = Path(__file__).parent
PAGE = HERE / "architecture.md"
BEGIN, END = "<!-- rooms: made by `make rooms` -->\n", "<!-- end of rooms -->\n"


def layers(container: str = "") -> list[list[str]]:
    """The rows of the layers contract of this container (of the whole house where it is empty), top first."""
    contracts = tomllib.loads((HERE.parent / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    for contract in contracts["contracts"]:
        if contract["type"] == "layers" and "".join(contract["containers"]) == container:
            return [[name.strip() for name in row.split("|")] for row in contract["layers"]]
    raise LookupError(f"no layers contract for {container or 'the house'}")


def arrows(graph: grimp.ImportGraph, prefix: str, names: list[str]) -> list[tuple[str, str]]:
    """(importer, imported) for each direct import between two rooms."""
    return sorted(
        (name, other)
        for name in names
        for other in names
        if name != other
        and graph.direct_import_exists(importer=prefix + name, imported=prefix + other, as_packages=True)
    )


def diagram(graph: grimp.ImportGraph, container: str = "") -> str:
    """One Mermaid flowchart: a row a layer, an arrow where a room imports another directly."""
    rows, prefix = layers(container), f"{container}." if container else ""
    lines = ["```mermaid", "flowchart TB"]
    for number, row in enumerate(rows):
        lines.append(f"    subgraph {container or 'house'}{number}[ ]\n        direction LR")
        lines += [f"        {name}" for name in row]
        lines.append("    end")
    names = [name for row in rows for name in row]
    lines += [f"    {name} --> {other}" for name, other in arrows(graph, prefix, names)]
    return "\n".join([*lines, "```", ""])


def page(text: str) -> str:
    """The page with its diagrams drawn again."""
    graph = grimp.build_graph("connectors", "models", "pipeline", "alerts", "leeway", "web")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + BEGIN + "\n" + diagram(graph) + "\n" + diagram(graph, "pipeline") + "\n" + END + after


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
