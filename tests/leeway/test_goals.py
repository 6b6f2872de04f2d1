"""Goals kept in Jira, over HTTP: what a sync shows and takes, and what people complain about in syncs of other tools."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Person, RegisterVersion, connect
from simulator.api.config import ApiConfig
from simulator.company import people
from simulator.server import Simulator
from simulator.world import Issue, World
from tests.conftest import TODAY
from tests.leeway.test_cli import leeway, refused

OKRS = """\
# Kept by ops.
company: Acme
period: {name: Q3, start: 2026-07-01, end: 2199-09-30}
objectives:
  - key: O1
    title: Customers stay
    priority: 1
    goal: APP-1
    key_results:
      - {key: O1.1, title: Churn from 2 % to 1 %, goal: APP-2, due: 2026-09-01}  # the one that counts
      - {key: O1.2, title: NPS from 31 to 45, goal: APP-3}
  - key: O2
    title: Bikes ride
    priority: 2
    goal: APP-4
    key_results:
      - {key: O2.1, title: Repairs in 48 hours, goal: APP-5}
"""


def issue(number: int, kind: str, title: str, parent: Issue | None = None, **more: object) -> Issue:
    made = datetime(2026, 7, 1, tzinfo=UTC)
    return Issue(number, f"APP-{number}", "APP", kind, title, None, 0, made, parent, **more)  # type: ignore[arg-type]


FIELDS = {"customfield_20": "Target", "customfield_21": "Baseline", "customfield_22": "Planned share"}
READ = 'priority = "priority"\nplan = "planned share"\nstart = "Baseline"\ntarget = "customfield_20"'


class Company:
    """A Jira with two goals and what is below them, and a folder with settings and the register."""

    def __init__(self, simulator: Simulator, folder: Path) -> None:
        self.simulator, self.folder, self.issues = simulator, folder, simulator.world.issues
        self.settings()
        (folder / "okrs.yaml").write_text(OKRS)
        assert leeway(folder, "okrs", "load", "okrs.yaml").returncode == 0

    def settings(self, section: str = 'type = "Goal"\nkey_result_type = "Epic"') -> None:
        jira = self.simulator.settings()["jira"] | {"projects": ["APP"]}
        lines = "".join(f"{name} = {value!r}\n" for name, value in jira.items())
        (self.folder / "leeway.toml").write_text(f"[jira]\n{lines}[goals]\n{section}\n".replace("'", '"'))

    def sync(self, *words: str) -> str:
        done = leeway(self.folder, "okrs", "sync", *words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def text(self) -> str:
        return leeway(self.folder, "okrs", "export").stdout

    def keys(self) -> dict[str, list[str]]:
        data = yaml.safe_load(self.text())
        return {one["key"]: [k["key"] for k in one["key_results"]] for one in data["objectives"]}


def goals() -> list[Issue]:
    stay, ride = issue(1, "Goal", "Customers stay"), issue(4, "Goal", "Bikes ride")
    return [
        stay,
        issue(2, "Epic", "Churn from 2 % to 1 %", stay, due="2026-09-01"),
        issue(3, "Epic", "NPS from 31 to 45", stay),
        ride,
        issue(5, "Epic", "Repairs in 48 hours", ride),
        issue(6, "Task", "Nothing of the register", ride),
    ]


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(World(TODAY, people(), []), ApiConfig(speed=10_000)) as served:
        yield served


@pytest.fixture
def company(simulator: Simulator, tmp_path: Path) -> Company:
    simulator.world.issues[:] = goals()
    simulator.config.jira_data_center, simulator.config.jira_projects = False, None
    simulator.config.jira_parent_link, simulator.config.jira_fields = False, FIELDS
    return Company(simulator, tmp_path)


def test_where_both_say_the_same_nothing_is_said_or_loaded(company: Company) -> None:
    assert company.sync("--load") == "There is nothing to load.\n"
    assert company.text() == OKRS


def test_a_new_goal_with_what_is_below_it_is_shown_then_loaded_and_nothing_else_changes(company: Company) -> None:
    new = issue(7, "Goal", "Riders  praise\u202e us <!channel>")
    company.issues += [new, issue(8, "Epic", "=1+1 stars from 3.6 to 4.5", new, assignee=0, due="2026-09-15")]
    company.issues += [issue(9, "Epic", "Spare parts for 97 % of repairs", company.issues[3])]
    said = company.sync()
    assert "APP-7 is new: Riders praise us <!channel>" in said
    assert "APP-9 is new in O2: Spare parts for 97 % of repairs" in said
    assert "Nothing was loaded. Use --load" in said
    assert company.text() == OKRS
    assert "now in the register (version 2)" in company.sync("--load", "--by", "bo", "--why", "planned in Jira")
    assert company.keys() == {"O1": ["O1.1", "O1.2"], "O2": ["O2.1", "APP-9"], "APP-7": ["APP-8"]}
    row = yaml.safe_load(company.text())["objectives"][2]
    assert (row["priority"], row["key_results"][0]["scope"]) == (3, {"items": ["APP-8"]})
    assert row["key_results"][0]["owner"].endswith("@velora.example")
    assert company.text().startswith("# Kept by ops.")
    assert "# the one that counts" in company.text()
    assert "bo: planned in Jira" in leeway(company.folder, "okrs", "history", "APP-8").stdout
    assert company.sync() == "There is nothing to load.\n"
    refused(
        leeway(company.folder, "okrs", "load", "okrs.yaml"), "APP-9: objective: the register says 'O2'", "okrs export"
    )


def test_a_goal_with_another_title_is_a_conflict_with_one_choice_and_loosening_takes_a_reason(company: Company) -> None:
    company.issues[2].title = "NPS from 31 to 40"
    said = company.sync("--load")
    assert "conflict: O1.2: title: the register says 'NPS from 31 to 45', jira says 'NPS from 31 to 40'." in said
    assert "--take O1.2.title=jira, or =register" in said
    assert company.text() == OKRS
    refused(leeway(company.folder, "okrs", "sync", "--take", "jira", "--load"), "target-lowered", "--why")
    company.sync("--take", "O1.2.title=jira", "--load", "--why", "as agreed")
    assert company.text() == OKRS.replace("31 to 45", "31 to 40")
    assert company.sync() == "There is nothing to load.\n"


def test_a_kept_word_of_the_register_is_not_asked_about_again_until_jira_says_something_else(company: Company) -> None:
    company.issues[2].title = "NPS is 40"
    company.sync("--take", "register")
    said = company.sync()
    assert "conflict:" not in said
    assert "not raised again: O1.2.title" in said
    company.issues[2].title = "NPS is 41"
    assert "jira says 'NPS is 41'" in company.sync()


def test_a_deleted_goal_takes_nothing_with_it(company: Company) -> None:
    del company.issues[2]
    said = company.sync("--load")
    assert "conflict: O1.2: goal: the register says 'APP-3', jira says 'deleted'." in said
    assert company.keys()["O1"] == ["O1.1", "O1.2"]
    company.sync("--take", "O1.2.goal=jira", "--load", "--why", "stopped")
    assert company.keys()["O1"] == ["O1.1"]


def test_a_project_that_cannot_be_read_is_an_error_and_not_a_hundred_deleted_goals(company: Company) -> None:
    company.simulator.config.jira_projects = frozenset({"OPS"})
    refused(leeway(company.folder, "okrs", "sync", "--take", "jira", "--load"), "APP", "not compared")
    assert company.text() == OKRS


def test_a_goal_below_another_one_moves_only_when_that_is_taken(company: Company) -> None:
    company.issues[2].parent = company.issues[3]
    assert "conflict: O1.2: objective: the register says 'O1', jira says 'O2'." in company.sync("--load")
    assert company.keys() == {"O1": ["O1.1", "O1.2"], "O2": ["O2.1"]}
    company.sync("--take", "O1.2.objective=jira", "--load")
    assert company.keys() == {"O1": ["O1.1"], "O2": ["O2.1", "O1.2"]}


def test_a_goal_that_was_moved_to_another_key_is_followed_and_not_added_twice(company: Company) -> None:
    company.issues[2].key, company.issues[2].former = "APP-33", "APP-3"
    said = company.sync("--load")
    assert "APP-3 was moved and is now APP-33" in said
    assert company.text() == OKRS.replace("APP-3}", "APP-33}")


def test_a_goal_that_is_done_stays_whatever_its_status_is_called(company: Company) -> None:
    company.issues[1].status = "Done"
    done = issue(7, "Goal", "An old one", status="Done")
    company.issues += [done, issue(8, "Epic", "Below the old one", done)]
    for status in company.simulator.jira.rows.statuses:
        status["name"] = {"Done": "Fertig", "To Do": "Zu erledigen"}.get(status["name"], status["name"])
    said = company.sync("--load")
    assert "APP-2 is done there; O1.1 stays in the register." in said
    assert "APP-7 is done there already, and is not added." in said
    assert company.text() == OKRS


def test_two_goals_of_one_name_are_not_guessed_at(company: Company) -> None:
    (company.folder / "okrs.yaml").write_text(OKRS.replace(", goal: APP-3", "").replace(", goal: APP-5", ""))
    leeway(company.folder, "okrs", "load", "okrs.yaml")
    company.issues.append(issue(9, "Epic", "NPS from 31 to 45", company.issues[3]))
    said = company.sync("--load")
    assert "APP-3 and APP-9 read like O1.2: write `goal: APP-3` there, at the one that is meant." in said
    assert "O2.1: goal: none -> APP-5" in said  # the only one that reads so, on both sides
    assert company.keys() == {"O1": ["O1.1", "O1.2"], "O2": ["O2.1"]}
    assert "goal: APP-3" not in company.text()


def test_what_jira_does_not_say_takes_nothing_from_the_register(company: Company) -> None:
    company.issues[1].due = None
    company.issues[1].assignee = next(iter(company.simulator.config.hidden_emails))
    owned = OKRS.replace("goal: APP-2", "goal: APP-2, owner: ana@x.example")
    (company.folder / "okrs.yaml").write_text(owned)
    leeway(company.folder, "okrs", "load", "okrs.yaml")
    said = company.sync("--take", "jira", "--load")
    assert "conflict:" not in said
    assert "the owner of APP-2 is hidden from Leeway; the owner of O1.1 stays." in said
    assert company.text() == owned
    company.issues[1].due, company.issues[1].assignee = "2026-09-20", 0
    said = company.sync()
    assert "O1.1: due: the register says '2026-09-01', jira says '2026-09-20'." in said
    assert "O1.1: owner: the register says 'ana@x.example', jira says " in said


def test_forgetting_somebody_forgets_that_their_goal_kept_another_owner(company: Company) -> None:
    who = people()[0].email
    company.issues[1].assignee = 0
    company.sync("--take", "register")
    assert "conflict:" not in company.sync()
    engine = connect(f"sqlite:///{company.folder / 'leeway.db'}")
    with Session(engine) as session, session.begin():
        session.add(Person(email=who, team="app"))
    engine.dispose()
    assert leeway(company.folder, "forget", who, "--yes").returncode == 0
    assert f"O1.1: owner: the register says 'nothing', jira says '{who}'." in company.sync()


def test_a_goal_that_is_no_goal_any_more_or_outside_the_query_stays_and_is_said(company: Company) -> None:
    company.issues[2].type = "Task"
    assert "APP-3 is no longer among the goals that are read (type, query or place); O1.2 stays." in company.sync()
    company.settings('type = "Goal"\nquery = "labels = okr"')
    assert "APP-1 is no longer among the goals that are read" in company.sync("--take", "jira", "--load")
    assert company.text() == OKRS


def test_data_center_keeps_epics_in_a_field_and_calls_them_by_its_language(company: Company) -> None:
    company.simulator.config.jira_data_center = True
    epic, story = issue(7, "Epic", "Riders praise us"), 8
    company.issues += [epic, issue(story, "Story", "Stars from 3.6 to 4.5", epic)]
    company.settings('type = "epos"\nkey_result_type = "Story"')
    assert "APP-8 is new in APP-7: Stars from 3.6 to 4.5" in company.sync()


def test_on_data_center_the_parent_link_of_advanced_roadmaps_is_read_for_goals_above_epics(company: Company) -> None:
    """Reported of OKR plug-ins on Data Center: initiatives show no epics below them, since the Epic Link ends at epics."""
    company.simulator.config.jira_data_center = company.simulator.config.jira_parent_link = True
    company.settings('type = "Goal"\nkey_result_type = "Epos"')
    company.issues += [issue(9, "Epic", "Spare parts for 97 % of repairs", company.issues[3])]
    company.issues += [issue(10, "Story", "Order the parts", company.issues[-1])]
    assert "APP-9 is new in O2: Spare parts for 97 % of repairs" in company.sync()
    company.issues[2].parent = company.issues[3]
    assert "conflict: O1.2: objective: the register says 'O1', jira says 'O2'." in company.sync()
    company.issues += [issue(11, "Epic", "Riders praise us")]
    company.issues += [issue(12, "Story", "Stars from 3.6 to 4.5", company.issues[-1])]
    company.settings('type = "Epos"\nkey_result_type = "Story"')
    assert (
        "APP-12 is new in APP-11: Stars from 3.6 to 4.5" in company.sync()
    )  # what is an epic has its Epic Link there too


def test_priority_plan_start_and_target_are_read_from_the_fields_that_are_named(company: Company) -> None:
    """Reported of OKR syncs: targets typed into number fields never arrive, or a Medium that nobody set reorders everything."""
    stay, nps = company.issues[0], company.issues[2]
    stay.more = {"priority": {"id": "3", "name": "Mittel"}, "customfield_22": 30.0}
    nps.more = {"customfield_20": 45.0, "customfield_21": "31"}
    assert company.sync() == "There is nothing to load.\n"  # without a setting they are the register's alone
    company.settings('type = "Goal"\nkey_result_type = "Epic"\n' + READ)
    said = company.sync("--load")
    assert "conflict: O1: priority: the register says '1', jira says '3'. --take O1.priority=jira" in said
    assert "conflict: O1: plan: the register says 'nothing', jira says '30 %'." in said
    assert "conflict: O1.2: target: the register says 'nothing', jira says '45'." in said
    assert company.text() == OKRS
    company.sync("--take", "jira", "--load")
    objective = yaml.safe_load(company.text())["objectives"][0]
    assert (objective["priority"], objective["plan"]) == (3, "30 %")
    assert objective["key_results"][1]["metric"] == {"checkin": "true", "start": 31, "target": 45}
    assert company.sync() == "There is nothing to load.\n"
    nps.more = {"customfield_20": 40.0, "customfield_21": "31.0"}
    refused(leeway(company.folder, "okrs", "sync", "--take", "jira", "--load"), "target-lowered", "45 became 40")
    nps.more, stay.more = {}, {"priority": None}
    assert company.sync() == "There is nothing to load.\n"  # an empty field takes nothing


def test_a_new_goal_comes_with_its_numbers_and_what_is_no_number_is_said(company: Company) -> None:
    company.settings('type = "Goal"\nkey_result_type = "Epic"\n' + READ)
    new = issue(7, "Goal", "Riders praise us")
    new.more = {"priority": {"id": "2"}, "customfield_22": {"value": "30 %"}}
    stars = issue(8, "Epic", "Stars from 3.6 to 4.5", new)
    stars.more = {"customfield_20": "4,5", "customfield_21": "about 3"}
    company.issues += [new, stars]
    assert "APP-8 says 'about 3' for its start, which is not valid; start stays as it is." in company.sync("--load")
    objective = yaml.safe_load(company.text())["objectives"][2]
    assert (objective["priority"], objective["plan"]) == (2, "30 %")
    assert objective["key_results"][0]["metric"] == {"checkin": "true", "target": "4,5"}


def test_a_field_that_the_site_does_not_have_is_said_with_the_setting(company: Company) -> None:
    company.settings('type = "Goal"\ntarget = "Goal value"')
    refused(leeway(company.folder, "okrs", "sync"), "there is no field 'Goal value'", "goals.target")


def test_more_than_a_page_of_goals_is_read(company: Company) -> None:
    company.issues += [issue(n, "Epic", f"Number {n} from 1 to {n}", company.issues[3]) for n in range(100, 260)]
    assert company.sync().count(" is new in O2: ") == 160


def test_what_is_missing_is_said_with_what_to_write(company: Company) -> None:
    refused(leeway(company.folder, "okrs", "sync", "--take", "both"), "write jira or register")
    refused(leeway(company.folder, "okrs", "sync", "--take", "O1.9.title=jira"), "there is no such conflict", "none")
    company.settings("")
    refused(leeway(company.folder, "okrs", "sync"), "type", "[goals]")
    company.settings('type = "Ziel"')
    refused(leeway(company.folder, "okrs", "sync"), "there is no issue type 'Ziel'", "Epic, Goal, Task")
    company.settings('type = "Goal"\nquery = "nonsense"')
    refused(leeway(company.folder, "okrs", "sync"), "nonsense")
    company.settings('type = "Goal"\nsource = "slack"')
    refused(leeway(company.folder, "okrs", "sync"), "[slack] is not set up in leeway.toml, or holds no goals")


def test_an_objective_that_changed_alone_is_challenged_and_stands_in_status(company: Company) -> None:
    (company.folder / "okrs.yaml").write_text(OKRS.replace("Bikes ride", "Every rider recommends us"))
    assert leeway(company.folder, "okrs", "load", "okrs.yaml", "--yes", "--why", "a pivot").returncode == 0
    said = leeway(company.folder, "okrs", "challenge", "--no-meaning").stdout
    assert said.startswith("Nothing to challenge")
    assert "far from" not in said  # nobody looked for those
    engine = connect(f"sqlite:///{company.folder / 'leeway.db'}")
    with Session(engine) as session, session.begin():
        for row in session.scalars(select(RegisterVersion)):
            row.loaded_at -= timedelta(days=15)
    engine.dispose()
    said = leeway(company.folder, "okrs", "challenge", "--no-meaning").stdout
    assert said.startswith("O2: cascade-break: said 'Bikes ride' until ")
    assert "accepted: [cascade-break] at O2" in " ".join(said.split())
    assert "cascade_breaks" in leeway(company.folder, "status", "--json").stdout
    assert "'Every rider recommends us' since" in leeway(company.folder, "status", "--json").stdout
