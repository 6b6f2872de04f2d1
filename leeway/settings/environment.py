"""Settings from environment variables and from files that variables name.

By hand rather than by pydantic-settings: each fault names the variable or file that the value came from, lists are also
`a@x, b@x`, what Kubernetes sets for a Service called `leeway` is told from a setting, and all faults are told at once.
"""

import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from leeway.settings.names import CONFIG, PREFIX, field_of, is_secret, nearest, sections, variable_of, variables

_FILE = "_FILE"
_LINK_VALUE = re.compile(r"(tcp|udp|sctp)://\S+")
_LINK_NAME = re.compile(r".*_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?|.*_SERVICE_(HOST|PORT(_\w+)?)")


@dataclass(slots=True)
class Environment:
    """What the environment says: values by section, where each came from, faults that stop, hints that do not."""

    data: dict[str, dict[str, Any]] = field(default_factory=dict)
    origins: dict[tuple[str, ...], str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)

    def take(self, section: str, name: str, value: Any, origin: str) -> None:
        """Keep a value; a later one of the same name wins."""
        self.data.setdefault(section, {})[name] = value
        self.origins[section, name] = origin


def read(environ: Mapping[str, str] = os.environ) -> Environment:
    """Read every variable that begins with LEEWAY_: whole sections first, then secret files, then single values."""
    found = Environment()
    # One that is set to nothing, as `${TOKEN:-}` in a compose file gives it, says nothing.
    given = {k.upper(): v for k, v in sorted(environ.items()) if k.upper().startswith(PREFIX) and v.strip()}
    known = variables()
    whole = {variable_of(name): name for name in sections()}
    for variable, value in given.items():
        if variable in whole:
            _take_section(found, variable, whole[variable], value)
    for variable, value in given.items():
        if variable not in known and variable.removesuffix(_FILE) in known:
            _take_file(found, variable, *known[variable.removesuffix(_FILE)], value)
    for variable, value in given.items():
        if variable in known:
            _take_value(found, variable, *known[variable], value)
    for variable in given:
        _take_unknown(found, variable, given[variable])
    return found


def is_service_link(variable: str, value: str) -> bool:
    """Return True for what Kubernetes (or an old Docker link) sets for a Service, such as LEEWAY_PORT=tcp://10.0.0.1:80."""
    if _LINK_NAME.fullmatch(variable):
        return True
    return variable.endswith("_PORT") and bool(_LINK_VALUE.fullmatch(value.strip()))


def _take_unknown(found: Environment, variable: str, value: str) -> None:
    """Name the setting that was meant. With two underscores a setting was meant for certain, so that it stops, as in the file."""
    plain = variable.removesuffix(_FILE)
    known = [*variables(), *(variable_of(name) for name in sections()), CONFIG]
    if variable in known or plain in variables() or is_service_link(variable, value):
        return
    near = nearest(plain, known)
    suffix = _FILE if near and plain != variable else ""
    advice = f"Did you mean {near}{suffix}?" if near else "See docs/operations.md for how variables are named."
    sentence = f"the environment variable {variable} matches no setting"
    if "__" in variable:
        found.faults.append(f"{sentence}. {advice}")
    else:
        found.hints.append(f"{sentence} and is ignored. {advice}")


def _take_section(found: Environment, variable: str, section: str, value: str) -> None:
    try:
        values = json.loads(value)
    except ValueError:
        values = None
    if not isinstance(values, dict):
        example = variable_of(section, next(iter(sections()[section].model_fields)))
        found.faults.append(f"{variable}: write a whole section as a JSON object, single values as {example}.")
        return
    for name, one in values.items():
        found.take(section, name, one, variable)


def _take_file(found: Environment, variable: str, section: str, name: str, value: str) -> None:
    from pipeline.files import InputError, decode

    path = Path(_unquoted(value)).expanduser()
    try:
        text = decode(path.read_bytes(), str(path)).strip()
    except InputError as error:
        found.faults.append(f"{variable}: {error}")
        return
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        found.faults.append(f"{variable}: {path} cannot be read: {reason}. Point it to a file that holds the value.")
        return
    if not text:
        found.faults.append(f"{variable}: {path} is empty. Write the value into it.")
        return
    lines = len(text.splitlines())
    if lines > 1 and is_secret(field_of(section, name)):
        found.faults.append(f"{variable}: {path} has {lines} lines. It must contain only the value, on one line.")
        return
    _take_value(found, f"{variable} ({path})", section, name, text)


def _take_value(found: Environment, variable: str, section: str, name: str, value: str) -> None:
    if not _is_text(value):
        found.faults.append(f"{variable}: the value is not UTF-8 text. Set it again in a UTF-8 terminal or file.")
        return
    info = field_of(section, name)
    kind = str(info.annotation) if info else ""
    value = _unquoted(value)
    try:
        parsed = _list(value) if kind.startswith("list") else _table(value) if kind.startswith("dict") else value
    except ValueError as error:
        found.faults.append(f"{variable}: {error}")
        return
    found.take(section, name, parsed, variable)


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:  # bytes that are not UTF-8 arrive as lone surrogates
        return False
    return True


def _unquoted(value: str) -> str:
    """Without quotes around it: `docker run --env-file` and Kubernetes hand them on, a shell does not."""
    value = value.strip()
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" and value.count(value[0]) == 2:
        return value[1:-1].strip()
    return value


def _list(value: str) -> list[Any]:
    """A JSON or TOML list, or entries with commas or line breaks between them."""
    if value.startswith("["):
        try:
            found = tomllib.loads(f"v = {value}")["v"]
        except tomllib.TOMLDecodeError:
            raise ValueError('not a list. Write ["a", "b"], or a,b without brackets.') from None
        return list(found)
    return [one for part in re.split(r"[,\n]", value) if (one := _unquoted(part))]


def _table(value: str) -> dict[str, Any]:
    """A JSON object, or name=value with commas or line breaks between them."""
    if value.startswith("{"):
        try:
            found = json.loads(value)
        except ValueError:
            raise ValueError('not a JSON object. Write {"a": "b"}, or a=b,c=d without brackets.') from None
        return dict(found)
    pairs = [one.partition("=") for one in re.split(r"[,\n]", value) if one.strip()]
    if any(not middle for _, middle, _ in pairs):
        raise ValueError('name=value is needed. Write a=b,c=d, or {"a": "b"}.')
    return {_unquoted(name): _unquoted(one) for name, _, one in pairs}
