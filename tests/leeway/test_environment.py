"""Settings from the environment, as shells, compose files, Kubernetes and Windows editors really give them."""

import socket
import ssl
from pathlib import Path

import pytest
from redis import Redis
from structlog.testing import capture_logs

from connectors.limits import Rate
from leeway.app import App
from leeway.celery_app import make
from leeway.check import _broker
from leeway.doctor import diagnose
from leeway.settings import Settings, SettingsError, load
from leeway.settings.load import _hint_once
from tests.conftest import redis_server
from tests.tls import certificate_in, shaking_hands

KUBERNETES = {
    "LEEWAY_PORT": "tcp://10.0.0.1:80",
    "LEEWAY_SERVICE_HOST": "10.0.0.1",
    "LEEWAY_SERVICE_PORT": "80",
    "LEEWAY_SERVICE_PORT_HTTP": "80",
    "LEEWAY_PORT_80_TCP": "tcp://10.0.0.1:80",
    "LEEWAY_PORT_80_TCP_PROTO": "tcp",
    "LEEWAY_PORT_80_TCP_PORT": "80",
    "LEEWAY_PORT_80_TCP_ADDR": "10.0.0.1",
    "LEEWAY_WEB_PORT": "tcp://10.0.0.2:8440",
    "LEEWAY_WEB_PORT_8440_UDP_ADDR": "fd00::1",
    "LEEWAY_WEB_SERVICE_HOST": "fd00::1",
    "LEEWAY_REDIS_PORT": "tcp://[fd00::2]:6379",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    _hint_once.cache_clear()
    return tmp_path


def refused(*parts: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load()
    for part in parts:
        assert part in str(caught.value)


def test_what_kubernetes_sets_for_services_called_leeway_is_no_setting(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in KUBERNETES.items():
        monkeypatch.setenv(name, value)
    with capture_logs() as logs:
        assert load().web.port == 8440
    assert logs == []


@pytest.mark.parametrize(
    ("name", "value", "near"),
    [
        ("LEEWAY_WEB_PORT", "8441", "LEEWAY_WEB__PORT"),
        ("leeway_jira_token", "x", "LEEWAY_JIRA__TOKEN"),
        ("LEEWAY_CONFIGURATION", "x.toml", "LEEWAY_CONFIG"),
        ("LEEWAY_DATABASE_URL", "sqlite://", "LEEWAY_DATABASE__URL"),
    ],
)
def test_a_variable_that_may_be_meant_for_us_is_a_warning_with_the_nearest_one(
    name: str, value: str, near: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with capture_logs() as logs:
        load()
    assert [line["log_level"] for line in logs] == ["warning"]
    assert f"{name.upper()} matches no setting" in logs[0]["event"]
    assert f"Did you mean {near}?" in logs[0]["event"]


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("LEEWAY_JIRA__TOKN", "LEEWAY_JIRA__TOKEN"),
        ("LEEWAY_JIRA__TOKN_FILE", "LEEWAY_JIRA__TOKEN_FILE"),
        ("leeway_jira__tokn", "LEEWAY_JIRA__TOKEN"),
    ],
)
def test_a_variable_with_two_underscores_is_meant_for_us_and_refused(
    name: str, near: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "x")
    refused(f"{name.upper()} matches no setting", f"Did you mean {near}?")


def test_a_token_that_was_copied_with_its_word_is_the_token(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "leeway.toml").write_text('[hubspot]\ntoken = "Bearer pat-1"\npipelines = ["Sales"]\n')
    settings = load()
    assert settings.hubspot is not None
    assert settings.hubspot.token.get_secret_value() == "pat-1"


def test_a_name_with_an_umlaut_in_two_characters_is_the_name(folder: Path) -> None:
    (folder / "leeway.toml").write_text('[hubspot]\ntoken = "t"\npipelines = ["Verka\u0308ufe"]\n', encoding="utf-8")
    settings = load()
    assert settings.hubspot is not None
    assert settings.hubspot.pipelines == ["Verk\u00e4ufe"]


@pytest.mark.parametrize("empty", ["", " ", "\t", "\r"])
def test_a_variable_that_is_set_to_nothing_is_not_set(
    empty: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "leeway.toml").write_text('[jira]\nurl = "https://a"\ntoken = "t"\nprojects = ["A"]\n')
    for name in (
        "LEEWAY_JIRA__TOKEN",
        "LEEWAY_JIRA__TOKEN_FILE",
        "LEEWAY_JIRA__PROJECTS",
        "LEEWAY_RETENTION__TEXT_DAYS",
        "LEEWAY_WEB__PORT",
        "LEEWAY_HUBSPOT__TOKEN",
        "LEEWAY_CONFIG",
        "LEEWAY_SLACK",
        "LEEWAY_NO_SUCH",
    ):
        monkeypatch.setenv(name, empty)
    settings = load()
    assert settings.jira is not None
    assert settings.jira.token.get_secret_value() == "t"
    assert settings.hubspot is None


@pytest.mark.parametrize(
    "value",
    [
        '["a@x", "b@x"]',
        "['a@x', 'b@x',]",
        "a@x,b@x",
        " a@x , b@x, ",
        "a@x\nb@x\r\n",
        '"a@x,b@x"',
        '"a@x", "b@x"',
        "a@x,b@x,a@x",
    ],
)
def test_a_list_is_taken_in_each_way_that_people_write_one(
    value: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEEWAY_WEB__COMPANY", value)
    assert load().web.company == ["a@x", "b@x"]


@pytest.mark.parametrize("value", ["[", '["a@x"', "[a@x, b@x]"])
def test_half_a_list_says_how_to_write_one(value: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEEWAY_WEB__COMPANY", value)
    refused("LEEWAY_WEB__COMPANY", '["a", "b"]', "a,b without brackets")


@pytest.mark.parametrize("value", ['{"Iberia Sales": "iberia"}', "Iberia Sales=iberia", '"Iberia Sales"=iberia,'])
def test_names_with_values_are_taken_as_json_and_in_short(
    value: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEEWAY_IDENTITY__TEAMS", value)
    assert load().identity.teams == {"Iberia Sales": "iberia"}


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("LEEWAY_WEB__PORT", " 8441 ", 8441),
        ("LEEWAY_WEB__PORT", "8441\r", 8441),
        ("LEEWAY_WEB__PORT", '"8441"', 8441),
        ("LEEWAY_WEB__HOST", "'10.0.0.5'", "10.0.0.5"),
        ("leeway_web__host", "::1", "::1"),
        ("LEEWAY_WEB", '{"port": 8441, "host": "::1"}', 8441),
    ],
)
def test_blanks_quotes_and_line_ends_around_a_value_are_not_its(
    name: str, value: str, expected: object, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    assert expected in (load().web.port, load().web.host)


@pytest.mark.parametrize("value", ["true", "True", " yes ", "1", "on", '"TRUE"'])
def test_yes_and_no_in_each_way(value: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEEWAY_ALERTS__ANY_DAY", value)
    assert load().alerts.any_day is True


@pytest.mark.parametrize(
    ("name", "value", "part"),
    [
        ("LEEWAY_WEB__PORT", "8440 # the page", "a whole number"),
        ("LEEWAY_WEB__PORT", "tcp://10.0.0.1:80", "a whole number"),
        ("LEEWAY_WEB__PORT", "0", "at least 1"),
        ("LEEWAY_WEB__URL", "leeway.example.com", "https://"),
        ("LEEWAY_WEB__URL", "https://a b", "no spaces"),
        # getsentry/self-hosted #1566, dify #21191, mathesar #4501, docker-mailman #769, Achilles #427: passwords in addresses
        ("LEEWAY_BROKER__URL", "redis://:sek#ret@127.0.0.1:1/0", "%23"),
        ("LEEWAY_BROKER__URL", "redis://:sek/ret@127.0.0.1:1/0", "%2F"),
        ("LEEWAY_BROKER__URL", "redis://:sek@ret@127.0.0.1:1/0", "%40"),
        ("LEEWAY_BROKER__URL", "redis://127.0.0.1:1/first", "a number after the last /"),
        ("LEEWAY_BROKER__URL", "sentinel://:sekret@127.0.0.1:26379/0", "Sentinel"),
        ("LEEWAY_BROKER__URL", "127.0.0.1:6379", "redis://host:6379/0"),
        ("LEEWAY_DATABASE__URL", "postgresql+psycopg://u:sek@ret@127.0.0.1/x", "%40"),
        ("LEEWAY_DATABASE__URL", "postgres://u:sekret@127.0.0.1/x", "postgresql+psycopg://"),
        ("LEEWAY_DATABASE__URL", "mysql://u:sekret@127.0.0.1/x", "sqlite:///leeway.db"),  # kanchi #48, dribdat #434
        ("LEEWAY_DATABASE__URL", "postgresql+psycopg2://u:sekret@127.0.0.1/x", "no other database or driver"),
        # errors, pages and links in mails show these addresses (cloudflare/unsee #259, cht-gateway #51, ClickHouse #120425)
        ("LEEWAY_JIRA__URL", "https://u:sekret@jira.example", "must not contain a login"),
        ("LEEWAY_SLACK__API_URL", "https://u:sekret@slack.example/api/", "must not contain a login"),
        ("LEEWAY_ALERTS__ANY_DAY", "ja", "true or false"),
        ("LEEWAY_WEB", "8440", "JSON object"),
        ("LEEWAY_IDENTITY__TEAMS", "{a: b}", "a=b,c=d"),
        ("LEEWAY_IDENTITY__TEAMS", "iberia", "a=b,c=d"),
        ("LEEWAY_ALERTS__FROM_HOUR", "19", "before to_hour"),
        ("LEEWAY_SCHEDULE__WAKE_SECONDS", "nan", "finite"),
        ("LEEWAY_WEB__METRICS_TOKEN", "“sekret”", "copy it again"),
        ("LEEWAY_WEB__METRICS_TOKEN", "sek\nret", "line break"),
        ("LEEWAY_SMTP__PASSWORD", "sekret\udcfc", "UTF-8"),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused_with_its_variable_and_never_a_secret(
    name: str, value: str, part: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        load()
    assert part in str(caught.value)
    assert name in str(caught.value)
    assert "sek" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LEEWAY_BROKER__URL", "redis://:a%23b%40@[::1]:6379/0"),
        ("LEEWAY_BROKER__URL", "rediss://user:a%25b@redis.example?ssl_cert_reqs=none"),
        ("LEEWAY_BROKER__URL", "redis+socket:///run/redis/redis.sock"),
        ("LEEWAY_DATABASE__URL", "postgresql+psycopg://u:a%40b@db.example:5432/leeway?options=-csearch_path%3Dx@y"),
        ("LEEWAY_DATABASE__URL", "postgresql+psycopg://u:a/b%c@db.example/leeway"),
        ("LEEWAY_DATABASE__URL", "sqlite:////data/a@b@c.db"),
    ],
)
def test_addresses_of_the_servers_are_taken_as_they_are(
    name: str, value: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    found = load()
    assert value in (found.broker.url, found.database.url)


@pytest.mark.parametrize(
    ("url", "verified"),
    [("rediss://redis.example/0", True), ("rediss://redis.example/0?ssl_cert_reqs=none", None), ("redis://h/0", None)],
)
def test_workers_trust_no_certificate_that_check_refuses(
    url: str, verified: bool | None, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Celery takes any certificate of a Redis unless it is told otherwise; redis-py, with which `check` asks, does not."""
    monkeypatch.setenv("LEEWAY_BROKER__URL", url)
    told = make().conf.broker_use_ssl
    assert told == ({"ssl_cert_reqs": ssl.CERT_REQUIRED} if verified else told)
    assert bool(told) is bool(verified)


@pytest.mark.parametrize(
    ("tls", "scheme", "query", "found", "fix"),
    [
        (True, "rediss", "", "its certificate is not trusted: self-signed certificate", "SSL_CERT_FILE"),
        (True, "rediss", "?ssl_cert_reqs=CERT_REQUIRED", "its certificate is not trusted", "SSL_CERT_FILE"),
        (False, "rediss", "", "its TLS handshake failed", "rediss:// for TLS"),
        (False, "redis", "?sslmode=require", "follows the ? in its address", "Correct broker.url"),
    ],
)
def test_what_stands_before_redis_is_named(
    tls: bool, scheme: str, query: str, found: str, fix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.invalid")  # Redis is reached without
    with shaking_hands(certificate_in(tmp_path) if tls else None) as port:
        url = f"{scheme}://:sekret@127.0.0.1:{port}/0{query}"
        app = App(Settings.model_validate({"broker": {"url": url}, "database": {"url": "sqlite://"}}))
        (row,) = _broker(app)
        socket.create_connection(("127.0.0.1", port)).close()  # where it was not asked, it need not wait for anybody
    assert found in row.found
    assert fix in row.fix
    said = f"{row.found} {row.fix}"
    assert "HTTPS_PROXY" not in said
    assert "sekret" not in said


@pytest.mark.parametrize("scheme", ["unix", "redis+socket", "redis+unix"])
def test_a_socket_of_redis_is_found_by_all_who_read_it(
    scheme: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Celery, redis-py and limits each have a spelling of their own; a user writes any of them."""
    with redis_server(folder) as server:
        monkeypatch.setenv("LEEWAY_BROKER__URL", f"{scheme}://{server.socket_file}")
        app = App(load())
        rows = {row.name: row for row in diagnose(app, "broker")}
        assert rows["queue speak"].ok
        assert [row.ok for row in _broker(app)] == [True]
        with make().connection_for_write() as connection:
            connection.ensure_connection(max_retries=1)
        app.limiter.take("socket", Rate(5, 1))
        assert Redis.from_url(f"unix://{server.socket_file}").keys("*socket*")


def test_all_faults_of_all_places_are_told_at_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "leeway.toml").write_text("[web]\nprot = 1\n[history]\nweeks = 0\n")
    monkeypatch.setenv("LEEWAY_JIRA__TOKEN", "t")
    monkeypatch.setenv("LEEWAY_WEB__PORT", "x")
    monkeypatch.setenv("LEEWAY_SMTP__PASSWORD_FILE", "/nowhere/password")
    refused(
        "leeway.toml, line 2: web.prot",
        "leeway.toml, line 4: history.weeks",
        "jira.url: is missing",
        "[jira] is in use because LEEWAY_JIRA__TOKEN is set",
        "LEEWAY_WEB__PORT: web.port",
        "/nowhere/password",
    )


@pytest.mark.parametrize(
    "raw",
    [b"sekret", b"sekret\n", b"sekret\r\n", b"\xef\xbb\xbfsekret\n", "sekret\r\n".encode("utf-16"), b"  sekret\n\n"],
)
def test_a_secret_file_is_read_as_editors_and_powershell_write_it(
    raw: bytes, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "password").write_bytes(raw)
    monkeypatch.setenv("LEEWAY_SMTP__PASSWORD_FILE", "password")
    assert load().smtp.password.get_secret_value() == "sekret"


@pytest.mark.parametrize("word", ["Pa$sw0rd", "Pa$$w0rd", "${HOME}", "%(x)s", "a%20b", "a#b", "$__file{x}"])
def test_nothing_in_a_secret_is_put_in_the_place_of_anything(
    word: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Grafana expands what a file or variable gave once more (#130055, #109716, #97185)."""
    (folder / "password").write_text(word)
    monkeypatch.setenv("LEEWAY_SMTP__PASSWORD_FILE", "password")
    monkeypatch.setenv("LEEWAY_SMTP__USERNAME", word)
    assert load().smtp.password.get_secret_value() == word
    assert load().smtp.username == word


@pytest.mark.parametrize(
    ("raw", "part"),
    [(b"", "is empty"), (b"\n", "is empty"), (b"TOKEN=sekret\nOTHER=sekret\n", "2 lines"), (b"sekret\xff", "UTF-8")],
)
def test_a_secret_file_that_holds_no_secret_is_refused(
    raw: bytes, part: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "password").write_bytes(raw)
    monkeypatch.setenv("LEEWAY_SMTP__PASSWORD_FILE", "password")
    refused("LEEWAY_SMTP__PASSWORD_FILE", "password", part)


def test_a_folder_in_place_of_a_secret_file_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEEWAY_SMTP__PASSWORD_FILE", str(folder))
    refused("LEEWAY_SMTP__PASSWORD_FILE", "directory")


def test_identity_file_is_a_setting_of_its_own(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEEWAY_IDENTITY__FILE", "people.csv")
    assert load().identity.file == "people.csv"


@pytest.mark.parametrize("name", ["missing.toml", ".", "leeway.toml/under"])
def test_a_settings_file_that_is_named_and_not_there_is_refused(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "leeway.toml").write_text("")
    monkeypatch.setenv("LEEWAY_CONFIG", name)
    refused(name)
    monkeypatch.delenv("LEEWAY_CONFIG")
    load()
