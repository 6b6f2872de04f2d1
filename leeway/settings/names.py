"""Names of settings, and what they are called in the environment."""

import difflib
from collections.abc import Iterable
from functools import cache
from typing import Any

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from leeway.settings.schema import Settings

PREFIX = "LEEWAY_"
CONFIG = "LEEWAY_CONFIG"


class SettingsError(Exception):
    """Settings are missing, unknown or of the wrong kind; the message has a line for each: where, what, what to write."""


@cache
def sections() -> dict[str, type[BaseModel]]:
    """The model of each section."""
    found = {}
    for name, info in Settings.model_fields.items():
        kinds = getattr(info.annotation, "__args__", (info.annotation,))
        found[name] = next(kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel))
    return found


def known_names() -> list[str]:
    """Every setting as section.name."""
    return [f"{section}.{name}" for section, model in sections().items() for name in model.model_fields]


def field_of(section: str, name: str) -> FieldInfo | None:
    """The field of a setting; None where there is none."""
    model = sections().get(section)
    return model.model_fields.get(name) if model else None


def is_secret(info: FieldInfo | None) -> bool:
    """Return True if the value must never be shown."""
    return info is not None and info.annotation is SecretStr


def variable_of(*path: Any) -> str:
    """The environment variable of a setting or a section."""
    return PREFIX + "__".join(str(one) for one in path).upper()


@cache
def variables() -> dict[str, tuple[str, str]]:
    """Section and name of every setting, by environment variable."""
    return {variable_of(*name.split(".")): (name.split(".")[0], name.split(".")[1]) for name in known_names()}


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that was most likely meant."""
    by_key = {one.lower().replace("-", "_"): one for one in known}
    close = difflib.get_close_matches(name.lower().replace("-", "_"), by_key, 1)
    return by_key[close[0]] if close else None
