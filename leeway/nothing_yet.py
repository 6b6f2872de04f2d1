"""What to do between the installation and the first pull: the next of the steps, told apart by how it is run."""

from datetime import datetime

from sqlalchemy.orm import Session

from alerts.words import ago
from leeway.app import App
from leeway.broker import last_wake, means_workers

REGISTER = "a register (`leeway okrs load okrs.yaml`)"


def nothing_yet(app: App, session: Session, *, registered: bool, now: datetime) -> str:
    """The sentence for a database into which nothing was pulled."""
    if not app.connectors:
        return "Nothing pulled yet. No source is configured: add [jira], [slack] or [hubspot] to leeway.toml (`leeway init`)."
    first = "" if registered else f" First load {REGISTER}."
    woken = last_wake(session)
    if not means_workers(app.settings, woken):
        return f"Nothing pulled yet.{first} `leeway run --once` does it."
    if woken is not None:
        minutes = max(0, round((now - woken).total_seconds() / 60))
        return f"Nothing pulled yet.{first} The workers were woken {ago(minutes)} ago; `leeway doctor` says whether each runs."
    return (
        f"Nothing pulled yet.{first} Workers (`leeway worker --beat`) begin by themselves within a minute of their start; "
        "`leeway doctor` says whether each runs."
    )
