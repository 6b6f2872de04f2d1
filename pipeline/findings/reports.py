"""What key results are said to be, for the findings: their owners' confidence, beside what their metrics went."""

from datetime import date

from sqlalchemy.orm import Session

from pipeline.findings.found import Report
from pipeline.progress.pace import standings
from pipeline.pulse.answers import FRESH, SURE, UNSURE, Said, by_week
from pipeline.register.document import Register


def load_reports(session: Session, register: Register, last: date) -> dict[str, Report]:
    """By key result of which its owner said in the last two weeks how sure they are: green from 8 on, red up to 4, else amber."""
    said = by_week(session, register)
    stands = {one.key: one for one in standings(session, register, last, {})} if said else {}
    found = {}
    for key, weeks in said.items():
        known = [one for one in weeks if one.week <= last]
        if not known or last - known[-1].week > FRESH:
            continue
        status, since = _status(known[-1]), known[-1].week
        for one in reversed(known):
            if _status(one) != status:
                break
            since = one.week
        measured = stands.get(key)
        progress = measured.pace if measured else None
        found[key] = Report(status, since, progress, measured.expected if measured and progress is not None else None)
    return found


def _status(one: Said) -> str:
    return "green" if one.value >= SURE else "red" if one.value <= UNSURE else "amber"
