"""Detect what an edit of a key result's `metric:` loosens: another query or source, a count turned into a sum, a lower target.

A title may stay word for word while the number behind it changes, so the binding is compared with its predecessor as well.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.register.figures import exactly
from pipeline.register.loosening import Loosened, aim, scale
from pipeline.register.metric import Metric
from pipeline.register.wording import Wording

_QUOTED = re.compile(r"(\"[^\"]*\"|'[^']*')")
_SIGNS = re.compile(r"\s*([=<>!~,()]+)\s*")
_LONGEST = 160
_CLOSE = 1e-9


def rebound(before: Metric | None, after: Metric | None, title: Wording) -> list[Loosened]:
    """Return what an edit of a metric loosens; `title` is the earlier wording, which may give the direction."""
    if before is None:
        return []
    if after is None:
        return [Loosened("metric-replaced", f"was measured by {_said(before.binding)}, and no longer is.")]
    if another := "; ".join(_differing(before, after)):
        return [Loosened("metric-replaced", f"is measured differently: {another}.")]
    return [Loosened("target-lowered", one) for one in _lowered(before, after, title)]


def _differing(before: Metric, after: Metric) -> Iterator[str]:
    old, new = before.binding, after.binding
    for name in [*old, *(one for one in new if one not in old)]:
        if _plain(old.get(name)) == _plain(new.get(name)):
            continue
        if name not in new:
            yield f"{name} {_short(old[name])} is gone"
        elif name not in old:
            yield f"{name} {_short(new[name])} is new"
        else:
            yield f"{name} {_short(old[name])} became {_short(new[name])}"
    if before.unit and after.unit and scale(before.unit)[0] != scale(after.unit)[0]:
        yield f"its unit {before.unit!r} became {after.unit!r}"


def _plain(value: Any) -> Any:
    """Normalise a setting of a binding: collapse white space, and ignore case outside quotes."""
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if not isinstance(value, str):
        return str(value)
    parts = _QUOTED.split(_SIGNS.sub(r"\1", " ".join(value.split())))
    return "".join(part if n % 2 else part.casefold() for n, part in enumerate(parts)).strip()


def _short(value: Any) -> str:
    text = str(value)
    return repr(text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…")


def _said(binding: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_short(value)}" for name, value in binding.items())


def _lowered(before: Metric, after: Metric, title: Wording) -> Iterator[str]:
    if before.keep and after.keep != before.keep:
        yield f"it had to stay {before.keep} {exactly(before.target or 0.0)}, and no longer has to."
        return
    if before.target is None:
        return
    unit = f" {before.unit}" if before.unit else ""
    if after.target is None:
        yield f"the metric's target {exactly(before.target)}{unit} is gone."
        return
    old, new = before.target * scale(before.unit)[1], after.target * scale(after.unit or before.unit)[1]
    if (new - old) * _way(before, title) < -_CLOSE * max(1.0, abs(old)):
        became = f"{exactly(after.target)}{f' {after.unit}' if after.unit else unit}"
        yield f"the metric's target {exactly(before.target)}{unit} became {became}."


def _way(metric: Metric, title: Wording) -> int:
    """Return 1 if more is better, -1 if less is: from the metric's start and target, else from the title."""
    if metric.keep:
        return 1 if metric.keep == "above" else -1
    if metric.start is not None and metric.target is not None and metric.start != metric.target:
        return 1 if metric.target > metric.start else -1
    return aim(title)
