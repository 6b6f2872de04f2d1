"""`python -m simulator`: serve the company until the standard input closes; say where on the standard output.

The first line printed is a JSON object {settings, register}. A line `posted` on the standard input prints what
was posted to Slack so far, `pictures` what was uploaded, a line `truth` the true weekly shares and what was planted.
"""

import argparse
import base64
import json
import os
import signal
import sys
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from simulator.api.config import ApiConfig
from simulator.company import register_yaml
from simulator.recent import recent
from simulator.server import Simulator
from simulator.work import live


def main() -> None:
    """Run until the standard input closes."""
    parser = argparse.ArgumentParser(prog="python -m simulator", description=__doc__)
    parser.add_argument("--today", type=date.fromisoformat, default=datetime.now(UTC).date(), help="last day of work")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--speed", type=float, default=1.0, help="makes the vendors' rate limits that much looser")
    parser.add_argument(
        "--init", type=Path, metavar="DIR", help="write leeway.toml and okrs.yaml for it there, and serve until stopped"
    )
    parser.add_argument(
        "--days",
        type=int,
        default=int(os.environ.get("SIMULATOR_DAYS", "0")) or None,
        help="only so many of the last days; else $SIMULATOR_DAYS, else half a year",
    )
    given = parser.parse_args()
    if given.init:  # before any thread begins, so that all of them leave the signals to the wait below
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    world = live(given.today, given.seed)
    with Simulator(recent(world, given.days) if given.days else world, ApiConfig(speed=given.speed)) as simulator:
        if given.init:
            _write(given.init, simulator, given.today)
            sys.stdout.write(f"{given.init}/leeway.toml and okrs.yaml written; serving until stopped.\n")
            sys.stdout.flush()
            signal.sigwait({signal.SIGINT, signal.SIGTERM})
            return
        _say({"settings": simulator.settings(), "register": register_yaml(given.today)})
        for line in sys.stdin:
            _say(_answer(simulator, line.strip()))


def _write(folder: Path, simulator: Simulator, today: date) -> None:
    """Settings that point at the simulator, as `leeway init` would write them for a company."""
    folder.mkdir(parents=True, exist_ok=True)
    given = simulator.settings() | {"alerts": {"from_hour": 0, "to_hour": 24, "any_day": True}}
    lines = []
    for section, values in given.items():
        lines += [f"[{section}]", *(f"{name} = {json.dumps(value)}" for name, value in values.items()), ""]
    for name, text in (("leeway.toml", "\n".join(lines)), ("okrs.yaml", register_yaml(today))):
        target = folder / name
        if target.exists():
            raise SystemExit(f"{target} is there already; give another folder.")
        target.write_text(text, encoding="utf-8")


def _answer(simulator: Simulator, question: str) -> Any:
    if question == "posted":
        return simulator.world.posted
    if question == "pictures":
        return {id_: base64.b64encode(data).decode() for id_, data in simulator.slack.uploads.items()}
    if question == "truth":
        planted = [asdict(event) for event in simulator.world.planted]
        return {"weeks": simulator.world.weekly_truth(), "planted": planted}
    return {"error": f"unknown question: {question}"}


def _say(value: Any) -> None:
    sys.stdout.write(json.dumps(value, default=str) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
