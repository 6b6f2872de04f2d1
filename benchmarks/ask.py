"""What labels bring: figures after 20 and 60 labels, asked for by the product and drawn at random.

    python -m benchmarks.ask ../shared/eval/tablewright ../shared/eval/brightline benchmarks/companies/lumenleaf

Weights are fitted without the company that is judged; its truth answers what is asked.
"""

import argparse
from pathlib import Path

import numpy as np

from benchmarks.fit_fusion import FITTED, WAYS, Company, fit_steps, judge
from pipeline.encode.encoder import SentenceEncoder
from pipeline.match.active_learning import worth_asking


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    encoder = SentenceEncoder()
    folders: list[Path] = parser.parse_args().folders
    companies = {folder: tuple(Company(folder, encoder, how) for how in WAYS[:FITTED]) for folder in folders}
    for folder, (company, *_) in companies.items():
        weights = fit_steps([other for name, both in companies.items() if name != folder for other in both])
        gold = {row["id"]: row["key_result"] for row in company.gold}
        found, _ = company.matcher.probabilities(weights=weights)
        ids = [item.id for item in company.matcher.items]
        for count in (20, 60):
            drawn = np.random.default_rng(0).choice(len(ids), count, replace=False)
            ways = {"asked": worth_asking(company.matcher, found, count, set()), "random": [ids[i] for i in drawn]}
            for way, chosen in ways.items():
                figures = judge(company, weights, {id_: gold[id_] for id_ in chosen})
                said = ", ".join(f"{name} {value:.3f}" for name, value in figures.items())
                print(f"{company.name}, {count} labels {way}: {said}")


if __name__ == "__main__":
    main()
