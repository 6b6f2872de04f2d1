"""The metric of a key result in okrs.yaml: the source of the number, its start and its target.

A source defines its own settings (a query in its language, and how to evaluate it): see `Metrics` in connectors.base.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationInfo, WrapValidator

from pipeline.register.figures import Unsure, figure, readings
from pipeline.register.planned import STORED, as_stored

OWN: Mapping[str, tuple[str, ...]] = {"sql": ("database",), "csv": ("column", "row"), "checkin": ()}
"""Ways to measure that belong to no source, each with the settings it accepts."""
NUMBERS = ("start", "target", "unit")
ALWAYS = (*NUMBERS, "keep")
_FORM = "write what measures it, such as {checkin: true, start: 31, target: 45}"


def _number(value: Any, info: ValidationInfo) -> float:
    """Parse a number such as 45, 4.5, "2,1" or "2.1 %". Raises ValueError."""
    try:
        return figure(str(value))
    except Unsure:
        if (info.context or {}).get(STORED):
            return readings(str(value))[0]  # as read when it was loaded; the next load rejects it
        raise


Number = Annotated[float, BeforeValidator(_number)]


def _keep(value: Any) -> Any:
    if value not in ("", "below", "above"):
        raise ValueError(f"`below` or `above` is needed, found {value!r}")
    return value


Keep = Annotated[str, BeforeValidator(_keep)]


class Metric(BaseModel):
    """The source of a key result's number. Besides the fields here it holds one way to measure (`sql`, `csv`, `checkin` or a
    source's own) with its settings, validated in pipeline/register/metric_faults.py. `keep`: the number must stay below or
    above its target, so there is no path from start to target."""

    model_config = ConfigDict(extra="allow", frozen=True)

    start: Number | None = None
    target: Number | None = None
    unit: str = ""
    keep: Keep = ""

    @property
    def binding(self) -> dict[str, Any]:
        """Return everything that defines how it is measured, without start, target and unit."""
        return dict(self.model_extra or {})


def _form(value: Any) -> Any:
    if value is not None and not isinstance(value, dict | Metric):
        raise ValueError(_FORM)
    return value


Measured = Annotated[Metric | None, BeforeValidator(_form), WrapValidator(as_stored)]
"""Type of a field that may hold a metric."""
