"""Decide whether nobody works on a key result: hardly any work that surely serves it, and no doubt that work would be seen."""

from pipeline.findings.found import Inputs

DOUBT = 0.4
"""Fraction of an equal share, summed over all beliefs, from which a key result is in doubt rather than idle."""
SEEN = 0.5
"""Fraction of an equal share in earlier weeks from which the match is known to recognise work on a key result."""
CONFIRMED = 0.6
"""Fraction of all work confirmed by people from which work that is not seen does not exist."""


def hardly_worked(given: Inputs, column: int, weeks: int) -> bool:
    """Return True if a key result got less than `idle_part` of an equal share of work in the last weeks.

    The match errs by whole streams. If people confirmed little, only a key result with recognised work in earlier weeks counts:
    another's work may have been mistaken for something else.
    """
    now = given.work.last(weeks)
    sure = float(now.serving(column).on_results([column]).sum())
    # If the match wavers, the sum of beliefs is large and little of it is sure: that is doubt, not idleness.
    believed = float(now.on_results([column]).sum())
    if sure >= given.thresholds.idle_part * now.equal_part or believed >= DOUBT * now.equal_part:
        return False
    if given.confirmed >= CONFIRMED:
        return True
    before = given.work.last(given.thresholds.before, weeks)
    return float(before.serving(column).on_results([column]).sum()) >= SEEN * before.equal_part
