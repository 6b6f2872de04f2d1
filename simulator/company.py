"""Who works at Velora Bikes, what they plan to work on, and what is planted."""

from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources import files

WEEKS = 26
DOMAIN = "velora.example"
ZONE = "Europe/Berlin"
TOP = ("O1", "O2", "O3")

TEAM_NAMES: dict[str, str] = {
    "app": "Nele Brandt, Finn Okoro, Mira Sato, Jonas Lindqvist, Aylin Demir, Tomás Rey, Hedda Krog, Pavel Novak, "
    "Ruth Amsel, Kim Tran, Bela Horvath, Owen Marsh",
    "fleet": "Anton Weiss, Svenja Pohl, Rafael Costa, Emre Kaya, Ines Moreau, Lars Toft, Dunja Petric, Yusuf Bello, "
    "Greta Stein",
    "platform": "Grace Adeyemi, Kofi Mensah, Piotr Zielinski, Leila Haddad, Marco Bianchi, Sunniva Dahl, Ravi Menon, "
    "Tilda Berg, Noah Fuchs, Amara Diallo, Henk Visser",
    "workshop": "Uwe Carstens, Lotte Kamp, Dario Greco, Hanna Vogt, Milan Kovac, Peer Jansen, Olga Sidorova, Ben Achebe",
    "sales": "Carla Jung, Paula Ritter, Stefan Thoma, Elif Arslan, Hugo Martel, Wiebke Lohse, Adrian Popa, Mona Keller, "
    "Julius Raabe",
    "care": "Selma Oz, Timo Lange, Bianca Wolf, Nadia Farouk, Oskar Blum, Vera Simic",
    "iberia": "Lucia Ferrer, Javier Soto, Marta Pinto, Iker Zubia, Rosa Cabral",
}
PROJECTS = {
    "app": "APP",
    "fleet": "FLT",
    "platform": "PLT",
    "workshop": "WRK",
    "sales": "SAL",
    "care": "CARE",
    "iberia": "IBE",
}
PIPELINES = {"sales": "Employers", "iberia": "Iberia", "care": "Support"}
CHANNELS = {
    "app": "team-app",
    "fleet": "team-fleet",
    "platform": "platform",
    "workshop": "workshops",
    "sales": "sales",
    "care": "care",
    "iberia": "iberia",
}
STREAM_CHANNELS = {
    "O1.2": "first-ride",
    "O1.3": "payroll",
    "O2.2": "battery-watch",
    "O3.2": "unlock",
    "hafen": "hafenwerk",
    "cargo": "cargo-pilot",
}

# What each team means to spend its time on; the rest is routine work (bau).
PLAN: dict[str, dict[str, float]] = {
    "app": {"O3.1": 0.38, "O3.2": 0.27, "O1.3": 0.14, "hafen": 0.04},
    "fleet": {"O2.2": 0.40, "O3.2": 0.34, "cargo": 0.06},
    "platform": {"O1.3": 0.26, "O2.2": 0.20, "O5.1": 0.20, "gateway": 0.10, "hafen": 0.03},
    "workshop": {"O2.1": 0.40, "O2.3": 0.28, "O1.2": 0.14},
    "sales": {"O1.1": 0.55, "O1.2": 0.13, "film": 0.06, "cargo": 0.03},
    "care": {"O5.2": 0.48, "O1.2": 0.14},
    "iberia": {"O4.1": 0.45, "O4.2": 0.40},
}


@dataclass(frozen=True, slots=True)
class Person:
    """One employee. `days` is the part of a full week that they work."""

    number: int
    name: str
    team: str
    capacity: float

    @property
    def email(self) -> str:
        """Their address at the company."""
        plain = self.name.lower().translate(str.maketrans("áéíóúñöüä", "aeiounoua"))
        return plain.replace(" ", ".") + "@" + DOMAIN


@dataclass(frozen=True, slots=True)
class Planted:
    """Something that is hidden in the history for the product to find, or to leave alone."""

    kind: str
    start: date
    end: date | None
    scope: str
    expected: str
    points: float


def people() -> list[Person]:
    """Everybody; some work part time."""
    found: list[Person] = []
    for team, names in TEAM_NAMES.items():
        for name in names.split(", "):
            part_time = 0.6 if len(found) % 17 == 5 else 0.8 if len(found) % 11 == 3 else 1.0
            found.append(Person(len(found), name, team, part_time))
    return found


def first_day(today: date) -> date:
    """The Monday with which the 26 weeks begin; the last of them is the week of `today`."""
    return today - timedelta(days=today.weekday()) - timedelta(weeks=WEEKS - 1)


def planted(today: date) -> list[Planted]:
    """The planted events of the history that ends on `today`."""
    monday = first_day(today)

    def week(number: int) -> date:
        return monday + timedelta(weeks=number)

    return [
        Planted("dip", week(7), week(8), "company", "no alert", -22),
        Planted("holiday", week(11), week(12), "company", "no alert", 0),
        Planted("collapse", week(14), None, "workshop", "alert for the team", -52),
        Planted("fall", week(20), None, "company", "alert", -18),
    ]


def mix(team: str, day: date, events: dict[str, Planted]) -> dict[str, float]:
    """What a team works on that day, with the planted events in it."""
    plan = dict(PLAN[team])

    def shift(source: list[str], target: str, points: float) -> None:
        available = sum(plan.get(stream, 0) for stream in source)
        moved = min(points, available)
        for stream in source:
            if available:
                plan[stream] = plan.get(stream, 0) * (1 - moved / available)
        plan[target] = plan.get(target, 0) + moved

    if day >= events["collapse"].start:
        if team == "workshop":
            shift(["O2.1", "O2.3", "O1.2"], "bau", 0.54)
        elif team == "platform":
            shift(["O5.1", "gateway"], "O1.3", 0.20)
        elif team == "care":
            shift(["O5.2"], "O1.2", 0.26)
        elif team == "app":
            plan["O3.1"] += 0.05
    if day >= events["fall"].start:
        if team == "app":
            shift(["O3.1", "O3.2", "O1.3"], "hafen", 0.41)
        elif team == "fleet":
            shift(["O2.2", "O3.2"], "cargo", 0.41)
        elif team == "platform":
            shift(["O1.3", "O2.2"], "hafen", 0.29)
        elif team == "sales":
            shift(["O1.1", "O1.2"], "cargo", 0.27)
    dip = events["dip"]
    if dip.end and dip.start <= day < dip.end and team in ("app", "fleet", "platform", "workshop", "sales"):
        shift([key for key in plan if key.startswith(("O1", "O2", "O3"))], "bau", 0.26)
    return plan


def closed_days(today: date) -> list[date]:
    """The days the whole company is closed: Thursday and Friday of the planted holiday week."""
    start = next(event.start for event in planted(today) if event.kind == "holiday")
    return [start + timedelta(days=3), start + timedelta(days=4)]


def register_yaml(today: date) -> str:
    """The company's okrs.yaml as its ops engineer would have written it."""
    text = files("simulator").joinpath("okrs.yaml").read_text(encoding="utf-8")
    for team in TEAM_NAMES:
        text = text.replace(f"{{{team}}}", _members(team))
    return (
        text.replace("{period}", f"H{1 if today.month <= 6 else 2} {today.year}")
        .replace("{start}", first_day(today).isoformat())
        .replace("{end}", (today + timedelta(days=61)).isoformat())
        .replace("{closed}", ", ".join(day.isoformat() for day in closed_days(today)))
    )


def _members(team: str) -> str:
    """The team's addresses as a YAML list; part time is written as the part of a week."""
    found = []
    for person in people():
        if person.team == team:
            part = "" if person.capacity == 1 else f", part: {person.capacity}"
            found.append(f"{{email: {person.email}{part}}}" if part else person.email)
    return "[" + ", ".join(found) + "]"
