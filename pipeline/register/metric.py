"""What a key result is measured by, as okrs.yaml writes it: where the number comes from, where it starts, where it should be.

The words of a source (a query in its own language, and what to make of it) are the source's: see `Metrics` in connectors.base.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationInfo, WrapValidator

from pipeline.register.figures import Unsure, figure, readings
from pipeline.register.planned import STORED, as_stored

OWN: Mapping[str, tuple[str, ...]] = {"sql": ("database",), "csv": ("column", "row"), "checkin": ()}
"""Ways to measure that belong to no source, each with the words that may stand beside it."""
NUMBERS = ("start", "target", "unit")
ALWAYS = (*NUMBERS, "keep")
_FORM = "write what measures it, such as {checkin: true, start: 31, target: 45}"


def _number(value: Any, info: ValidationInfo) -> float:
    """A number, from 45, 4.5, "2,1" or "2.1 %". Raises ValueError."""
    try:
        return figure(str(value))
    except Unsure:
        if (info.context or {}).get(STORED):
            return readings(str(value))[0]  # as it was taken when it was loaded; the next load asks
        raise


Number = Annotated[float, BeforeValidator(_number)]


def _keep(value: Any) -> Any:
    if value not in ("", "below", "above"):
        raise ValueError(f"`below` or `above` is needed, found {value!r}")
    return value


Keep = Annotated[str, BeforeValidator(_keep)]


class Metric(BaseModel):
    """Where a key result's number comes from. Beside the fields here it holds one way to measure (`sql`, `csv`, `checkin` or a
    source's own word) with what belongs to it; `faults` have been looked for in pipeline/register/metric_faults.py. `keep` says
    that the number is to stay below or above its target: it has no way to go."""

    model_config = ConfigDict(extra="allow", frozen=True)

    start: Number | None = None
    target: Number | None = None
    unit: str = ""
    keep: Keep = ""

    @property
    def binding(self) -> dict[str, Any]:
        """All that says how it is measured, without start, target and unit."""
        return dict(self.model_extra or {})


def _form(value: Any) -> Any:
    if value is not None and not isinstance(value, dict | Metric):
        raise ValueError(_FORM)
    return value


Measured = Annotated[Metric | None, BeforeValidator(_form), WrapValidator(as_stored)]
"""For a field that may hold a metric."""
