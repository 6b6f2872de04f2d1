"""The plan of an objective in okrs.yaml: a share of all work, or person-days per week, month or quarter."""

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)

from pipeline.register.figures import figure, readings

_HOW = "write 30 %, 0.3 or {person_days: 40, per: month}"
STORED = "stored"
"""Key in the validation context, set for versions read from the database."""
WEEKS = {"week": 1.0, "month": 52 / 12, "quarter": 13.0}
"""Weeks per unit of time for which person-days are planned."""


def _number(value: Any, info: ValidationInfo) -> float:
    """Parse a number that is not negative. Raises ValueError."""
    found = _readings(value)
    if len(found) > 1 and not (info.context or {}).get(STORED):
        figure(str(value))  # raises, naming both readings
    return found[0]


def _readings(value: Any) -> tuple[float, ...]:
    """Return its possible values, at least one. Raises ValueError."""
    text = str(value).strip()
    found = () if text.endswith("%") else readings(text)
    if text.startswith("-") or any(one < 0 for one in found):
        raise ValueError(f"{value!r} is negative; a plan is 0 or more: {_HOW}")
    if not found:
        raise ValueError(f"{value!r} is not a number; {_HOW}")
    return found


def _part(value: Any) -> float:
    """Parse a share such as 30 %, "30%" or 0.3 as a fraction of one. Raises ValueError."""
    text = str(value).strip()
    found = _readings(text.removesuffix("%").strip())[0] / (
        100 if text.endswith("%") else 1
    )  # a share is never in the thousands
    if text.endswith("%") and found > 1:
        raise ValueError(f"{value!r} is more than all work; a plan is at most 100 %")
    if found > 1:
        raise ValueError(f"{value!r} is not a share of all work; {_HOW}")
    return found


class Plan(BaseModel):
    """Either a fraction of one (`share`), or `person_days` in every week, month or quarter."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    share: Annotated[float, BeforeValidator(_part)] | None = None
    person_days: Annotated[float, BeforeValidator(_number)] | None = None
    per: Literal["week", "month", "quarter"] = "month"

    @model_validator(mode="after")
    def _one_of_both(self) -> "Plan":
        if (self.share is None) == (self.person_days is None):
            raise ValueError(f"a plan is a share of all work or person-days; {_HOW}")
        return self

    def of(self, days_a_week: float) -> float | None:
        """Return the plan as a fraction of one, given the person-days worked in a usual week; None if those are unknown."""
        if self.share is not None or self.person_days is None:
            return self.share
        return min(1.0, self.person_days / WEEKS[self.per] / days_a_week) if days_a_week > 0 else None


def _plan(value: Any) -> Any:
    if isinstance(value, dict | Plan) or value is None:
        return value
    if isinstance(value, list):
        raise ValueError(_HOW)
    return {"share": _part(value)}


def as_stored(value: Any, handler: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
    """Return None for values that are no plan in versions loaded before there were plans: such fields were users' own entries."""
    try:
        return handler(value)
    except ValueError:
        if (info.context or {}).get(STORED):
            return None
        raise


Planned = Annotated[Plan | None, BeforeValidator(_plan), WrapValidator(as_stored)]
"""Type of a field that may hold a plan."""
ByObjective = Annotated[dict[str, Annotated[Plan, BeforeValidator(_plan)]] | None, WrapValidator(as_stored)]
"""Type of a field that holds plans by objective key."""
Rate = Annotated[float | None, Field(gt=0, le=1_000_000), WrapValidator(as_stored)]
"""Type of the cost of a day."""
