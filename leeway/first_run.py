"""`leeway init`: write leeway.toml and okrs.yaml and, on a terminal or by flags, connect the sources and draft the teams.

Answers are written source by source, each file atomically, so that Ctrl-C loses only the current question; existing files are
kept. Tokens are read without echo and tested with the code of `leeway check` before they are stored.
"""

import os
import re
import sys
import tempfile
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from getpass import getpass
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from alerts.words import amount
from connectors.base import Account, Choosable, SourceError
from leeway.app import App, NotReady
from leeway.check import CheckRow, rows_of
from leeway.settings import Settings, SettingsError, environment
from leeway.settings.edit import with_section
from leeway.settings.names import variable_of
from leeway.settings.toml_file import TomlFile
from leeway.team_draft import one_line, teams_of, with_teams
from pipeline.register.quarters import quarter_of

LISTS = {"jira": "projects", "slack": "channels", "hubspot": "pipelines"}
"""The sources offered, each with the setting that lists what is read."""
_QUESTIONS = {
    "jira": (
        ("url", "Jira's address, such as https://your-company.atlassian.net: "),
        ("email", "E-mail address of the account whose token it is (Data Center: leave empty): "),
    ),
    "slack": (),
    "hubspot": (),
}
_WHERE = {
    "jira": "https://id.atlassian.com/manage-profile/security/api-tokens",
    "slack": "api.slack.com/apps, your app, OAuth & Permissions: the bot token, xoxb-...",
    "hubspot": "Settings, Integrations, Private Apps, your app: pat-...",
}
_LOGIN = {"token", "account", "connection"}
"""Checks that must pass before anything else can be queried."""
_SHOWN = 60
_PERIOD = re.compile(r"^period: \{.*?\}", re.MULTILINE)
Given = Mapping[str, Mapping[str, Any]]


@dataclass(slots=True)
class FirstRun:
    """One run of `leeway init`. `given` holds values by source from flags; `asks` is True if somebody can answer."""

    folder: Path
    given: Given
    asks: bool
    say: Callable[[str], None]
    show: Callable[[Sequence[CheckRow]], None]
    accounts: list[Account] = field(default_factory=list)
    answers: dict[str, dict[str, str]] = field(default_factory=dict)

    def __call__(self) -> None:
        """Write what is missing. Raises NotReady, SettingsError or SourceError with a sentence; what was written stays."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in ("leeway.toml", "okrs.yaml"):
            target = self.folder / name
            if target.exists():
                self.say(f"{target} already exists and was kept.")
            else:
                _write(target, template_of(name, App(Settings()).now().date()))
                self.say(f"{target} written.")
        for name in self._wanted():
            self._connect(name)
        self._draft_teams()

    def _wanted(self) -> list[str]:
        there = _sections(self.folder / "leeway.toml")
        wanted = [name for name in LISTS if name in self.given]
        for name in wanted:
            if name in there:
                self.say(f"[{name}] is in {self.folder / 'leeway.toml'} already and was kept.")
        wanted = [name for name in wanted if name not in there]
        left = [name for name in LISTS if name not in there and name not in wanted]
        if self.asks and left and not wanted:
            wanted = self._chosen("Which sources do you want to connect now", left)
        return wanted

    def _connect(self, name: str) -> None:
        while True:
            values = self._values(name)
            if values is None:
                self.say(f"{name} was skipped; run `leeway init` again to connect it.")
                return
            section = _checked(name, values)
            if isinstance(section, str):
                self._refused(name, section)
                continue
            source = App(Settings()).connector_of(name, section.model_copy(update={LISTS[name]: []}))
            rows = list(rows_of(name, source, App(Settings()).since()))
            self.show(rows)
            failed = [row for row in rows if not row.ok and row.name in _LOGIN]
            if not failed:
                break
            self._refused(name, f"{name}: {failed[0].found} {failed[0].fix}".strip())
        there = cast(Choosable, source)
        listed = self._listed(name, there.names())
        if not listed:
            self.say(f"{name} was skipped, as nothing from it is to be read.")
            return
        self._keep(name, values | {LISTS[name]: listed} | self._more(name))
        try:
            self.accounts += [account for page in there.people() for account in page.accounts]
        except SourceError as error:  # the teams can be written by hand
            self.say(f"{name}: its groups could not be read: {error.message} {error.fix}")

    def _refused(self, name: str, sentence: str) -> None:
        """Print the sentence so that the questions are asked again. Raises NotReady if nobody answers or nothing is left to
        ask."""
        if not self.asks or not self._open(name):
            raise NotReady(sentence)
        self.say(sentence)

    def _open(self, name: str) -> bool:
        """Return True if a source lacks values from both the environment and the flags, so that questions remain."""
        known, given = environment.read().data.get(name, {}), self.given.get(name, {})
        return not known.get("token") or any(not (known.get(key) or given.get(key)) for key, _ in _QUESTIONS[name])

    def _values(self, name: str) -> dict[str, Any] | None:
        """Return a source's connection values from flags, the environment and answers; None if no token was given."""
        known = environment.read().data.get(name, {})
        values = {key: value for key, value in self.given.get(name, {}).items() if key not in _later(name)}
        before = self.answers.setdefault(name, {})
        for key, question in _QUESTIONS[name]:
            if self.asks and not values.get(key) and not known.get(key):
                kept = f"[{before[key]}] " if before.get(key) else ""
                values[key] = before[key] = input(question + kept).strip() or before.get(key, "")
        if not known.get("token"):
            if not self.asks:
                variable = variable_of(name, "token")
                raise NotReady(
                    f"{name}: set {variable}, or {variable}_FILE to a file that holds it. A flag would expose it."
                )
            self.say(f"Token of {name} ({_WHERE[name]}); it is not echoed. Leave it empty to skip {name}.")
            token = getpass("Token: ").strip()
            if not token:
                return None
            values["token"] = token
        return {key: value for key, value in values.items() if value}

    def _listed(self, name: str, there: list[str]) -> list[str]:
        """Return the choice of what is read; nothing else ever is."""
        what = LISTS[name]
        if what in self.given.get(name, {}):
            wanted: list[str] = list(self.given[name][what])
            if missing := [one for one in wanted if one.lstrip("#") not in there]:
                raise NotReady(f"{name}: {', '.join(missing)} not visible. Available: {_some(there)}.")
            return wanted
        if not self.asks:
            raise NotReady(f"{name}: choose what is read with --{name}-{what}. Available: {_some(there)}.")
        if not there:
            hint = " Invite the app to each channel first (/invite)." if name == "slack" else ""
            self.say(f"The token sees no {what}.{hint}")
            return []
        return self._chosen(f"Which {what} to read (nothing else ever is)", there)

    def _more(self, name: str) -> dict[str, Any]:
        """Return settings in addition to the connection."""
        found = {key: value for key, value in self.given.get(name, {}).items() if key in _later(name) - {LISTS[name]}}
        if name == "slack" and self.asks and "alert_channel" not in found:
            channel = input("Channel for alerts (empty: none for now): ").strip().lstrip("#")
            found |= {"alert_channel": channel} if channel else {}
        return found

    def _chosen(self, question: str, there: Sequence[str]) -> list[str]:
        for number, one in enumerate(there, 1):
            self.say(f"  {number:>3}  {one_line(one)}")
        while True:
            answer = input(f"{question}? Numbers or names separated by commas, `all`, or empty for none: ").strip()
            if answer.lower() == "all":
                return list(there)
            words = [word.strip().lstrip("#") for word in answer.split(",") if word.strip()]
            numbered = {str(number): one for number, one in enumerate(there, 1)}
            found = [word if word in there else numbered.get(word, "") for word in words]
            if all(found):
                return list(dict.fromkeys(found))
            self.say(f"There is no {words[found.index('')]} in the list.")

    def _keep(self, name: str, values: Mapping[str, Any]) -> None:
        path = self.folder / "leeway.toml"
        text = with_section(path.read_text(encoding="utf-8"), name, values)
        tomllib.loads(text)  # what is written must be readable, or nothing is
        _write(path, text)
        self.say(f"[{name}] written to {path}.")

    def _draft_teams(self) -> None:
        target, teams = self.folder / "okrs.yaml", teams_of(self.accounts)
        if not teams:
            return
        template = target.read_text(encoding="utf-8")
        if _PERIOD.sub("", template) != _PERIOD.sub("", template_of("okrs.yaml", App(Settings()).now().date())):
            self.say(f"{target} has been edited and was kept; your groups contain {amount(len(teams), 'team')}.")
            return
        _write(target, with_teams(template, teams))
        self.say(
            f"{target}: {amount(len(teams), 'team')} drafted from your groups: {_some([team.key for team in teams])}."
        )


def _later(name: str) -> set[str]:
    return {LISTS[name], "alert_channel"}


def _checked(name: str, values: Mapping[str, Any]) -> Any:
    """Return the validated section, or a sentence on what is wrong, never containing a value: it may be a token."""
    merged = {**values, **environment.read().data.get(name, {}), LISTS[name]: ["all"]}
    try:
        return getattr(Settings.model_validate({name: merged}), name)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg'].removeprefix('Value error, ')}."


def _sections(path: Path) -> set[str]:
    file = TomlFile.at(path)
    if file.faults:
        raise SettingsError(
            "\n".join(f"{path}, line {fault.line}: not valid TOML: {fault.message}." for fault in file.faults)
        )
    return set(file.data)


def template_of(name: str, day: date) -> str:
    """Return a template file; the register's period is the calendar quarter that the day is in."""
    text = files("leeway").joinpath("templates", name).read_text(encoding="utf-8")
    now = quarter_of(day)
    return _PERIOD.sub(f'period: {{name: "{now.name}", start: {now.start}, end: {now.end}}}', text)


def _write(path: Path, text: str) -> None:
    """Replace the file atomically; only the owner may read it, as it will hold tokens."""
    handle, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(part, path)
    except BaseException:
        os.unlink(part)
        raise


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(map(one_line, names[:_SHOWN])) + more if names else "none"


def somebody_answers() -> bool:
    """Return True if both input and output are a terminal."""
    return sys.stdin.isatty() and sys.stdout.isatty()
