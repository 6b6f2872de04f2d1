"""What all entries of okrs.yaml have in common: names on one line, dates, and keys without a value."""

import re
from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticUndefined

from models.vocabulary import YEARS


def _day(value: Any) -> Any:
    """Parse a date as YAML writes it: 2026-10-01, 2026-10-1, or with a midnight time of day."""
    if not isinstance(value, str):
        return value
    found = re.fullmatch(
        r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[Tt ]0?0:00(?::00(?:\.0*)?)? ?(?:[Zz]|[+-]\d.*)?)?", value.strip()
    )
    if found is None:
        raise ValueError(f"{value!r} is not a date; write it as 2026-10-01")
    try:
        day = date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError as error:
        raise ValueError(f"{value!r} does not exist: {error}") from None
    if day.year not in YEARS:
        raise ValueError(f"{value!r} is not in a year that a plan can cover")
    return day


def _one_line(value: str) -> str:
    """Remove line breaks from text that ends up in subjects, tables and file names."""
    return " ".join(value.split())


def _one_or_several(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Day = Annotated[date, BeforeValidator(_day)]
Line = Annotated[str, AfterValidator(_one_line)]
Name = Annotated[str, AfterValidator(_one_line), Field(min_length=1)]
Names = Annotated[tuple[Name, ...], BeforeValidator(_one_or_several)]
"""One name, or a list of them."""


class Entry(BaseModel):
    """An entry of the file. Unknown keys are ignored, since they may be the user's own, such as a due date; faults.py rejects
    those that look misspelt."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    @field_validator("*", mode="before")
    @classmethod
    def _left_empty(cls, value: Any, info: ValidationInfo) -> Any:
        """Treat `teams:` without a value as absent."""
        default = cls.model_fields[info.field_name or ""].default
        return default if value is None and default is not PydanticUndefined else value
