"""How people use their tools in our own worlds, and which events change their plan."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Habits:
    """Chances are of one stretch of work (part of a day on one thing), unless it says otherwise.

    `depth` levels of sub-tasks hang below a story, `children` each; `bare` is the chance that one's title says nothing. `moved`
    and `closed`: that a status follows the work; `log`, `comment`, `chat`: that it leaves one; `keyed`: that the chat names the
    issue; `threads`: part of all work that lives in Slack or the CRM alone; `part_time`: part of the people; `meetings`: part of
    the day; `at_once`: how many things somebody has in hand; `patience`: mean working days on one.
    """

    depth: int = 1
    children: int = 2
    bare: float = 0.5
    moved: float = 0.9
    closed: float = 0.7
    log: float = 0.2
    comment: float = 0.35
    chat: float = 0.3
    keyed: float = 0.6
    threads: float = 0.25
    part_time: float = 0.1
    meetings: float = 0.1
    at_once: int = 2
    patience: float = 5.0
    hand_over: float = 0.1
    words: str = "en"


STYLES: dict[str, Habits] = {
    "office": Habits(),
    "deep": Habits(depth=2, bare=0.85, log=0.25, comment=0.3, threads=0.15),
    "untidy": Habits(moved=0.5, closed=0.05, log=0.05, comment=0.3, patience=7.0, hand_over=0.3),
    "worklogs": Habits(log=0.97, comment=0.05, chat=0.05, moved=0.6, closed=0.4),
    "nologs": Habits(log=0.0, comment=0.45, chat=0.45, at_once=3),
    "threads": Habits(threads=0.6, keyed=0.1, chat=0.5, log=0.05, comment=0.2, moved=0.6),
    "statuses": Habits(
        log=0.0, comment=0.0, chat=0.0, moved=1.0, closed=1.0, threads=0.0, at_once=1, patience=12.0, meetings=0.05
    ),
    "parttime": Habits(part_time=0.6, meetings=0.25, hand_over=0.35, words="de", log=0.1),
}

EVENTS = ("none", "fall10", "fall15", "fall20", "fall30", "ramp", "team", "side", "swap", "replan")
FALLS = {"fall10": 0.10, "fall15": 0.15, "fall20": 0.20, "fall30": 0.30, "ramp": 0.24, "team": 0.60, "side": 0.20}
"""Points that an event takes from the top share: of everybody, or of one team for the last two but one of them."""

BARE = {
    "en": (
        "prep",
        "part 2",
        "tests",
        "follow-up",
        "review",
        "docs",
        "cleanup",
        "fix comments",
        "second round",
        "spike",
        "numbers",
        "ask around",
        "draft",
        "rollout",
        "misc",
        "write-up",
        "check again",
        "open points",
    ),
    "de": (
        "Vorbereitung",
        "Teil 2",
        "Tests",
        "Nacharbeit",
        "Abstimmung",
        "Doku",
        "Aufräumen",
        "Rückfragen",
        "Entwurf",
        "Zahlen prüfen",
        "zweite Runde",
        "offene Punkte",
        "Termin vereinbaren",
    ),
}
SAID = {
    "en": (
        "done with the first half",
        "blocked, waiting for an answer",
        "pushed it",
        "looks good now",
        "needs another day",
        "see above",
        "tomorrow then",
        "works",
        "had to start over",
        "who knows about this?",
    ),
    "de": (
        "erste Hälfte fertig",
        "warte auf Antwort",
        "ist hochgeladen",
        "sieht gut aus",
        "brauche noch einen Tag",
        "siehe oben",
        "dann morgen",
        "läuft",
        "musste neu anfangen",
        "wer kennt sich aus?",
    ),
}
CHATTER = (
    "coffee?",
    "morning all",
    "who has the projector",
    ":tada:",
    "out sick today",
    "happy birthday!!",
    "the wifi is down again",
    "cake in the kitchen",
    "have a good weekend",
)
