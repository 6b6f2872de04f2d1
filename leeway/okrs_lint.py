"""`leeway okrs lint`: what could be better in an okrs.yaml. Uses no database, so that it answers at once."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from leeway.as_json import json_text
from pipeline.register.document import RegisterError, hints, read
from pipeline.register.ended import local_day
from pipeline.register.quality import ALL_RULES, Finding, findings
from pipeline.register.yaml_nodes import Document
from pipeline.spreadsheet import is_table


class UnknownRule(Exception):
    """A rule that does not exist; the message names those that do."""


def lint(file: Path, skip: Sequence[str], as_json: bool, out: Console) -> int:
    """Print what could be better in FILE; returns how much that is. Raises RegisterError where it would not load."""
    unknown = sorted(set(skip) - set(ALL_RULES))
    if unknown:
        raise UnknownRule(f"there is no rule {unknown[0]!r}. Rules: {', '.join(ALL_RULES)}.")
    if is_table(file):
        raise RegisterError(
            f"{file} is a table, but lint reads a whole okrs.yaml. `leeway okrs diff {file}` shows what it changes and loosens."
        )
    register, text = read(file)
    today = local_day(register, datetime.now(UTC))
    found = [one for one in findings(register, Document(text), today) if one.rule not in skip]
    weak = hints(register, today, least_people())
    if as_json:
        rows = {"file": str(file), "findings": [one.as_json() for one in found], "hints": weak}
        out.file.write(json_text(rows))
        return len(found) + len(weak)
    for one in found:
        out.print(f"hint: {sentence(one, str(file))}", markup=False)
        out.print(f"      fix: {one.fix}", markup=False)
    for hint in weak:
        out.print(f"hint: {hint}", markup=False)
    count = len(found) + len(weak)
    out.print(f"{file}: no faults, {count} hint{'' if count == 1 else 's'}.", markup=False)
    return count


def least_people() -> int:
    """`drift.least_people` of the settings; where these cannot be read, as without their secrets, the usual one."""
    from leeway.console import settings_file
    from leeway.settings import Settings, SettingsError, load

    try:
        return load(settings_file()).drift.least_people
    except SettingsError:
        return Settings().drift.least_people


def sentence(one: Finding, name: str) -> str:
    """A finding in one line: where, which rule, the words that triggered it, and what is the matter."""
    words = ", ".join(f'"{word}"' for word in one.words)
    return f"{name}, line {one.line}: {one.key}: {one.rule}: {words + ' ' if words else ''}{one.message}"
