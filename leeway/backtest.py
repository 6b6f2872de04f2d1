"""`leeway backtest`: what would have been reported, had Leeway been running."""

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

from alerts.chart_frame import png
from alerts.charts import Fall, top_share
from alerts.figures import scope_name
from alerts.weeks import points, week_line, weekly
from alerts.words import amount, percent, shortened
from leeway.app import App, NotReady
from models.vocabulary import COMPANY
from pipeline.drift.detector import LEAST_HISTORY, Event
from pipeline.drift.observations import observe
from pipeline.drift.stage import detector_for
from pipeline.files import write_picture
from pipeline.register.document import Register
from pipeline.register.workdays import last_complete_day


def backtest_lines(app: App, since: date | None, picture: Path | None) -> Iterator[str]:
    """Yield one line per week and one per event, in order. Raises NotReady if there is no history yet."""
    _, register = app.register()
    with app.sessions() as session:
        last = last_complete_day(app.now(), register.calendar.time_zone)
        seen = observe(session, register, last)
        weeks = points(weekly(session, COMPANY))
        if seen is None or not weeks:
            raise NotReady(
                "there is no history of anybody in a team yet. Pull it with `leeway run --once`; if that has run, `leeway "
                "status` "
                "lists the accounts that are in no team."
            )
        events = detector_for(session, register, seen, app.drift_settings()).run()
    titles = {one.key: shortened(one.title) for one in register.objectives}
    weeks = [week for week in weeks if since is None or week.week >= since]
    for number, week in enumerate(weeks):
        until = weeks[number + 1].week if number + 1 < len(weeks) else date.max
        yield week_line(week)
        for event in events:
            if week.week <= event.at < until:
                yield f"    {event.at}: {_line(event, titles, register)}"
    said = [event for event in events if event.kind == "drift" and (since is None or event.at >= since)]
    whole = sum(event.scope == COMPANY for event in said)
    yield (
        f"In {amount(len(weeks), 'week')}: {amount(whole, 'alert')} about the company, {len(said) - whole} about teams. "
        f"Nothing is raised before {LEAST_HISTORY} working days are known."
    )
    if picture:
        falls = [
            Fall(one.start, one.before, one.after) for one in events if one.kind == "drift" and one.scope == COMPANY
        ]
        write_picture(picture, png(top_share(weeks, falls[-1:], "What would have been reported")))
        yield f"{picture} written."


def _line(event: Event, titles: Mapping[str, str], register: Register) -> str:
    where = scope_name(register, event.scope)
    if event.kind == "data":
        return f"data, {event.subject}: {event.before:.2f} -> {event.after:.2f} since {event.start}; these days are not used"
    if event.kind == "mix":
        change = f"{percent(event.before)}% -> {percent(event.after)}% since {event.start}"
        return f"mix, {where}: {change}, caused by who is at work; no drift"
    what = f"{event.kind}, {titles.get(event.subject, event.subject) or where}"
    return f"{what}: {percent(event.before)}% -> {percent(event.after)}% since {event.start}, as known that day"
