"""The diagnoses to show on a page."""

from alerts.diagnoses import DiagnosisView, diagnoses
from leeway.app import App
from pipeline.register.document import Register
from web import data
from web.auth import Viewer


def diagnosed(app: App, register: Register, who: Viewer, scope: str, objective: str = "") -> list[DiagnosisView]:
    """The open diagnoses of a scope, or those of them that are about an objective and its key results."""
    if scope not in data.visible(register, app.settings.drift.least_people, who):
        return []
    with app.sessions() as session:
        found = diagnoses(session, register, app.settings.drift.least_people, [scope])
    if not objective:
        return found
    keys = {
        f"objective:{objective}",
        *(f"kr:{key}" for key, its in register.objective_of().items() if its == objective),
    }
    return [one for one in found if one.subject in keys]
