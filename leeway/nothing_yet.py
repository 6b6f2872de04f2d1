"""What to do between installation and the first pull: the next step, depending on how Leeway is run."""

from datetime import datetime

from sqlalchemy.orm import Session

from alerts.words import ago
from leeway.app import App
from leeway.broker import last_wake, means_workers

REGISTER = "a register (`leeway okrs load okrs.yaml`)"


def nothing_yet(app: App, session: Session, *, registered: bool, now: datetime) -> str:
    """Return the sentence for a database into which nothing was pulled."""
    if not app.connectors:
        return "Nothing pulled yet. No source is configured: add [jira], [slack] or [hubspot] to leeway.toml (`leeway init`)."
    first = "" if registered else f" First load {REGISTER}."
    woken = last_wake(session)
    if not means_workers(app.settings, woken):
        return f"Nothing pulled yet.{first} Pull with `leeway run --once`."
    if woken is not None:
        minutes = max(0, round((now - woken).total_seconds() / 60))
        return (
            f"Nothing pulled yet.{first} The workers were woken {ago(minutes)} ago; `leeway doctor` shows whether each is "
            f"running."
        )
    return (
        f"Nothing pulled yet.{first} Workers (`leeway worker --beat`) begin automatically within a minute of starting; "
        "`leeway doctor` shows whether each is running."
    )
