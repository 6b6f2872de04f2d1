"""Coverage and width of the weekly interval, and error of the share, with and without an audit, on simulated companies.

    python -m benchmarks.shares --seeds 20 --keep /tmp/companies

Each seed is a different half year of the simulated company, pulled over HTTP and matched by the product. Then the product draws
its audit for every week, the simulation answers truthfully in place of a team lead, and the shares are computed again. The true
share is that of the real work, so errors of effort count too. `--keep` keeps the databases for the next run.
"""

import argparse
import pickle
import tempfile
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import numpy as np
from sqlalchemy import delete, select
from sqlalchemy.orm import Session, sessionmaker

from leeway.app import App
from leeway.settings import Settings
from models import AuditDraw, Label, Share, WorkItem, upsert
from pipeline.cycle import run_cycle
from pipeline.match.stage import match_all
from pipeline.register.document import parse
from pipeline.register.versions import load_register
from pipeline.share.audit_store import draw_audit
from pipeline.share.estimate import UNSEEN
from pipeline.share.stage import weekly_shares
from simulator.api.config import ApiConfig
from simulator.company import register_yaml
from simulator.server import simulate
from simulator.world import World

TODAY = date(2026, 7, 10)
Truth = dict[tuple[str, str], str]
Weeks = dict[str, float]


def make(folder: Path, seed: int) -> tuple[Path, Truth, Weeks]:
    """The database of one simulated half year, what each item truly serves, and the true weekly top share."""
    path, known = folder / f"{seed}.db", folder / f"{seed}.pickle"
    if known.exists():
        return (path, *pickle.loads(known.read_bytes()))  # noqa: S301 - written below
    path.unlink(missing_ok=True)
    with simulate(TODAY, seed, ApiConfig(speed=10_000)) as company:
        given = {
            name: {k: v for k, v in values.items() if k != "alert_channel"}
            for name, values in company.settings().items()
        }
        app = App(
            Settings.model_validate(given | {"database": {"url": f"sqlite:///{path}"}}),
            now=datetime.combine(TODAY, time(23), UTC),
        )
        text = register_yaml(TODAY)
        with app.sessions.begin() as session:
            load_register(session, parse(text), text)
        run_cycle(
            app.connectors,
            app.sessions,
            app.encoder,
            app.drift_settings(),
            app.now(),
            timedelta(weeks=app.settings.history.weeks),
        )
        truth = _truth(app.sessions, company.world)
        weeks = {row["week"]: row["top_share"] for row in company.world.weekly_truth()}
        app.engine.dispose()
    known.write_bytes(pickle.dumps((truth, weeks)))
    return path, truth, weeks


def _truth(sessions: sessionmaker[Session], world: World) -> Truth:
    streams = {("jira", str(issue.id)): issue.stream for issue in world.issues}
    streams |= {("slack", message.ts): message.stream for message in world.messages}
    streams |= {("hubspot", f"{record.type}:{record.id}"): record.stream for record in world.records}
    with sessions() as session:
        rows = session.execute(select(WorkItem.source, WorkItem.external_id)).all()
    return {(s, e): streams.get((s, e.split(":")[-1] if s == "slack" else e), "") for s, e in rows}


def judge(job: tuple[Path, int, int, float]) -> dict[str, list[tuple[float, float, float, float]]]:
    """(estimate, low, high, truth) of each week, without an audit and with one."""
    folder, seed, items, unseen = job
    path, truth, weeks = make(folder, seed)
    app = App(Settings.model_validate({"database": {"url": f"sqlite:///{path}"}}))
    sessions, register = app.sessions, parse(register_yaml(TODAY))
    match_all(sessions, register, 1, app.encoder)  # a kept database may have been matched with other weights
    keys, found = set(register.objective_of()), {}
    for name in ("without", "with"):
        with sessions.begin() as session:
            for table in (Label, AuditDraw):
                session.execute(delete(table))
        if name == "with":
            for week in weeks:
                draw_audit(sessions, register, date.fromisoformat(week), items, app.settings.drift.least_people)
            _answer(sessions, truth, keys)
        weekly_shares(sessions, register, app.settings.drift.least_people, unseen)
        with sessions() as session:
            query = select(Share).where(Share.scope == "company", Share.objective == "top").order_by(Share.week)
            found[name] = [
                (s.share, s.low, s.high, weeks[s.week.isoformat()])
                for s in session.scalars(query)
                if s.week.isoformat() in weeks
            ]
    return found


def _answer(sessions: sessionmaker[Session], truth: Truth, keys: set[str]) -> None:
    with sessions.begin() as session:
        drawn = session.scalars(select(WorkItem).where(WorkItem.id.in_(select(AuditDraw.work_item_id)))).all()
        rows = []
        for item in drawn:
            stream = truth[item.source, item.external_id]
            rows.append(
                {
                    "work_item_id": item.id,
                    "key_result": stream if stream in keys else None,
                    "origin": "audit",
                    "at": datetime.now(UTC),
                }
            )
        upsert(session, Label, rows, ("work_item_id",))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--items", type=int, default=5, help="audited items per team and week")
    parser.add_argument("--unseen", type=float, default=UNSEEN, help="assumed proportion of work without a trace")
    parser.add_argument("--keep", type=Path, help="folder for the databases")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as made, ProcessPoolExecutor(2) as pool:
        folder = given.keep or Path(made)
        folder.mkdir(exist_ok=True)
        jobs = [(folder, seed, given.items, given.unseen) for seed in range(1, given.seeds + 1)]
        results = list(pool.map(judge, jobs))
    for name in ("without", "with"):
        rows = np.array([row for result in results for row in result[name]])
        inside = (rows[:, 1] <= rows[:, 3]) & (rows[:, 3] <= rows[:, 2])
        error = 100 * (rows[:, 0] - rows[:, 3])
        print(
            f"{name:7} audit: {len(rows)} weeks; inside the 90 % interval {inside.mean():.1%}; mean width "
            f"{100 * (rows[:, 2] - rows[:, 1]).mean():.1f} points; mean absolute error {np.abs(error).mean():.2f} points; "
            f"mean error {error.mean():+.2f}"
        )


if __name__ == "__main__":
    main()
