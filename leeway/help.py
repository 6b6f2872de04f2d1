"""`leeway --help`: commands grouped by when they are needed, each with its full summary."""

from typing import Any

from typer.core import TyperGroup

SECTIONS = {
    "Start": ("demo", "init", "check", "okrs"),
    "Every day": (
        "run",
        "worker",
        "web",
        "mcp",
        "status",
        "measure",
        "progress",
        "steps",
        "pulse",
        "interview",
        "label",
        "streams",
        "decisions",
        "diagnoses",
        "pack",
        "digest",
        "costs",
    ),
    "Look after": ("doctor", "sync", "source", "upgrade", "export", "import", "forget"),
    "Judge, and offline": ("evaluate", "backtest", "match", "detect"),
}
"""A command in no section comes last, under Others."""
_WHOLE = 10_000
"""Characters in a summary: more than any has, so that none is cut."""


class BySection(TyperGroup):
    """The group of all commands."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the sections, in their order."""
        known = {name: self.get_command(ctx, name) for name in self.list_commands(ctx)}
        shown = {name: command for name, command in known.items() if command is not None and not command.hidden}
        named = [name for names in SECTIONS.values() for name in names]
        rest = tuple(name for name in shown if name not in named)
        sections = {**SECTIONS, "Others" if len(rest) < len(shown) else "Commands": rest}
        width = max(map(len, shown))
        for title, names in sections.items():
            rows = [(n.ljust(width), shown[n].get_short_help_str(_WHOLE)) for n in names if n in shown]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)
