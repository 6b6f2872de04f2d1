"""Real work with true hours, from published time and task logs. The data are not included; this reads a clone.

CESAW (github.com/Derek-Jones/Software-estimation-datasets, CESAW.tgz): 203,621 time log entries of some 40 projects, so the days
are known.
SiP (github.com/Derek-Jones/SiP_dataset): ten thousand tasks of one company with true hours, start and completion dates, but not
days. How the hours are distributed between the dates is unknown; two assumptions bracket it: evenly, and earliest due date first.
"""

import csv
import io
import lzma
import tarfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path

from benchmarks.effort.rows import Company, Item, weekdays

_HOURS = 8.0


def git_file(clone: Path, name: str) -> bytes:
    """A file of a clone, with or without a work tree."""
    if (clone / name).exists():
        return (clone / name).read_bytes()
    import subprocess

    return subprocess.run(["git", "-C", str(clone), "show", f"HEAD:{name}"], capture_output=True, check=True).stdout


def read_rows(data: bytes) -> list[dict[str, str]]:
    """Of a CSV file in Latin 1."""
    return list(csv.DictReader(io.StringIO(data.decode("latin1"))))


def cesaw(clone: Path, stories: bool = False, least: float = 1500.0) -> Iterator[Company]:
    """A company for each organisation's projects, status dates only: a task is started with its
    first entry and done with its last.

    `stories`: the elements of the work breakdown structure are the items, else the tasks below them; `least` hours.
    """
    with tarfile.open(fileobj=io.BytesIO(git_file(clone, "CESAW.tgz"))) as archive:

        def read(name: str) -> bytes:
            member = next(one for one in archive.getmembers() if one.name.endswith(name))
            found = archive.extractfile(member)
            assert found is not None
            return found.read()

        log = read_rows(lzma.decompress(read("CESAW_time_fact.csv.xz")))
        parents = {
            (r["project_key"], r["wbs_element_key"]): r["parent_wbs_element_key"]
            for r in read_rows(read("wbs_parent.csv"))
        }
    by_project: dict[str, list[tuple[date, str, str, str, float]]] = defaultdict(list)
    for row in log:
        try:
            day = datetime.strptime(row["time_log_start_date"], "%m/%d/%Y %H:%M").date()  # noqa: DTZ007 - a local day
            hours = int(row["time_log_delta_minutes"]) / 60
        except ValueError:
            continue
        project, element = row["project_key"], row["wbs_element_key"]
        item = element if stories else row["plan_item_key"]
        if 0 < hours <= 12:
            by_project[project].append((day, row["person_key"], item, _branch(parents, project, element), hours))
    for project, rows in sorted(by_project.items()):
        if sum(row[4] for row in rows) >= least:
            yield _from_log(f"CESAW {project}{' stories' if stories else ''}", rows)


def _branch(parents: Mapping[tuple[str, str], str], project: str, element: str) -> str:
    """The branch of the work breakdown structure two levels below its root, which stands for the goal."""
    path = [element]
    while (above := parents.get((project, path[-1]), "NA")) != "NA" and len(path) < 20:
        path.append(above)
    return "/".join(path[::-1][:3])


def _from_log(name: str, rows: list[tuple[date, str, str, str, float]]) -> Company:
    """True days are those of the log, scaled to the part of the day that a person logs in a usual day."""
    people = {who: n for n, who in enumerate(sorted({row[1] for row in rows}))}
    items: dict[tuple[str, str], int] = {}
    first, last = min(row[0] for row in rows), max(row[0] for row in rows)
    company = Company(name, first, last)
    when: dict[int, list[date]] = defaultdict(list)
    owner: dict[int, int] = {}
    for day, who, item, goal, hours in sorted(rows):
        if day.weekday() > 4:
            continue
        id_ = items.setdefault((who, item), len(items))
        company.items.setdefault(id_, Item(id_, "issue", goal))
        owner[id_] = people[who]
        when[id_].append(day)
        company.truth[day, people[who], id_] += hours
    _scale(company)
    for id_, days in when.items():
        company.leave(min(days), owner[id_], id_, "assignment", to=owner[id_])
        company.leave(min(days), owner[id_], id_, "transition", to="doing")
        company.leave(max(days), owner[id_], id_, "transition", to="done")
    company.traces.sort(key=lambda t: t.day)
    _expect(company)
    _choose_top(company)
    return company


def _scale(company: Company) -> None:
    """Hours to days: eight of stated hours, or what a person logs on a usual full day where that is more or less."""
    logged: dict[tuple[int, date], float] = defaultdict(float)
    for (day, person, _), hours in company.truth.items():
        logged[person, day] += hours
    for key in list(company.truth):
        company.truth[key] /= max(_HOURS, logged[key[1], key[0]])


def _expect(company: Company) -> None:
    """People are expected on the weekdays from their first to their last true day."""
    span: dict[int, tuple[date, date]] = {}
    for day, person, _ in company.truth:
        low, high = span.get(person, (day, day))
        span[person] = (min(low, day), max(high, day))
    company.capacity = {(person, day): 1.0 for person, (low, high) in span.items() for day in weekdays(low, high)}


def _choose_top(company: Company) -> None:
    """Goals, largest first, until they have 45 % of the work or more, stand for the top priorities."""
    work: Counter[str] = Counter()
    for (_, _, item), days in company.truth.items():
        work[company.items[item].goal] += days  # type: ignore[assignment]
    top, so_far = set(), 0.0
    for goal, days in work.most_common():
        if so_far >= 0.45 * sum(work.values()):
            break
        top.add(goal)
        so_far += days
    company.top = frozenset(top)


def sip(clone: Path, first: int = 2006, years: int = 2, due: bool = True) -> Company:
    """Two years of the company SiP: tasks of the ten people with most hours, goals are its projects."""
    info = read_rows(git_file(clone, "Sip-task-info.csv"))
    dates = {row["TaskNumber"]: row for row in read_rows(git_file(clone, "est-act-dates.csv"))}
    begin, end = date(first, 1, 1), date(first + years, 1, 1) - timedelta(days=1)
    tasks = []
    for row in info:
        found = dates.get(row["TaskNumber"])
        if found is None or not found["StartedOn"] or not found["CompletedOn"]:
            continue
        start, done = (datetime.strptime(found[n], "%d-%b-%y").date() for n in ("StartedOn", "CompletedOn"))  # noqa: DTZ007
        hours = float(row["DeveloperHoursActual"] or 0)
        if begin <= start and done <= end and hours > 0 and (done - start).days <= 92:
            tasks.append((start, done, row["DeveloperID"], hours, row["ProjectCode"]))
    hours_of: Counter[str] = Counter()
    for task in tasks:
        hours_of[task[2]] += task[3]  # type: ignore[assignment]
    busiest = {who: n for n, (who, _) in enumerate(hours_of.most_common(10))}
    company = Company(f"SiP {first}, hours {'due first' if due else 'even'}", begin, end)
    work: dict[int, list[tuple[date, date, int, float]]] = defaultdict(list)
    for start, done, who, hours, goal in sorted(tasks):
        if who not in busiest:
            continue
        id_, person = len(company.items), busiest[who]
        company.items[id_] = Item(id_, "issue", goal)
        company.leave(start, person, id_, "assignment", to=person)
        company.leave(start, person, id_, "transition", to="doing")
        company.leave(done, person, id_, "transition", to="done")
        work[person].append((start, done, id_, hours))
    company.traces.sort(key=lambda t: t.day)
    for person, pieces in work.items():
        (_due_first if due else _evenly)(company, person, pieces)
    _scale(company)
    _expect(company)
    _choose_top(company)
    return company


def _evenly(company: Company, person: int, pieces: list[tuple[date, date, int, float]]) -> None:
    for start, done, id_, hours in pieces:
        days = weekdays(start, done) or [start]
        for day in days:
            company.truth[day, person, id_] += hours / len(days)


def _due_first(company: Company, person: int, pieces: list[tuple[date, date, int, float]]) -> None:
    """Eight hours a weekday go to the started piece that is due first; what there is no time for is left out."""
    left = {id_: hours for _, _, id_, hours in pieces}
    ends = {id_: done for _, done, id_, _ in pieces}
    for day in weekdays(min(p[0] for p in pieces), max(p[1] for p in pieces)):
        room = _HOURS
        ready = sorted((done, id_) for start, done, id_, _ in pieces if start <= day <= done and left[id_] > 0)
        for _, id_ in ready:
            part = min(room, left[id_])
            if part > 0:
                company.truth[day, person, id_] += part
                room, left[id_] = room - part, left[id_] - part
            if ends[id_] <= day:
                left[id_] = 0
