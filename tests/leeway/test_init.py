"""`leeway init` on a pseudo-terminal, by flags, interrupted and repeated, against the simulated company."""

import os
import pty
import select
import signal
import sys
import tomllib
from datetime import date
from pathlib import Path

import pytest
import yaml

from connectors.base import Account
from leeway.first_run import template_of
from leeway.first_run_end import before
from leeway.settings.edit import with_section
from leeway.team_draft import teams_of, with_teams
from pipeline.register.document import parse
from simulator.server import Simulator
from tests.conftest import TODAY
from tests.leeway.test_cli import environment, leeway, refused

TEMPLATES = Path(__file__).parents[2] / "leeway" / "templates"


class Terminal:
    """A command on a terminal of its own, and somebody who reads and types."""

    def __init__(self, folder: Path, *words: str, **variables: str) -> None:
        self.said, self._seen = "", 0
        self.pid, self._screen = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execve(sys.executable, [sys.executable, "-m", "leeway.cli", *words], environment(**variables))  # noqa: S606

    def answer(self, question: str, words: str) -> None:
        """Wait for a question, after what was seen last, and answer it."""
        self._until(question)
        os.write(self._screen, words.encode() + b"\n")

    def interrupt(self, question: str) -> None:
        """Wait for a question, and press Ctrl-C until it ends: one that comes in the moment before Python waits for the line is
        only seen with the next key."""
        self._until(question)
        for _ in range(10):
            os.write(self._screen, b"\x03")
            while select.select([self._screen], [], [], 30)[0]:
                if not self._more():
                    return

    def end(self) -> int:
        """Read to the end; returns the exit status."""
        while self._more():
            pass
        os.close(self._screen)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def _until(self, words: str) -> None:
        while words not in self.said[self._seen :]:
            assert self._more(), self.said
        self._seen = self.said.index(words, self._seen) + len(words)

    def _more(self) -> bool:
        if not select.select([self._screen], [], [], 300)[0]:  # only a hang takes so long
            os.kill(self.pid, signal.SIGKILL)
            raise AssertionError(f"it waits for something: {self.said}")
        try:
            found = os.read(self._screen, 4096)
        except OSError:  # Linux says so when the other end is closed
            return False
        self.said += found.decode()
        return bool(found)


def places(company: Simulator) -> dict[str, str]:
    """Where the vendors are, for who does not type it; and how quickly they may be asked."""
    return {
        "LEEWAY_SLACK__API_URL": company.addresses["slack"],
        "LEEWAY_SLACK__REQUESTS_PER_MINUTE": "100000",
        "LEEWAY_HUBSPOT__API_URL": company.addresses["hubspot"],
        "COLUMNS": "200",
    }


def tokens(company: Simulator) -> dict[str, str]:
    return {name: str(values["token"]) for name, values in company.settings().items()}


def secrets(company: Simulator) -> dict[str, str]:
    return {f"LEEWAY_{name.upper()}__TOKEN": token for name, token in tokens(company).items()}


def test_on_a_terminal_it_asks_tries_each_token_lists_what_there_is_and_drafts_the_teams(
    few_days: Simulator, tmp_path: Path
) -> None:
    token, jira = tokens(few_days), few_days.settings()["jira"]
    few_days.config.slack_scopes |= {"usergroups:read"}
    few_days.slack.groups = {"everyone": list(range(30)), "App Team": [0, 1, 2, 3, 4, 5]}
    at = Terminal(tmp_path, "init", **places(few_days))
    at.answer("Which sources do you want to connect now?", "jira, 2, hubspot")
    at.answer("Jira's address", str(jira["url"]))
    at.answer("E-mail address", str(jira["email"]))
    at.answer("Token: ", "mistyped-token")
    at.answer("the token was rejected", "")  # the address as it was; then the rest
    at.answer("E-mail address", "")
    at.answer("Token: ", token["jira"])
    at.answer("Which projects to read", f"1, {jira['projects'][1]}, nonsense")
    at.answer("There is no nonsense in the list", f"1, {jira['projects'][1]}")
    at.answer("Token: ", token["slack"])
    at.answer("Which channels to read", "all")
    at.answer("Channel for alerts", "#leadership")
    at.answer("Token: ", token["hubspot"])
    at.answer("Which pipelines to read", "")
    at.answer("Start now? [y/N]", "n")
    assert at.end() == 0, at.said
    assert "ok   jira: account:" in at.said
    assert not any(secret in at.said for secret in [*token.values(), "mistyped-token"])
    written = (tmp_path / "leeway.toml").read_text()
    assert (tmp_path / "leeway.toml").stat().st_mode & 0o077 == 0
    found = tomllib.loads(written)
    assert found["jira"] == {name: jira[name] for name in ("url", "email", "token")} | {
        "projects": [min(jira["projects"]), jira["projects"][1]]
    }
    assert found["slack"]["channels"] == sorted(few_days.slack.channels.values())
    assert found["slack"]["alert_channel"] == "leadership"
    assert "hubspot" not in found
    assert "# weeks" not in written
    assert "# signing_secret" in written  # the template's other remarks stay
    register = parse((tmp_path / "okrs.yaml").read_text())
    assert [(team.key, len(team.members)) for team in register.teams] == [("app-team", 6), ("everyone", 24)]
    checked = leeway(tmp_path, "check", LEEWAY_SLACK__API_URL=few_days.addresses["slack"])
    assert checked.returncode == 0, checked.stdout
    before_ = (tmp_path / "leeway.toml").read_text(), (tmp_path / "okrs.yaml").read_text()
    assert leeway(tmp_path, "init", "--slack-channels", "random", **places(few_days)).returncode == 0
    assert ((tmp_path / "leeway.toml").read_text(), (tmp_path / "okrs.yaml").read_text()) == before_


def test_an_interrupt_leaves_what_was_answered_and_the_next_run_goes_on(few_days: Simulator, tmp_path: Path) -> None:
    at = Terminal(tmp_path, "init", **places(few_days), **secrets(few_days))
    at.answer("Which sources do you want to connect now?", "slack, hubspot")
    at.answer("Which channels to read", "general")
    at.answer("Channel for alerts", "")
    at.interrupt("Which pipelines to read")
    assert at.end() == 130
    assert "Traceback" not in at.said
    assert "Stopped. Finished work is kept; run it again to resume." in at.said
    found = tomllib.loads((tmp_path / "leeway.toml").read_text())
    assert found["slack"] == {"channels": ["general"]}  # the token is in the environment and stays there
    assert "hubspot" not in found
    assert sorted(path.name for path in tmp_path.iterdir()) == ["leeway.toml", "okrs.yaml"]
    flags = ("--hubspot-pipelines", ",".join(few_days.settings()["hubspot"]["pipelines"]))
    assert leeway(tmp_path, "init", *flags, **places(few_days), **secrets(few_days)).returncode == 0
    found = tomllib.loads((tmp_path / "leeway.toml").read_text())
    assert found["hubspot"]["pipelines"] == few_days.settings()["hubspot"]["pipelines"]
    assert {team.key for team in parse((tmp_path / "okrs.yaml").read_text()).teams} == {"sales", "care", "iberia"}


def test_what_is_refused_and_would_not_be_asked_again_ends(few_days: Simulator, tmp_path: Path) -> None:
    jira, given = few_days.settings()["jira"], places(few_days)
    flags = ("init", "--jira", str(jira["url"]), "--jira-email", str(jira["email"]))
    at = Terminal(tmp_path, *flags, **given, LEEWAY_JIRA__TOKEN="not-the-token")
    assert at.end() == 2
    assert at.said.count("the token was rejected") == 2  # in the table of the check, and as what ends it


def test_without_a_terminal_flags_say_all_and_nothing_is_asked(few_days: Simulator, tmp_path: Path) -> None:
    jira, given = few_days.settings()["jira"], places(few_days)
    flags = ("init", "--jira", str(jira["url"]), "--jira-email", str(jira["email"]))
    refused(leeway(tmp_path, *flags, **given), "jira: set LEEWAY_JIRA__TOKEN")
    refused(leeway(tmp_path, *flags, **given, LEEWAY_JIRA__TOKEN="sekret"), "jira: the token was rejected")
    refused(leeway(tmp_path, *flags, **given, **secrets(few_days)), "--jira-projects", *jira["projects"])
    refused(leeway(tmp_path, *flags, "--jira-projects", "NONE", **given, **secrets(few_days)), "NONE not visible")
    refused(leeway(tmp_path, "init", "--jira", "no address", **given, **secrets(few_days)), "starts with https://")
    assert "[jira]" not in (tmp_path / "leeway.toml").read_text().replace("# [jira]", "")
    done = leeway(tmp_path, *flags, "--jira-projects", ",".join(jira["projects"]), **given, **secrets(few_days))
    assert done.returncode == 0, done.stderr
    found = tomllib.loads((tmp_path / "leeway.toml").read_text())
    assert found["jira"] == {"url": jira["url"], "email": jira["email"], "projects": jira["projects"]}


def test_it_ends_with_what_one_would_have_been_told_last_quarter(few_days: Simulator, tmp_path: Path) -> None:
    few_days.world.posted.clear()
    flags = ("init", "--slack-channels", "general", "--slack-alert-channel", "leadership", "--backtest")
    given = {name: value for name, value in (places(few_days) | secrets(few_days)).items() if "SLACK" in name}
    done = leeway(tmp_path, *flags, **given, LEEWAY_ALERTS__ANY_DAY="true", LEEWAY_HISTORY__WEEKS="4")
    assert done.returncode == 0, done.stderr
    assert "is now the register" in done.stdout
    assert "weeks: 0 alerts about the company" in done.stdout or "too little history yet" in done.stdout
    assert few_days.world.posted == []
    assert before(TODAY).isoformat() == "2026-04-01"
    assert before(TODAY.replace(month=2)).isoformat() == "2025-10-01"


@pytest.mark.parametrize(
    ("day", "name", "first", "last"),
    [
        (date(2026, 7, 14), "2026-Q3", date(2026, 7, 1), date(2026, 9, 30)),
        (date(2026, 8, 31), "2026-Q3", date(2026, 7, 1), date(2026, 9, 30)),
        (date(2027, 12, 31), "2027-Q4", date(2027, 10, 1), date(2027, 12, 31)),
        (date(2028, 2, 29), "2028-Q1", date(2028, 1, 1), date(2028, 3, 31)),
    ],
)
def test_the_drafted_plan_is_of_the_quarter_that_is_running_puzzle_okr_446(
    day: date, name: str, first: date, last: date
) -> None:
    period = parse(template_of("okrs.yaml", day)).period
    assert (period.name, period.start, period.end) == (name, first, last)


HOSTILE = 'Sal\u2028es: "x" # \x1b[31m {a} & *b\n- key: evil'


def test_names_of_groups_are_no_yaml_and_wider_circles_give_way() -> None:
    accounts = [
        Account("slack", "1", email="a@x.example", groups=("all", "App Team", HOSTILE)),
        Account("hubspot", "7", email="A@x.example", groups=("app-team",)),
        Account("slack", "2", email="b@x.example", groups=("all", "App Team")),
        Account("slack", "3", email="c@x.example", groups=("all", "no")),
        Account("slack", "4", email="bot@x.example", groups=("all",), bot=True),
        Account("slack", "5", groups=("all",)),
    ]
    teams = teams_of(accounts)
    text = with_teams((TEMPLATES / "okrs.yaml").read_text(), teams)
    found = {team.key: [member.email for member in team.members] for team in parse(text).teams}
    assert sorted(found.values()) == [["a@x.example"], ["b@x.example"], ["c@x.example"]]
    assert found["app-team"] == ["b@x.example"]
    assert found["no"] == ["c@x.example"]
    assert len(yaml.safe_load(text)["objectives"]) == 1
    assert teams_of([]) == []


@pytest.mark.parametrize(
    "text", ["", "# mine\n", "[web]\nport = 1", "# [jira]\n# url = 1\n# email = 2\n\n[web]\nport = 1\n"]
)
def test_a_section_goes_into_any_settings_file_and_nothing_else_changes(text: str) -> None:
    values = {"url": 'a"b\\c\x7f', "projects": ["Ü", "#x"]}
    found = tomllib.loads(with_section(text, "jira", values))
    assert found == tomllib.loads(text) | {"jira": values}


def test_a_settings_file_that_is_broken_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "leeway.toml").write_text("[jira\n")
    refused(leeway(tmp_path, "init"), "leeway.toml, line 1: not valid TOML")
    assert (tmp_path / "leeway.toml").read_text() == "[jira\n"
