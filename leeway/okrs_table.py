"""Export the register as okrs.yaml or as a spreadsheet table, and read such a table back."""

import sys
from pathlib import Path

from rich.console import Console

from alerts.words import amount
from leeway.app import NO_REGISTER, App, NotReady
from leeway.okrs_carry import write_file
from models import RegisterVersion
from pipeline.files import InputError
from pipeline.register.document import stored
from pipeline.register.table import Merged, merged, read_table, version_of, written
from pipeline.register.versions import current_version


def export(
    app: App,
    err: Console,
    *,
    table: bool,
    semicolons: bool,
    output: Path | None,
    force: bool,
    version: int | None = None,
) -> None:
    """Write the register as it was loaded and edited, or as a table, to `output` or standard output; that of `version`, if given.

    Raises NotReady without a register or such a version, CarryError where `output` holds something else.
    """
    with app.sessions() as session:
        current = current_version(session)
        if current is None:
            raise NotReady(NO_REGISTER)
        if version is not None and (current := session.get(RegisterVersion, version)) is None:
            raise NotReady(f"there is no version {version} of the register. `leeway okrs history` lists them.")
    text = written(current.document, current.id, ";" if semicolons else ",") if table else current.document
    if output is None:
        sys.stdout.write(text)
        return
    # With its mark a spreadsheet reads it as UTF-8, and letters with accents stay what they are.
    write_file(output, ("\ufeff" if table else "") + text, force)
    rows = amount(len(stored(current.document, current.id).objectives), "objective")
    err.print(f"{output} holds version {current.id} of the register: {rows}.", markup=False)
    if table:
        err.print(
            f"Change it, save it as CSV, then `leeway okrs diff {output}` and `leeway okrs load {output}`.",
            markup=False,
        )


def from_table(app: App, file: Path, *, remove: bool) -> Merged:
    """The current register with what a table changes of the version that it was written from.

    Raises RegisterError, InputError, NotReady without a register.
    """
    with app.sessions() as session:
        current = current_version(session)
        if current is None:
            raise NotReady(f"a table changes an existing register, and {NO_REGISTER}")
        given, unread = read_table(_bytes(file), str(file))
        number = version_of(str(file), given)
        base = current if number is None else session.get(RegisterVersion, number)
        if base is None:
            raise InputError(f"{file}, column version: there is no version {number}. `leeway okrs history` lists them.")
    found = merged(str(file), given, current.document, base.document, remove=remove)
    found.notes += [f"the column {name!r} is not read." for name in unread]
    return found


def table_lines(found: Merged, name: str) -> list[str]:
    """What is to be said before a table is loaded: conflicts, notes, and what it does not hold."""
    lines = [f"conflict: {one.sentence(name)}" for one in found.conflicts]
    lines += [f"note: {one}" for one in found.notes]
    if found.missing:
        lines.append(f"note: not in {name}, and kept: {', '.join(found.missing)}. Remove them with --remove.")
    lines.append(
        "note: teams and members, steps, how numbers are measured, aliases, scopes and the period are unchanged."
    )
    return lines


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        raise InputError(f"{file} does not exist. `leeway okrs export --csv` writes one to start from.") from None
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}.") from None
