"""What is refused for good is tried with growing pauses and then no more; what may pass is tried at the next wake."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session, sessionmaker

from alerts import retry
from alerts.channel import DeliveryError
from alerts.digest_delivery import send_due
from alerts.email import EmailChannel
from alerts.mail import Mailer, Smtp
from models import Digest, Drift
from simulator.server import Simulator
from tests.alerts.test_delivery import changes, raise_one, round_of, rows, slack, told
from tests.alerts.test_digest import WEEK, Mailbox, filled  # noqa: F401 - a fixture
from tests.alerts.test_slack import NOW, REGISTER
from tests.smtp import served

HOUR = timedelta(hours=1)


@pytest.fixture
def engine(lite: Engine) -> Engine:
    return lite


class Strict(Mailbox):
    """Answers every recipient the same, and counts them."""

    answer = "550 no such user"
    asked = 0

    async def handle_RCPT(self, server, session, envelope, address, options):  # type: ignore[no-untyped-def]  # noqa: N802, ANN
        self.asked += 1
        if self.answer[0] == "2":
            envelope.rcpt_tos.append(address)
        return f"{self.answer} <{address}>"


@pytest.fixture
def strict() -> Iterator[tuple[Strict, Smtp]]:
    box = Strict()
    with served(box) as smtp:
        yield box, smtp


def send(sessions: sessionmaker[Session], smtp: Smtp, at: datetime, lead: str = "", at_once: bool = False) -> int:
    """The digest of one team at a wake."""
    teams = [team.model_copy(update={"lead": lead or team.lead}) for team in REGISTER.teams]
    register = REGISTER.model_copy(update={"teams": teams})
    return send_due(sessions, register, smtp, only="fleet", now=lambda: at, at_once=at_once)[0]


def kept(sessions: sessionmaker[Session]) -> Digest:
    with sessions() as session:
        return session.scalars(select(Digest).order_by(Digest.week.desc())).first()  # type: ignore[return-value]


def hours_of_tries(box: Strict, one_wake: Callable[[datetime], object], hours: Iterable[int]) -> list[int]:
    """In which hours it was tried, of those in which somebody wakes."""
    found = []
    for hour in hours:
        before = box.asked
        one_wake(NOW + hour * HOUR)
        found += [hour] if box.asked > before else []
    return found


def test_the_pauses_grow_from_hours_to_a_day_and_then_it_is_given_up_until_the_place_is_another() -> None:
    row, tries = Digest(refused=0, refused_by="", not_before=None, error=""), []
    for hour in range(1000):
        if not retry.waits(row, "here", NOW + hour * HOUR):
            retry.failed(row, DeliveryError("no such user.", lasting=True), "here", NOW + hour * HOUR)
            tries.append(hour)
    assert tries == [0, 1, 2, 3, 7, 19, 43, 67, 91, 115, 139, 163]
    assert "refused 12 times and will not be retried" in retry.what_next(row)
    assert not retry.waits(row, "there", NOW)


def test_a_mailbox_that_refuses_its_digest_is_not_asked_at_every_wake_and_one_that_is_mended_gets_it(
    filled: sessionmaker[Session],  # noqa: F811
    strict: tuple[Strict, Smtp],
) -> None:
    box, smtp = strict
    assert hours_of_tries(box, lambda at: send(filled, smtp, at), [0, 1, 2, 3, 4, 5, 6]) == [0, 1, 2, 3]
    row = kept(filled)
    assert row.error.endswith("refuses the address: 550 no such user <the address>. Check the address.")
    assert "It is retried at 2026-07-" in retry.what_next(row)
    box.answer, later = "250 OK", NOW + 6 * HOUR
    assert send(filled, smtp, later) == 0
    assert send(filled, smtp, later, "new.lead@velora.example") == 1  # the lead in okrs.yaml is another one
    assert (kept(filled).error, kept(filled).refused) == ("", 0)


def test_a_mailbox_that_was_given_up_is_tried_once_for_each_further_week(
    filled: sessionmaker[Session],  # noqa: F811
    strict: tuple[Strict, Smtp],
) -> None:
    box, smtp = strict
    where = smtp.destination("anton.weiss@velora.example")
    with filled.begin() as session:
        before = WEEK - timedelta(weeks=1)
        session.add(Digest(week=before, team="fleet", error="550", refused=retry.MOST, refused_by=where))
    assert hours_of_tries(box, lambda at: send(filled, smtp, at), range(5)) == [0]
    assert "will not be retried" in retry.what_next(kept(filled))
    box.answer = "250 OK"
    assert send(filled, smtp, NOW + 5 * HOUR) == 0
    assert send(filled, smtp, NOW + 5 * HOUR, at_once=True) == 1  # `leeway digest`


def test_what_may_pass_by_itself_is_tried_at_every_wake(
    filled: sessionmaker[Session],  # noqa: F811
    strict: tuple[Strict, Smtp],
) -> None:
    box, smtp = strict
    box.answer = "450 try again later"
    assert hours_of_tries(box, lambda at: send(filled, smtp, at), range(5)) == [*range(5)]
    assert "450" in kept(filled).error
    assert retry.what_next(kept(filled)) == "It will be retried."
    nobody = Smtp("127.0.0.1", 1, "leeway@velora.example", security="none")
    assert send(filled, nobody, NOW + 5 * HOUR) == 0
    box.answer = "250 OK"
    assert send(filled, smtp, NOW + 5 * HOUR) == 1


def test_an_alert_to_a_mailbox_that_refuses_follows_the_same_rule(
    company: Simulator, sessions: sessionmaker[Session], strict: tuple[Strict, Smtp]
) -> None:
    box, smtp = strict
    raise_one(sessions)
    email = EmailChannel(Mailer(smtp), "anton@velora.example")
    tries = hours_of_tries(box, lambda at: told(sessions, company, at, email), range(60))
    assert tries == [0, 1, 2, 3, 7, 19, 43]
    box.answer = "250 OK"
    later = NOW + 60 * HOUR
    assert told(sessions, company, later, email) == 0
    assert told(sessions, company, NOW + 67 * HOUR, email) == 1
    assert rows(sessions)[0].refused == 0


def test_an_archived_channel_is_tried_ever_less_and_another_one_in_the_settings_at_once(
    company: Simulator, sessions: sessionmaker[Session]
) -> None:
    raise_one(sessions)
    company.slack.archived.add("leadership")
    errors = [error for hour in range(24) for error in round_of(sessions, company, NOW + hour * HOUR).errors]
    assert len(errors) == 6
    assert errors[0].endswith("It will be retried.")
    assert "It is retried at 2026-07-" in errors[-1]
    assert told(sessions, company, NOW + 24 * HOUR, slack(company, "random")) == 1


def test_news_below_an_alert_follows_the_same_rule(company: Simulator, sessions: sessionmaker[Session]) -> None:
    id_ = raise_one(sessions)
    assert told(sessions, company) == 1
    with sessions.begin() as session:
        session.get_one(Drift, id_).state = "recovered"
    company.slack.archived.add("leadership")
    assert sum(len(round_of(sessions, company, NOW + hour * HOUR).errors) for hour in range(24)) == 6
    company.slack.archived.clear()
    assert changes(sessions, company, NOW + 24 * HOUR) == 0
    assert changes(sessions, company, NOW + 43 * HOUR) == 1
