"""The CRM side of the work: deals with calls and meetings, tickets with the answers given."""

import random
from datetime import datetime, timedelta

from simulator.bank import Bank
from simulator.company import PIPELINES, Person
from simulator.world import Record, World

STAGES = {
    "Employers": ["Qualified", "Offer", "Works council", "Closed won", "Closed lost"],
    "Iberia": ["Calificado", "Oferta", "Cerrado ganado", "Cerrado perdido"],
    "Support": ["New", "Waiting on us", "Closed"],
}


def stage_id(pipeline: str, number: int) -> str:
    """Opaque ids, as HubSpot has them."""
    return str(1000 + 10 * list(STAGES).index(pipeline) + number)


class Crm:
    """Writes records into a World."""

    def __init__(self, world: World, bank: Bank, rng: random.Random) -> None:
        self.world, self.bank, self.rng = world, bank, rng
        self._by_id: dict[int, Record] = {}

    def open_deal(self, person: Person, at: datetime, name: str, stream: str) -> int:
        """A new deal in the team's pipeline; returns its id."""
        pipeline = PIPELINES[person.team]
        properties = {
            "dealname": self.bank.draw(name, "titles"),
            "pipeline": _pipeline_id(pipeline),
            "dealstage": stage_id(pipeline, 0),
            "createdate": _iso(at),
            "hubspot_owner_id": owner_id(person.number),
            f"hs_v2_date_entered_{stage_id(pipeline, 0)}": _iso(at),
        }
        if self.rng.random() < 0.7:
            properties["description"] = self.bank.draw(name, "texts")
        return self._add("deals", properties, at, stream=stream).id

    def work_on_deal(self, person: Person, at: datetime, deal: int, part: float, name: str) -> None:
        """A day's part on a deal: calls and meetings with durations, e-mails and notes without."""
        record = self._by_id[deal]
        hours = part * 8
        if hours > 1.2 and self.rng.random() < 0.45:
            self._meet(person, at, record, hours, name)
        for _ in range(max(1, round(hours / 2))):
            at += timedelta(minutes=self.rng.uniform(20, 80))
            kind = self.rng.choices(["calls", "emails", "notes"], [3, 4, 2])[0]
            self._engage(kind, person, at, record, self._said(kind, record, self.bank.draw(name, "replies")))
        pipeline = PIPELINES[person.team]
        now = int(record.properties["dealstage"]) % 10
        if now < len(STAGES[pipeline]) - 3 and self.rng.random() < 0.25:
            self._enter(record, pipeline, now + 1, at)

    def _meet(self, person: Person, at: datetime, record: Record, hours: float, name: str) -> None:
        length = min(hours * 0.7, self.rng.choice([0.5, 1, 1, 1.5, 2]))
        start, end = _iso(at), _iso(at + timedelta(hours=length))
        self._engage(
            "meetings",
            person,
            at,
            record,
            {
                "hs_meeting_title": f"Meeting {record.properties['dealname']}"[:80],
                "hs_meeting_body": f"<p>{self.bank.draw(name, 'replies')}</p>",
                "hs_meeting_start_time": start,
                "hs_meeting_end_time": end,
                "hs_meeting_outcome": "COMPLETED",
            },
        )

    def _said(self, kind: str, record: Record, body: str) -> dict[str, str]:
        """What HubSpot keeps of a call, an e-mail or a note."""
        if kind == "calls":
            minutes = self.rng.randint(6, 45)
            return {
                "hs_call_title": "Call",
                "hs_call_body": f"<div>{body}</div>",
                "hs_call_duration": str(minutes * 60_000),
            }
        if kind == "emails":
            return {
                "hs_email_subject": f"Re: {record.properties['dealname']}"[:90],
                "hs_email_text": body,
                "hs_email_direction": "EMAIL",
            }
        return {"hs_note_body": f"<p>{body}</p>"}

    def close_deal(self, deal: int, at: datetime, *, won: bool) -> None:
        """Won or lost; either way the work on it ends."""
        record = self._by_id[deal]
        pipeline = next(name for name in STAGES if _pipeline_id(name) == record.properties["pipeline"])
        self._enter(record, pipeline, len(STAGES[pipeline]) - (2 if won else 1), at)

    def answer_tickets(self, person: Person, at: datetime, part: float, name: str) -> None:
        """A part of a day spent on tickets, each about twenty to sixty minutes."""
        left = part * 8
        while left > 0.2:
            spent = self.rng.uniform(0.5, 1.8)
            opened = at - timedelta(minutes=self.rng.uniform(10, 600))
            closed_id = stage_id("Support", 2)
            properties = {
                "subject": self.bank.draw(name, "titles"),
                "hs_pipeline": _pipeline_id("Support"),
                "hs_pipeline_stage": closed_id,
                "createdate": _iso(opened),
                "hubspot_owner_id": owner_id(person.number),
                f"hs_v2_date_entered_{stage_id('Support', 1)}": _iso(at),
                f"hs_v2_date_entered_{closed_id}": _iso(at + timedelta(hours=spent)),
            }
            if self.rng.random() < 0.6:
                properties["content"] = self.bank.draw(name, "texts")
            ticket = self._add("tickets", properties, opened, "bau")
            ticket.modified = at + timedelta(hours=spent)
            self._engage(
                "emails",
                person,
                at + timedelta(hours=spent * 0.8),
                ticket,
                {
                    "hs_email_subject": f"Re: {properties['subject']}"[:90],
                    "hs_email_text": self.bank.draw(name, "replies"),
                    "hs_email_direction": "EMAIL",
                },
            )
            left -= spent
            at += timedelta(hours=spent)

    def _enter(self, record: Record, pipeline: str, number: int, at: datetime) -> None:
        record.properties["dealstage"] = stage_id(pipeline, number)
        record.properties[f"hs_v2_date_entered_{stage_id(pipeline, number)}"] = _iso(at)
        record.modified = max(record.modified, at)

    def _engage(self, type_: str, person: Person, at: datetime, on: Record, values: dict[str, str]) -> None:
        values |= {"hs_timestamp": _iso(at), "hubspot_owner_id": owner_id(person.number)}
        record = self._add(type_, values, at, on.stream)
        record.links.append((on.type, on.id))

    def _add(self, type_: str, properties: dict[str, str], at: datetime, stream: str) -> Record:
        record = Record(type_, 500_000 + len(self.world.records), properties, at, at, stream=stream)
        self.world.records.append(record)
        self._by_id[record.id] = record
        return record


def owner_id(number: int) -> str:
    """HubSpot's id of a person."""
    return str(70_000 + number)


def _pipeline_id(name: str) -> str:
    return f"{list(STAGES).index(name) + 90}"


def _iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
