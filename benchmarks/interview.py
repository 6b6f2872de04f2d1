"""Whether agreement is ranked correctly in ten simulated leadership teams that name planted topics, worded differently each time.

    python -m benchmarks.interview [--seeds 20]

The planted agreement is the same formula applied to topics: two lines are alike if they name the same topic. UNLIKE and ALIKE
were chosen on half of the topics (--chosen shows those); the table uses the other half.
"""

import argparse
import random
from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from pipeline.encode.encoder import Encoder, SentenceEncoder
from pipeline.interview.agreement import of_all

TOPICS: Mapping[str, Sequence[str]] = {
    "churn": (
        "Stop losing customers",
        "Bring customer churn down",
        "Keep the customers we have",
        "Retention: fewer cancellations by existing clients",
        "Reduce the number of accounts that leave us",
    ),
    "hiring": (
        "Hire eight engineers",
        "Fill the open developer positions",
        "Recruit more software engineers",
        "Grow the engineering team by new hires",
        "Get the vacant engineering jobs staffed",
    ),
    "spain": (
        "Launch in Spain",
        "Enter the Spanish market",
        "Open for business in Spain",
        "Expand to Spain, Madrid first",
        "Our go-to-market for Spain",
    ),
    "security": (
        "Pass the SOC 2 audit",
        "Get our security certification",
        "Information security: be ready for the SOC 2 auditors",
        "Be certified for security compliance",
        "Close the gaps of the security audit",
    ),
    "outage": (
        "Make the platform stable",
        "Fewer outages",
        "Reliability: bring down incidents and downtime",
        "Better uptime of our systems",
        "Stop the recurring service outages",
    ),
    "cost": (
        "Cut cloud costs",
        "Lower what we pay for AWS",
        "Spend less on cloud infrastructure",
        "Reduce hosting expenses",
        "Get the cloud bill under control",
    ),
    "pricing": (
        "Roll out the new pricing",
        "Change our price list to usage based pricing",
        "New price plans for all customers",
        "Introduce the pricing model we agreed on",
        "Move everybody to the new prices",
    ),
    "mobile": (
        "Ship the mobile app",
        "Bring out our app for iPhone and Android",
        "Release the smartphone app",
        "Publish the mobile application in the app stores",
        "The new iOS and Android app",
    ),
    "support": (
        "Answer support tickets faster",
        "Shorter response time in customer support",
        "Customers wait too long for the help desk",
        "Bring the support backlog down",
        "Faster replies to customers' support requests",
    ),
    "billing": (
        "Replace the billing system",
        "Migrate invoicing to the new software",
        "Move invoices off the old billing tool",
        "New system for billing and invoices",
        "Finish the migration of our invoicing",
    ),
    "training": (
        "Train the managers",
        "Leadership training for team leads",
        "Teach our managers how to lead",
        "A development programme for managers",
        "Coach the people managers",
    ),
    "enterprise": (
        "Win large enterprise customers",
        "Close deals with big corporations",
        "Sell to large companies",
        "More enterprise contracts",
        "Land Fortune 500 accounts",
    ),
}
CHOSEN = ("churn", "spain", "outage", "pricing", "support", "training")
Leadership = Sequence[Sequence[int]]
"""What each person names: numbers of topics."""
LEADERSHIPS: Mapping[str, Leadership] = {
    "agreeing, in the same words": [[0, 1, 2]] * 9,
    "other words for the same": [[0, 1, 2]] * 9,
    "one outlier": [[0, 1, 2]] * 8 + [[3, 4, 5]],
    "two outliers": [[0, 1, 2]] * 7 + [[3, 4, 5]] * 2,
    "two of three shared": [[0, 1, n % 4 + 2] for n in range(9)],
    "split in two camps": [[0, 1, 2]] * 5 + [[3, 4, 5]] * 4,
    "camps that share one of three": [[0, 1, 2]] * 5 + [[0, 3, 4]] * 4,
    "three camps": [[0, 1]] * 3 + [[2, 3]] * 3 + [[4, 5]] * 3,
    "each their own": [[n % 6] for n in range(9)],
    "long lists beside short ones": [[0, 1, 2, 3, 4]] * 5 + [[0]] * 4,
}
SAME_WORDS = "agreeing, in the same words"


def planted(people: Leadership) -> float:
    """The same formula over topics."""
    return of_all([np.eye(6, dtype=np.float32)[list(one)] for one in people])


def measured(name: str, topics: Sequence[str], encoder: Encoder, seed: int) -> float:
    """By meaning: each person of a leadership in words of their own."""
    rng = random.Random(f"{seed} {name}")
    names = list(topics)
    rng.shuffle(names)
    words = {n: rng.choice(TOPICS[names[n]]) for n in range(len(names))}
    lists = [
        encoder.encode([words[n] if name == SAME_WORDS else rng.choice(TOPICS[names[n]]) for n in one])
        for one in LEADERSHIPS[name]
    ]
    return of_all([np.asarray(one, np.float32) for one in lists])


def order_kept(truth: Sequence[float], found: Sequence[float], apart: float = 0.1) -> float:
    """Of the pairs of leaderships whose planted agreement is at least so far apart, the part that is in that order."""
    pairs = [(n, m) for n, m in combinations(range(len(truth)), 2) if abs(truth[n] - truth[m]) >= apart]
    return float(np.mean([(truth[n] - truth[m]) * (found[n] - found[m]) > 0 for n, m in pairs]))


class Once:
    """Encodes each text once."""

    def __init__(self, encoder: Encoder) -> None:
        self.name, self._encoder = encoder.name, encoder
        self._known: dict[str, np.ndarray] = {}

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """See Encoder."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            self._known |= dict(zip(new, self._encoder.encode(new), strict=True))
        return np.stack([self._known[text] for text in texts])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--chosen", action="store_true", help="use the topics that the constants were chosen on")
    given = parser.parse_args()
    from scipy.stats import spearmanr  # slow to import, and tests measure without it

    encoder = Once(SentenceEncoder())
    topics = CHOSEN if given.chosen else [name for name in TOPICS if name not in CHOSEN]
    truth = [planted(people) for people in LEADERSHIPS.values()]
    rounds = [[measured(name, topics, encoder, seed) for name in LEADERSHIPS] for seed in range(given.seeds)]
    print("| leadership | planted | measured, middle of seeds | lowest | highest |\n| --- | --- | --- | --- | --- |")
    for place in sorted(range(len(truth)), key=lambda n: -truth[n]):
        found = [one[place] for one in rounds]
        row = [truth[place], float(np.median(found)), min(found), max(found)]
        print(f"| {list(LEADERSHIPS)[place]} | " + " | ".join(f"{value:.2f}" for value in row) + " |")
    ranks = [float(spearmanr(truth, one).statistic) for one in rounds]
    kept = [order_kept(truth, one) for one in rounds]
    print(f"rank correlation: {np.median(ranks):.3f} (lowest {min(ranks):.3f})")
    print(f"pairs at least 0.1 apart in planted order: {100 * np.mean(kept):.1f} % (lowest {100 * min(kept):.1f} %)")


if __name__ == "__main__":
    main()
