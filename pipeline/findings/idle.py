"""Whether anybody works on a key result: hardly any work that surely serves it, and no doubt that it would be seen."""

from pipeline.findings.found import Inputs

DOUBT = 0.4
"""Part of an equal part that is believed in all, from which a key result is doubted, not idle."""
SEEN = 0.5
"""Part of an equal part of the weeks before, from which the match is known to see the work on a key result."""
CONFIRMED = 0.6
"""Part of all work of which people said what it serves, from which what is not seen is not there."""


def hardly_worked(given: Inputs, column: int, weeks: int) -> bool:
    """Return True if less than `idle_part` of an equal part was done on a key result in the last weeks.

    The match errs by whole streams. So where people confirmed little, only a key result counts that was seen to be worked on
    before: of another one the work may be taken for something else.
    """
    now = given.work.last(weeks)
    sure = float(now.serving(column).on_results([column]).sum())
    # Where the match wavers, much is believed in all and little of it surely: that is doubt, not idleness.
    believed = float(now.on_results([column]).sum())
    if sure >= given.thresholds.idle_part * now.equal_part or believed >= DOUBT * now.equal_part:
        return False
    if given.confirmed >= CONFIRMED:
        return True
    before = given.work.last(given.thresholds.before, weeks)
    return float(before.serving(column).on_results([column]).sum()) >= SEEN * before.equal_part
