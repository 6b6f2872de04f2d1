"""What a believed share says of the true one: how this company's reading may be off in level, and how much of a change it keeps.

Two things happen on the way from what was done to what is believed: work off the plan is believed on it, and the other way
round. With `t` the part of planned work believed planned and `f` the part of other work believed planned, a true share s is
read as f + (t - f) s (Rogan & Gladen 1978; Forman 2008). So the reading is a line: too high or low in level, and flatter than
the truth by `kept` = t - f. Both differ between companies, which is why they are random effects: a mean and a spread over
companies that nothing was fitted on.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Z90 = 1.6449
"""Standard deviations on each side of a 90 % interval."""
_KEPT = (0.15, 1.05)
_HALF_AS_LIKELY = 0.15
NARROW = 0.01
"""Below this spread of `kept` it is taken as known: the grid could not show it."""


@dataclass(frozen=True)
class Dilution:
    """Which part of a true change is believed, with mean and standard deviation; parts of one.

    `stretch` is by how much shares were stretched around what is usual since (undiluted.py). Without arguments belief is the
    truth.
    """

    kept: float = 1.0
    kept_sd: float = 0.0
    stretch: float = 1.0

    @property
    def told(self) -> float:
        """Which part of a true change is in shares as they are told."""
        return self.kept * self.stretch

    @cached_property
    def _grid(self) -> tuple[Array, Array]:
        """Values of `kept` with their weights."""
        if self.kept_sd < NARROW:
            return np.array([self.kept]), np.ones(1)
        kept = np.linspace(*_KEPT, 46)
        weight = np.exp(-0.5 * ((kept - self.kept) / self.kept_sd) ** 2)
        return kept, weight / weight.sum()

    def size(self, fall: float, error: float, before: float = 1.0) -> "Size":
        """The true fall behind one of told shares with its standard error, from the level `before`: Bayes' rule on a grid.
        A fall is beforehand half as likely with each 15 points, and never larger than what there was."""
        fall, error = fall / self.stretch, error / self.stretch
        certain = max(0.0, fall - Z90 * error)
        if self.kept_sd < NARROW:
            half = Z90 * error / self.kept
            return Size(fall / self.kept, fall / self.kept - half, fall / self.kept + half, certain)
        true = np.linspace(-0.3, 1.0, 261)
        kept, weight = self._grid
        squared = ((fall - kept[:, None] * true) / max(error, 1e-4)) ** 2
        mass = weight @ np.exp(-0.5 * (squared - squared.min()))
        mass *= 0.5 ** (np.abs(true) / _HALF_AS_LIKELY) * (true <= max(before, fall) + true[1] - true[0])
        cumulative = np.cumsum(mass) / mass.sum()
        low, middle, high = np.interp([0.05, 0.5, 0.95], cumulative, true)
        return Size(float(middle), float(low), float(high), certain)


@dataclass(frozen=True, slots=True)
class Size:
    """A fall as it likely was: the middle, a 90 % interval, and what is certain however much of it the reading kept."""

    middle: float
    low: float
    high: float
    certain: float


UNDILUTED = Dilution()
