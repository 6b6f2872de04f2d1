"""`leeway status` as text."""

from collections.abc import Callable
from typing import Any

from rich.console import Console

from alerts.charts import WeekPoint
from alerts.promise import promise
from alerts.weeks import week_line
from alerts.words import ago, amount, percent, state
from leeway.goals import goals_line
from leeway.judging import judge_line

SHOWN = 10
"""The most unknown accounts that are listed."""


def _say_untold(drift: dict[str, Any], say: Callable[[str], None]) -> None:
    """Why people were not notified, a line a reason with the channels that it holds for."""
    by_reason: dict[str, list[str]] = {}
    for one in drift["untold"]:
        by_reason.setdefault(one["why"], []).append(one["channel"])
    for why, places in by_reason.items():
        nowhere = "not told" if not drift["told"] else "notified once, but no later news can be delivered"
        say(
            f"         not notified, {', '.join(places)}: {why}" if places != ["none"] else f"         {nowhere}: {why}"
        )


def people_asked(count: int) -> str:
    """A count of people who were asked."""
    return "1 person was asked" if count == 1 else f"{count} people were asked"


def _say_asked(found: dict[str, Any], say: Callable[[str], None]) -> None:
    if pulse := found["pulse"]:
        say(f"pulse    {people_asked(pulse['asked'])} in the week of {pulse['week']}")
        _say_not_asked(pulse, say)
    if asked := found["interview"]:
        say(f"interview {asked['round']} is open until {asked['closes']}: {people_asked(asked['asked'])}")
        _say_not_asked(asked, say)


def _say_not_taken(found: dict[str, Any], say: Callable[[str], None]) -> None:
    """Digests and packs that were not taken, and the fix."""
    for one in found["digests_not_taken"]:
        say(f"digest   of {one['of']} for the week of {one['week']}: {one['why']} {one['next']}")
        say(f"         {one['fix']}")
    for one in found["packs_not_taken"]:
        say(f"pack     {one['of']}: {one['why']} {one['next']}")
        say(f"         {one['fix']}")


def _say_not_asked(found: dict[str, Any], say: Callable[[str], None]) -> None:
    """Who is still to be asked, whom a question or a reminder did not reach, and the fix."""
    if found["waiting"]:
        say(
            f"         still to be asked: {found['waiting']}. If that does not change, `leeway check` shows which channel fails."
        )
    for one in found["failed"]:
        say(f"         not delivered to {one['of']}: {one['why']} {one['next']}")
        say(f"         {one['fix']}")


def render(found: dict[str, Any], out: Console) -> None:
    """For people."""

    def say(text: str) -> None:
        out.print(text, markup=False)

    if not found["sources"]:
        say(found["nothing_yet"])
        return
    _say_sources(found, say)
    if found["first_weeks"]:
        say(found["first_weeks"])
    for week in found["weeks"] if found["watches"] else ():
        share = (week["top_share"], week["low"], week["high"], week["coverage"])
        say(week_line(WeekPoint(week["week"], *share, None, week["complete"])))
    for row in found["metrics"]:
        if row["fault"]:
            say(f"metric   {row['key_result']}: not measured on {row['day']}: {row['fault']}")
    if found["goals"]:
        say(f"goals    {goals_line(found['goals'])}: `leeway okrs sync` shows what, without changing anything")
    for row in found["cascade_breaks"]:
        say(f"cascade  {row['key']} {row['message']}")
    _say_asked(found, say)
    if found["judge"] is not None:
        say(f"judge    {judge_line(found['judge'])}")
    for row in found["plan"]:
        say(f"plan     {row['objective']}: {row['text']}")
    for drift in found["open_drifts"]:
        say(_finding(drift))
        _say_untold(drift, say)
    for text in found["teams_gone"]:
        say(f"gone     {text}")
    _say_not_taken(found, say)
    _say_what_is_known(found, say)
    _say_set_aside(found, say)
    if found["unresolved_accounts"]:
        _say_accounts(found, say)


def _say_set_aside(found: dict[str, Any], say: Callable[[str], None]) -> None:
    for row in found["set_aside"]:
        say(
            f"set aside: {row['records']} of {row['source']} {row['stream']}, such as {row['example']}: {row['reason']}"
        )
    if found["set_aside"]:
        say("         `leeway sync --retry-failed` reads them again; this also happens once a day.")


def _say_sources(found: dict[str, Any], say: Callable[[str], None]) -> None:
    if found.get("clock"):
        say(f"clock    {found['clock']}")
    for name, one in found["sources"].items():
        lag = one["minutes_since_pull"]
        pulled = "not fully read yet" if lag is None else f"pulled {ago(lag)} ago"
        if found.get("clock") and lag is not None:
            pulled = "pulled by another clock"
        signals = "signals from few people" if one["signals"] is None else f"{amount(one['signals'], 'signal'):>17}"
        gone = (
            ""
            if one.get("configured", True)
            else "; no longer in the settings: what it brought still counts, nothing new is read"
        )
        tenant = f", {one['tenant']}" if one.get("tenant") else ""
        say(f"{name:8} {signals}, {amount(one['streams'], 'feed')}, {pulled}{tenant}{gone}")
        for error in one["errors"]:
            say(f"         {error}")
    last = found["last_cycle"]
    say(
        f"pending  {amount(found['pending_items'], 'work item')}; set aside: {found['failures']}; last cycle: "
        + (f"{last['finished_at']:%Y-%m-%d %H:%M} UTC" if last else "none finished")
    )


def _finding(drift: dict[str, Any]) -> str:
    """The line of an open finding."""
    untold = "" if drift["told"] else ", not yet reported"
    if drift["kind"] == "gap":
        what = f"{percent(drift['after'])}% of {percent(drift['before'])}% planned since {drift['since']}"
        where = f"{drift['scope_name']}, {drift['title'] or drift['subject']}"
        return f"gap      {where}: {what}, {state(drift['state'])}{untold}"
    if drift["kind"] == "plan":
        return f"ended    the plan's last day was {drift['subject']}, {state(drift['state'])}{untold}"
    if drift["kind"] == "data":
        change = f"{drift['before']:.2f} -> {drift['after']:.2f} since {drift['since']}"
        return f"fault    {drift['subject']}: {change}; these days are not used"
    small = ", too small for an alert" if drift["severity"] == "low" else ""
    return (
        f"drift    {drift['scope_name']}: {percent(drift['before'])}% -> {percent(drift['after'])}% since {drift['since']}, "
        f"{state(drift['state'])}{small}{untold}"
    )


def _say_what_is_known(found: dict[str, Any], say: Callable[[str], None]) -> None:
    """Why nothing may be said yet, and what could not be told from chance."""
    if found["waits_for"]:
        say(f"not complete yet: {', '.join(found['waits_for'])}; drift and people follow after that")
    elif found["days_known"] < found["days_needed"]:
        say(f"drift detection needs {found['days_needed']} working days of history; {found['days_known']} are known")
    elif not found["watches"]:
        say(
            "no objective has priority 1, 2 or 3, so there is no share of top priorities to watch: set priorities in okrs.yaml"
        )
    elif not found["open_drifts"] and not found["plan_ended"]:
        say("no open drift")
    if found["plan_ended"]:
        say(found["plan_ended"])
    if limit := promise(found["detectable_points"]):
        say(f"{limit}; answers (the audit, `leeway label`) lower that limit")
    if found["told_by"] == "titles":
        say(
            "okrs.yaml has one team, or all its key results name the same team, and work is a list of titles, the only "
            "evidence of what it is for: shares are wide until about twenty questions are answered (`leeway streams`)"
        )
    if turn := found["plan_turn"]:
        say(turn)


def _say_accounts(found: dict[str, Any], say: Callable[[str], None]) -> None:
    """Whose work is in no team."""
    sum_ = found["unresolved"]
    hold = "" if sum_["share_of_signals"] is None else f" hold {100 * sum_['share_of_signals']:.1f}% of the signals"
    half = "" if sum_["hold_half"] is None else f", half of it on the first {sum_['hold_half']}"
    say(
        f"{amount(sum_['accounts'], 'account')} without a team{hold}{half}, the busiest first. List their addresses under a "
        "team's members in okrs.yaml, or map them (identity.file):"
    )
    for account in found["unresolved_accounts"]:
        # Their name without a figure: volume only orders the list.
        say(f"         {account['source']} {account['account']} {account['name']}")
