"""Reads the settings: environment over secret files over leeway.toml, each fault told with the place it came from."""

import os
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import structlog
from pydantic import ValidationError

from leeway.settings import environment
from leeway.settings.beside import beside
from leeway.settings.environment import Environment
from leeway.settings.names import (
    CONFIG,
    SettingsError,
    field_of,
    is_secret,
    known_names,
    nearest,
    sections,
    variable_of,
)
from leeway.settings.schema import Settings
from leeway.settings.toml_file import TomlFile
from pipeline.files import InputError

_LONGEST_SHOWN = 40
_LAST = sys.maxsize
_NEEDED = {
    "int": "a whole number is needed",
    "float": "a number is needed",
    "bool": "true or false is needed",
    "string": "a text in quotes is needed",
    "list": 'a list is needed, such as ["a", "b"]',
    "dict": 'names with values are needed, such as { "a" = "b" }',
}


def default_path() -> Path:
    """LEEWAY_CONFIG, else leeway.toml in this folder."""
    return Path(os.environ.get(CONFIG, "").strip() or "leeway.toml").expanduser()


def load(path: Path | None = None) -> Settings:
    """Read the settings. Raises SettingsError with one line for each fault; what is only a hint goes to the log."""
    named = "--config" if path is not None else CONFIG if os.environ.get(CONFIG, "").strip() else None
    path = path or default_path()
    file, given = _file(path, named), environment.read()
    for hint in given.hints:
        _hint_once(hint)
    faults = [(fault.line, f"{path}, line {fault.line}: not valid TOML: {fault.message}.") for fault in file.faults]
    merged = _merged(beside(path, file.data) if path.exists() else file.data, given.data)
    try:
        settings = Settings.model_validate(merged)
    except ValidationError as error:
        told = error.errors(include_url=False)
        # What a line that could not be read would have said is not missing.
        told = [one for one in told if not (file.faults and one["type"] == "missing")]
        faults += _Sentences(path, file, given, merged).of(told)
    faults += [(_LAST, fault) for fault in given.faults]
    if faults:
        raise SettingsError("\n".join(sentence for _, sentence in sorted(faults, key=lambda one: one[0])))
    return settings


def _file(path: Path, named: str | None) -> TomlFile:
    try:
        return TomlFile.at(path)
    except FileNotFoundError:
        if path.is_symlink():
            raise SettingsError(
                f"{path} is a link to {path.readlink()}, which does not exist. Correct the link."
            ) from None
        if named is None:
            return TomlFile("")
        raise SettingsError(
            f"{path} does not exist, but {named} points to it. Correct the name; `leeway init` writes a new file."
        ) from None
    except InputError as error:
        raise SettingsError(str(error)) from None
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.") from None


def _merged(file: Mapping[str, Any], over: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    merged = dict(file)
    for section, values in over.items():
        below = merged.get(section, {})
        merged[section] = {**below, **values} if isinstance(below, dict) else below
    return merged


@cache
def _hint_once(sentence: str) -> None:
    structlog.get_logger().warning(sentence)


class _Sentences:
    """Says each of pydantic's errors with file and line or variable, what was found and what to write."""

    def __init__(self, path: Path, file: TomlFile, given: Environment, merged: Mapping[str, Any]) -> None:
        self.path, self.file, self.given, self.merged = path, file, given, merged

    def of(self, errors: Sequence[Any]) -> list[tuple[int, str]]:
        """For each its line, 0 where the file has none, and its sentence."""
        lines = ((self.file.line_of(error["loc"]) or 0, error) for error in errors)
        return [(line, self._sentence(line, error)) for line, error in lines]

    def _sentence(self, line: int, error: Any) -> str:
        loc = error["loc"]
        name = ".".join(str(part) for part in loc if isinstance(part, str) and part != "[key]")
        origins = [of for key, of in self.given.origins.items() if key[: len(loc)] == loc[:2]]
        origin = " and ".join(sorted(set(origins)))
        where = origin or (f"{self.path}, line {line}" if line else str(self.path))
        return f"{where}: {name}: {self._fault(error)}"

    def _fault(self, error: Any) -> str:
        kind, loc = error["type"], error["loc"]
        if kind == "extra_forbidden":
            return self._unknown(loc)
        if kind == "missing":
            return self._missing(loc)
        other = (
            f" You can also set it as {variable_of(*loc[:2])}."
            if len(loc) > 1 and loc[:2] not in self.given.origins
            else ""
        )
        return f"{_needed(error)}{self._shown(error)}.{other}"

    def _unknown(self, loc: Sequence[Any]) -> str:
        if len(loc) == 1:
            near = nearest(str(loc[0]), sections())
            advice = f"Did you mean [{near}]?" if near else f"There are {', '.join(f'[{one}]' for one in sections())}."
            return f"unknown section. {advice}"
        section, name = str(loc[0]), str(loc[1])
        near = nearest(name, sections()[section].model_fields)
        elsewhere = [one for one in known_names() if one.endswith(f".{name}")]
        if near:
            return f"unknown setting. Did you mean {section}.{near}?"
        if elsewhere:
            return f"unknown setting. It belongs under [{elsewhere[0].split('.')[0]}]."
        return f"unknown setting. [{section}] has {', '.join(sections()[section].model_fields)}."

    def _missing(self, loc: Sequence[Any]) -> str:
        section, name = str(loc[0]), str(loc[1])
        value = '["..."]' if "list" in str(getattr(field_of(section, name), "annotation", "")) else '"..."'
        variable = variable_of(section, name)
        why = "" if section in self.file.data else f", and [{section}] is in use because {self._used(section)} is set"
        return f"is missing{why}. Write {name} = {value} under [{section}], or set {variable} or {variable}_FILE."

    def _used(self, section: str) -> str:
        return next(origin for key, origin in self.given.origins.items() if key[0] == section)

    def _shown(self, error: Any) -> str:
        loc = error["loc"]
        value: Any = self.merged
        for part in loc:
            value = value[part] if isinstance(value, dict | list) and part != "[key]" else value
        if isinstance(value, dict | list) or (len(loc) > 1 and is_secret(field_of(str(loc[0]), str(loc[1])))):
            return ""
        if isinstance(value, str) and "://" in value and "@" in value:  # an address with a password in it
            return ""
        text = repr(value) if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
        return f", found {text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + '…'}"


def _needed(error: Any) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if kind in ("model_type", "model_attributes_type"):
        return f"this is a section; write its settings below the line [{error['loc'][0]}]"
    if kind == "literal_error":
        return f"one of {context['expected']} is needed"
    if kind in ("too_short", "string_too_short"):
        return "it is empty; at least one entry or character is needed"
    if kind == "finite_number":
        return "a finite number is needed"
    bounds = {"greater_than": "more than", "greater_than_equal": "at least", "less_than_equal": "at most"}
    if kind in bounds:
        return f"must be {bounds[kind]} {next(iter(context.values()))}"
    return next((needed for begin, needed in _NEEDED.items() if kind.startswith(begin)), str(error["msg"]))
