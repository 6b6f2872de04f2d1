"""Steps in okrs.yaml: what may be written, and every fault with its line and what to write."""

import pytest

from pipeline.register.change_words import in_words
from pipeline.register.changes import flatten, rebuild
from pipeline.register.document import RegisterError, parse, stored

FILE = """\
period: {name: Q4, start: 2026-10-01, end: 2026-12-31}
teams: [{key: ops, name: Operations}]
objectives: [{key: O1, title: Customers start well, priority: 1, key_results: [{key: O1.1, title: Kick-offs in time}]}]
steps:
  - key: handover
    title: From a won deal to the kick-off
    team: ops
    case: {source: hubspot, kind: deal, container: Sales}
    begin: {stage: Closed won}
    path:
      - {key: intake, title: Intake filled, field: [contact, start_date], within: 1 working day, order: any}
      - {key: seen, title: Acknowledged, happens: reply, by: ops, within: 24 working hours, from: begin}
      - {key: kickoff, title: Kick-off, happens: meeting, within: 3 days}
      - {key: ticket, title: Ticket, linked: {source: jira, container: OPS}}
    end: {status: [Live, Lost]}
    hours: 08:30-17:00
    since: 2026-10-01
    except: [{label: pilot, because: they begin with a workshop}]
"""
FAULTS = [
    ("team: ops\n", "team: opps\n", 7, "unknown team 'opps'. Did you mean 'ops'?"),
    ("source: hubspot", "source: hubspt", 8, "there is no source 'hubspt'. Did you mean 'hubspot'?"),
    ("source: hubspot, ", "", 8, "names no source; write `source:` and one of jira, slack, hubspot"),
    ("kind: deal", "kind: dael", 8, "there is no kind of item 'dael'. Did you mean 'deal'?"),
    ("{stage: Closed won}", "Closed won", 9, "entries with names are needed: write what happens"),
    ("happens: meeting, ", "", 13, "it does not say what happens: write what happens, such as `stage: Closed won`"),
    ("happens: meeting", "happens: meating", 13, "'meating' is not an event. Did you mean 'meeting'?"),
    ("happens: meeting", "happens: meeting, stage: Won", 13, "one event is enough: delete `stage` or `happens`."),
    ("24 working hours", "a day or so", 12, "'a day or so' is not a valid time limit; write a time such as"),
    ("within: 3 days", "witin: 3 days", 13, "there is no 'witin' in a step. Did you mean 'within'?"),
    ("from: begin", "from: kickoff", 12, "there is no step 'kickoff' before this one. Allowed: begin, intake."),
    ("within: 24 working hours, ", "", 12, "sets the start of a time limit, but there is no `within`"),
    ("key: kickoff", "key: seen", 13, "'seen' is used already, in line 12; give one of them another key."),
    ("08:30-17:00", "all day", 16, "'all day' is not a range of working hours; write 9-17 or 08:30-17:00"),
    ("label: pilot, ", "", 18, "names no cases; write {label: pilot}"),
    ("since: 2026-10-01", "since: soon", 17, "'soon' is not a date; write it as 2026-10-01"),
    ("since: 2026-10-01", "since: 1026-10-1", 17, "'1026-10-1' is not in a year that a plan can cover"),
]


@pytest.mark.parametrize(("good", "bad", "line", "said"), FAULTS)
def test_every_fault_is_said_with_its_line_and_what_to_write(good: str, bad: str, line: int, said: str) -> None:
    assert good in FILE
    with pytest.raises(RegisterError) as raised:
        parse(FILE.replace(good, bad))
    assert any(f"line {line}: " in row and said in row for row in str(raised.value).splitlines()), str(raised.value)


def test_the_teams_that_there_are_come_in_the_order_of_the_file() -> None:
    keys = ["ops", "sales", "care", "legal", "fleet", "app"]
    listed = ", ".join(f"{{key: {key}, name: {key}}}" for key in keys)
    text = FILE.replace("{key: ops, name: Operations}", listed).replace("team: ops\n", "team: zz\n")
    with pytest.raises(RegisterError, match=r"Allowed: ops, sales, care, legal, fleet, app\."):
        parse(text)


def test_the_steps_survive_their_own_history_and_read_as_steps() -> None:
    register = parse(FILE)
    assert rebuild(flatten(register)) == register == parse(FILE.replace("since: 2026-10-01", "since: 2026-10-1"))
    assert [step.limit for step in register.paths[0].steps][3] is None
    changed = parse(FILE.replace("24 working hours", "8 working hours"))
    assert in_words(register, changed) == ["step handover/seen: within: 24 working hours -> 8 working hours"]
    assert in_words(parse(FILE.partition("steps:")[0]), register)[0].startswith(
        "steps handover is new: From a won deal"
    )


def test_what_somebody_kept_under_the_name_before_there_were_steps_is_still_read() -> None:
    older = FILE.partition("steps:")[0] + "steps: we take them one at a time\n"
    assert stored(older, -23).paths == ()
