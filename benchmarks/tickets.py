"""The match on a real company's tickets: SiP, ten years of terse titles with true hours.

    git clone https://github.com/Derek-Jones/SiP_dataset && python -m benchmarks.tickets SiP_dataset [--weights FILE]

The data only contain project codes; the register below was written from the titles. The match uses titles alone, without links
and teams, first without labels and then with labels that the product asks for. The shipped weights were fitted on these tickets;
`--weights` takes weights that `benchmarks/fit_alone.py --keep` fitted without them.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from benchmarks.effort.real import git_file, read_rows
from pipeline.encode.encoder import Encoder, SentenceEncoder
from pipeline.feedback.asking import most_telling
from pipeline.items import Item
from pipeline.match.conditional_logit import Fusion
from pipeline.match.matcher import Matcher
from pipeline.register.document import Register, parse

LABELS = (0, 20, 60)
PERIODS = (2005, 2007, 2011)
YEARS, LATELY = 2, 2
"""Years of tickets that are matched together, and their last months, whose change questions look at."""
WORDS = ((1, 3), (4, 5), (6, 8), (9, 99))
REGISTER = """
period: {name: all, start: 2004-01-01, end: 2014-12-31}
objectives:
- key: O1
  title: Lloyd's syndicates run their claims on our system
  priority: 1
  key_results:
  - key: PC2
    title: >-
      Claims departments of five syndicates handle all claims messages, reserves and reinsurance in SCMS, with fewer than 20 open
      bugs
    description: SCM and USM messages, risk and claim screens, search, triangles, warehouse, bordereaux
  - key: PC4
    title: New underwriting clients record their risks in the system, with support answered within a day
    description: risk entry, premiums and calculations, reinsurance contracts, client support
  - key: PC7
    title: Month end and period close of the run-off syndicate take one day
    description: client support, super search, large loss reports, migration
- key: O2
  title: Applications are built from our framework twice as fast
  priority: 2
  key_results:
  - key: PC9
    title: Version 3 of the Flex framework and code generator is used for every new application
    description: controls, grids, combos, metadata, login, validation, business objects
- key: O3
  title: Small companies buy YouLink HR
  priority: 3
  key_results:
  - key: PC5
    title: Forty clients subscribe to YouLink HR on the web
    description: sales, demos, web database, email sender, trial accounts
  - key: PC6
    title: The e-HR client covers holidays, staff records and management reports
    description: holiday requests, authorisation, staff manager
- key: O4
  title: Syndicates move to us from other systems
  priority: 4
  key_results:
  - key: PC17
    title: Three syndicates are converted from Eurobase and Intech with all figures reconciled
    description: conversion scripts, raw data, reconciliation
  - key: PC16
    title: Market messages arrive through LDEX and the XDH loader without manual work
    description: messages from Xchanging, loader, LDEX database
- key: O5
  title: We plan and record our own work in one task system
  priority: 5
  key_results:
  - key: PC11
    title: Everybody plans tasks and time in the task system
    description: tasks, estimates, statuses, knowledge base, stopwatch
- key: O6
  title: Mobile phone shops sell and repair with our point of sale
  priority: 6
  key_results:
  - key: PC13
    title: Ten shops use Flex Mobile for sales and repairs
    description: tariffs, handsets, repairs, invoices, deposits
"""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A task with all hours that were booked on it; its project is a key result's key, or of none."""

    title: str
    project: str
    hours: float
    start: date


def tickets(clone: Path, first: int) -> list[Ticket]:
    """All that were begun in YEARS from `first` on."""
    began = {row["TaskNumber"]: row["StartedOn"] for row in read_rows(git_file(clone, "est-act-dates.csv"))}
    found: dict[str, Ticket] = {}
    for row in read_rows(git_file(clone, "Sip-task-info.csv")):
        if not began.get(row["TaskNumber"]):
            continue
        start = datetime.strptime(began[row["TaskNumber"]], "%d-%b-%y").date()  # noqa: DTZ007 - a local day
        if first <= start.year < first + YEARS:
            before = found.get(row["TaskNumber"])
            hours = float(row["DeveloperHoursActual"] or 0) + (before.hours if before else 0)
            found[row["TaskNumber"]] = Ticket(row["Summary"], row["ProjectCode"], hours, start)
    return list(found.values())


def items_of(titles: Sequence[str]) -> list[Item]:
    """Tickets of which the title is all that is known."""
    return [Item(str(n), "jira", "task", title=title) for n, title in enumerate(titles)]


def measure(clone: Path, first: int, encoder: Encoder, weights: Sequence[Fusion] | None = None) -> Iterator[str]:
    """Lines of figures for these years."""
    register, rows = parse(REGISTER), tickets(clone, first)
    items = items_of([one.title for one in rows])
    matcher = Matcher(register, items, encoder)
    column = {key: n for n, key in enumerate(matcher.keys)}
    judge = Judge(register, matcher, rows, np.array([column.get(one.project, len(column)) for one in rows]))
    largest = Counter(judge.true.tolist()).most_common(1)[0][1] / len(rows)
    yield f"{first}: {len(rows)} tickets, always the largest {largest:.2f}, none {(judge.true == len(column)).mean():.2f}"
    bare = matcher.probabilities(None, weights)[0]
    for count in LABELS:
        asked = judge.asked(bare, count) if count else []
        labels = {items[i].id: matcher.keys[k] if (k := judge.true[i]) < len(column) else None for i in asked}
        yield f"  {count} labels: " + judge.figures(matcher.probabilities(labels, weights)[0], labels)


class Judge:
    """Beside the truth of these tickets."""

    def __init__(self, register: Register, matcher: Matcher, rows: Sequence[Ticket], true: NDArray[np.int64]) -> None:
        self.matcher, self.true = matcher, true
        self.hours = np.array([one.hours for one in rows])
        self.months = np.array([one.start.year * 12 + one.start.month for one in rows])
        self.words = np.array([len(one.title.split()) for one in rows])
        of = register.objective_of()
        self.top = np.array([of[key] in register.top() for key in matcher.keys] + [False])

    def asked(self, found: NDArray[np.float32], count: int) -> list[int]:
        """Positions of what the product asks about."""
        vectors = self.matcher.vectors[self.matcher.following.speaker]
        late = self.hours * (self.months > self.months.max() - LATELY)
        of_top = found[:, self.top].sum(1).astype(float)
        return list(most_telling(self.matcher.items, vectors, of_top, self.hours, late, set(), count))

    def figures(self, found: NDArray[np.float32], labels: Mapping[str, str | None]) -> str:
        """A line: what is right is counted where nobody answered, shares over everything."""
        rest = np.array([item.id not in labels for item in self.matcher.items])
        none = self.true == found.shape[1] - 1
        right, sure = found.argmax(1) == self.true, (found.max(1) >= 0.9) & rest
        pairs = np.array([self._shares(found, self.months == month) for month in np.unique(self.months)])
        said, truth = self._shares(found, np.ones(len(found), dtype=bool))
        by_words = ", ".join(
            f"{low} to {high} {found[some, -1].mean():.2f} ({none[some].mean():.2f})"
            for low, high in WORDS
            for some in [(self.words >= low) & (self.words <= high) & rest]
        )
        of_sure = f"{right[sure].mean():.2f} of {sure.sum()}" if sure.any() else "of none"
        return (
            f"right {right[rest].mean():.2f}, goal or none AUC {roc_auc_score(none[rest], found[rest, -1]):.2f}, "
            f"right at 0.9 {of_sure}; share of the top by hours {said:.2f} ({truth:.2f}), error of a month "
            f"{100 * np.abs(pairs[:, 0] - pairs[:, 1]).mean():.1f} points; none by words, believed (true): {by_words}"
        )

    def _shares(self, found: NDArray[np.float32], some: NDArray[np.bool_]) -> tuple[float, float]:
        hours = self.hours[some]
        believed, true = found[some][:, self.top].sum(1), self.top[self.true[some]]
        return float(hours @ believed / hours.sum()), float(hours @ true / hours.sum())


def read_weights(file: Path | None) -> tuple[Fusion, ...] | None:
    """The steps that a file keeps; None for none."""
    return file and tuple(Fusion.from_json(step) for step in json.loads(file.read_text())["steps"])


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clone", type=Path)
    parser.add_argument("--weights", type=Path)
    given = parser.parse_args()
    encoder = SentenceEncoder()
    for first in PERIODS:
        for line in measure(given.clone, first, encoder, read_weights(given.weights)):
            print(line, flush=True)


if __name__ == "__main__":
    main()
