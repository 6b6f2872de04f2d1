"""Confidence against truth, as `leeway evaluate --picture` draws it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from alerts.chart_frame import LIGHT, SCHEMA, Spec

if TYPE_CHECKING:
    from pipeline.match.evaluate import Bin


def reliability(bins: Sequence["Bin"], width: int = 360) -> Spec:
    """How often answers of a confidence are right, beside the line on which they should lie; larger points are more answers."""
    rows = [{"confidence": one.confidence, "right": one.right, "answers": one.count} for one in bins]

    def axis(field: str) -> Spec:
        return {
            "field": field,
            "type": "quantitative",
            "scale": {"domain": [0, 1]},
            "axis": {"format": ".0%"},
            "title": field,
        }

    size = {"field": "answers", "type": "quantitative", "scale": {"range": [30, 500]}}
    at = {"x": axis("confidence"), "y": axis("right")}
    line = {
        "data": {"values": [{"confidence": 0, "right": 0}, {"confidence": 1, "right": 1}]},
        "mark": {"type": "line", "color": LIGHT.soft, "strokeDash": [5, 4]},
        "encoding": at,
    }
    points = {"mark": {"type": "circle", "color": LIGHT.brand, "opacity": 0.9}, "encoding": at | {"size": size}}
    return {"$schema": SCHEMA, "width": width, "height": width, "data": {"values": rows}, "layer": [line, points]}
