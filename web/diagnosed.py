"""Which diagnoses a viewer may see, and those that belong on a page."""

from alerts.diagnoses import DiagnosisView, diagnoses
from leeway.app import App
from models.vocabulary import COMPANY
from web import data
from web.auth import Viewer


def visible(app: App, who: Viewer) -> set[str]:
    """Scopes whose diagnoses a viewer may see: the company's, and those of teams that are large enough."""
    _, register = app.register()
    large = {key for key, _ in data.large_teams(register, app.settings.drift.least_people)}
    return {one for one in (COMPANY, *large) if who.may_see(one)}


def diagnosed(app: App, who: Viewer, scope: str, objective: str = "") -> list[DiagnosisView]:
    """The open diagnoses of a scope, or those of them that are about an objective and its key results."""
    if scope not in visible(app, who):
        return []
    _, register = app.register()
    with app.sessions() as session:
        found = diagnoses(session, register, app.settings.drift.least_people, [scope])
    if not objective:
        return found
    keys = {
        f"objective:{objective}",
        *(f"kr:{key}" for key, its in register.objective_of().items() if its == objective),
    }
    return [one for one in found if one.subject in keys]
