"""Alerts keep to the organisation's working days and hours; what waits is posted when they come."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from leeway.app import App
from leeway.channels import channels
from leeway.notify import may_notify, notify_pending, reasons
from leeway.settings import Settings
from models import Drift, RegisterVersion
from pipeline.register.document import parse
from pipeline.register.versions import load_register
from simulator.company import register_yaml
from simulator.server import Simulator
from tests.alerts.test_slack import drift
from tests.conftest import TODAY, newest_sqlite


def app_at(when: datetime, company: Simulator, folder: Path, **alerts: object) -> App:
    slack = company.settings()["slack"] | {"alert_channel": "leadership"}
    given = {"database": {"url": newest_sqlite(folder / "hours.db")}, "slack": slack, "alerts": alerts}
    return App(Settings.model_validate(given), now=when)


@pytest.mark.parametrize(
    ("when", "told"),
    [
        (datetime(2026, 7, 10, 5, 30, tzinfo=UTC), 0),  # half past seven in Hamburg
        (datetime(2026, 7, 10, 6, 30, tzinfo=UTC), 1),
        (datetime(2026, 7, 10, 16, 30, tzinfo=UTC), 0),  # after six in the evening
        (datetime(2026, 7, 11, 9, 0, tzinfo=UTC), 0),  # a Saturday
        (datetime(2026, 12, 25, 9, 0, tzinfo=UTC), 0),  # a public holiday
    ],
)
def test_an_alert_waits_for_working_hours(when: datetime, told: int, company: Simulator, tmp_path: Path) -> None:
    app = app_at(when, company, tmp_path)
    text = register_yaml(TODAY)
    with app.sessions.begin() as session:
        load_register(session, parse(text), text)
        session.add(drift())
    assert notify_pending(app) == told
    assert notify_pending(app_at(datetime(2026, 7, 13, 9, tzinfo=UTC), company, tmp_path)) == 1 - told
    assert len(company.world.posted) == 1


def test_an_organisation_that_works_on_sundays_says_so(company: Simulator, tmp_path: Path) -> None:
    register = parse(register_yaml(TODAY))
    sunday = datetime(2026, 7, 12, 22, tzinfo=UTC)
    assert not may_notify(app_at(sunday, company, tmp_path), register)
    assert may_notify(app_at(sunday, company, tmp_path, any_day=True, to_hour=24, from_hour=0), register)


def test_what_was_raised_under_the_plan_before_waits_for_the_new_ones_first_cycle_and_not_for_ever(
    company: Simulator, tmp_path: Path
) -> None:
    app = app_at(datetime(2026, 7, 10, 9, tzinfo=UTC), company, tmp_path)
    text = register_yaml(TODAY)
    with app.sessions.begin() as session:
        for document in (text, text.replace("Velora Bikes", "Velora")):
            load_register(session, parse(document), document)
        newest = session.scalars(select(RegisterVersion).order_by(RegisterVersion.id.desc())).first()
        assert newest is not None
        newest.loaded_at = datetime(2026, 7, 10, 8, 55, tzinfo=UTC)
        session.add(drift())
    assert notify_pending(app) == 0
    with app.sessions() as session:
        said = reasons(app, session, session.scalars(select(Drift)).one(), channels(app))
    assert said[0]["why"] == "it waits: a new plan was loaded, and its first cycle is not finished"
    app._now = datetime(2026, 7, 10, 15, tzinfo=UTC)  # no cycle came: silence would be worse
    assert notify_pending(app) == 1
