"""How a measured share relates to the true one: its bias in level, and how much of a change it keeps.

Some work off the plan is classified as planned, and vice versa. With true positive rate `t` and false positive rate `f`, a true
share s is measured as f + (t - f) s (Rogan & Gladen 1978; Forman 2008). The measurement is linear in the truth: biased in level,
and attenuated by `kept` = t - f. Both vary between companies, so they are random effects with a mean and a standard deviation
over held-out companies.
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
"""Below this standard deviation `kept` is treated as known, since the grid is too coarse."""


@dataclass(frozen=True)
class Dilution:
    """The fraction of a true change that is measured: mean `kept` and standard deviation `kept_sd`.

    `stretch` is the factor by which the shares were since corrected (undiluted.py). The default is no dilution.
    """

    kept: float = 1.0
    kept_sd: float = 0.0
    stretch: float = 1.0

    @property
    def told(self) -> float:
        """Fraction of a true change that the reported shares contain."""
        return self.kept * self.stretch

    @cached_property
    def _grid(self) -> tuple[Array, Array]:
        """Grid of values of `kept` and their weights."""
        if self.kept_sd < NARROW:
            return np.array([self.kept]), np.ones(1)
        kept = np.linspace(*_KEPT, 46)
        weight = np.exp(-0.5 * ((kept - self.kept) / self.kept_sd) ** 2)
        return kept, weight / weight.sum()

    def size(self, fall: float, error: float, before: float = 1.0) -> "Size":
        """Return the posterior of the true fall, given a fall in reported shares, its standard error and the level `before`.

        Computed on a grid; the prior halves with every 15 points, and excludes falls larger than the level.
        """
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
    """A corrected fall: posterior median `middle`, 90 % interval, and `certain`, a lower bound that does not depend on `kept`."""

    middle: float
    low: float
    high: float
    certain: float


UNDILUTED = Dilution()
