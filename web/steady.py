"""What pages and charts say of steps that must be stable; cases are held against their paths once a cycle."""

from functools import lru_cache

from alerts.chart_frame import Spec
from alerts.steps_chart import conformance_by_week
from leeway.app import App
from leeway.steps import steps_of
from models.vocabulary import COMPANY
from pipeline.register.steps import Path
from pipeline.steps.report import PathReport
from web import data


def scope_of(path: Path) -> str:
    """Whose figures a path's are: its team's, else the company's."""
    return path.team or COMPANY


class SteadySteps:
    """What pages and charts say of steps; cases are held against their paths once a cycle."""

    def __init__(self, app: App) -> None:
        self.app = app
        self._reports = lru_cache(maxsize=2)(self._held)

    def _held(self, cycle: int, version: int) -> tuple[PathReport, ...]:
        with self.app.sessions() as session:
            return tuple(steps_of(self.app, session, self.app.register()[1]))

    def reports(self) -> tuple[PathReport, ...]:
        """Every path of the register."""
        return self._reports(data.last_cycle(self.app)[0], self.app.register()[0])

    def spec(self, scope: str, key: str, width: int) -> Spec | None:
        """The chart of a step (its path's key, a dot, and its own), where its figures are this scope's."""
        name, _, step = key.partition(".")
        path = next((one for one in self.reports() if one.path.key == name and scope_of(one.path) == scope), None)
        found = next((one for one in path.steps if one.key == step), None) if path else None
        return conformance_by_week(found.weeks, found.soft, width) if found and found.weeks else None
