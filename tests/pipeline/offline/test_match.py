"""`leeway match` on a file and the pipeline on a database say the same of the same work."""

import json
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from benchmarks.interview import Once
from benchmarks.worlds.labelled import document, read_labelled
from benchmarks.worlds.product import Opened
from benchmarks.worlds.rows import Item, Person, Rows, World
from pipeline.encode.encoder import SentenceEncoder
from pipeline.files import InputError
from pipeline.items import Item as Work
from pipeline.offline.match import match_offline, read_signals
from pipeline.register.document import parse

LUMENLEAF = Path(__file__).parents[3] / "benchmarks" / "companies" / "lumenleaf"
BEGIN = datetime(2026, 9, 7, 9, tzinfo=UTC)


def test_the_same_work_in_a_file_and_in_a_database_gets_the_same_beliefs(tmp_path: Path) -> None:
    labelled = read_labelled(LUMENLEAF)
    people = [Person(n, f"p{n}@x.example", team["key"]) for n, team in enumerate(labelled.register["teams"])]
    of_team = {one.team: one for one in people}
    rows, places = Rows(people), {}
    wanted = [row for row in labelled.signals if row["team"] in of_team and row["source"] != "hubspot"]
    wanted = [row for row in wanted if row["source"] == "jira" or not row["parent"]]
    for n, row in enumerate(wanted):
        at, person = BEGIN + timedelta(minutes=n), of_team[row["team"]]
        if row["source"] == "jira":
            above = places.get(row["parent"] or "")
            places[row["id"]] = rows.issue(row["id"], row["kind"], row["title"], row["text"], above, row["label"])
            rows.created(places[row["id"]], at, person)
            rows.assign(places[row["id"]], person, at)
            for minute in range(n % 4 * 3):
                rows.comment(places[row["id"]], at + timedelta(minutes=minute), person, "done with the first half")
        else:
            places[row["id"]] = rows.message(row["container"], at, person, row["text"], None, row["label"])
    register = document(labelled.register, people, BEGIN.date(), BEGIN.date() + timedelta(days=2))
    world = World(
        "lumenleaf",
        "as it is",
        "none",
        [(date(2026, 9, 1), register)],
        rows.pages(),
        rows.labels,
        [],
        BEGIN.date(),
        BEGIN + timedelta(days=2),
        None,
        False,
    )
    encoder = Once(SentenceEncoder())  # both ways have the same vectors, so they are computed once
    opened = Opened(tmp_path / "x.db", world, encoder)
    opened.analyse()
    stored: dict[Item, dict[str, float]] = opened.beliefs()
    opened.close()
    traces = Counter((signal.source, signal.item) for source, page in rows.pages() for signal in page.signals)
    signals = _with_traces(tmp_path, {id_: traces[place] for id_, place in places.items()})
    for prediction in match_offline(parse(register), signals, encoder):
        kept = stored[places[prediction.id]]
        for key, probability in prediction.probabilities.items():
            assert kept.get(key, 0.0) == pytest.approx(probability, abs=0.02), (prediction.id, key)


def _with_traces(folder: Path, traces: Mapping[str, int]) -> list[Work]:
    """The company's signals that are given a number of traces, read from a file that says it."""
    path = folder / "signals.jsonl"
    rows = [json.loads(line) for line in (LUMENLEAF / "signals.jsonl").read_text().splitlines()]
    path.write_text(
        "".join(json.dumps({**row, "traces": traces[row["id"]]}) + "\n" for row in rows if row["id"] in traces)
    )
    return read_signals(path)


@pytest.mark.parametrize("traces", ["many", -1, 1.5, True])
def test_traces_that_are_no_number_are_named_with_their_line(tmp_path: Path, traces: object) -> None:
    path = tmp_path / "signals.jsonl"
    row = {"id": "a", "source": "jira", "kind": "task", "title": "x"}
    path.write_text(f"{json.dumps(row)}\n{json.dumps({**row, 'id': 'b', 'traces': traces})}\n")
    with pytest.raises(InputError, match=r"line 2: 'traces' must be a whole number"):
        read_signals(path)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"id": "a", "source": "jira", "kind": "task", "traces": 1' + 400 * "0" + "}", "line 1: 'traces' must be"),
        (2000 * "[", "line 1: not valid JSON"),
    ],
)
def test_what_no_number_and_no_line_holds_is_a_sentence(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "signals.jsonl"
    path.write_text(line)
    with pytest.raises(InputError, match=said):
        read_signals(path)


def test_half_an_emoji_where_a_tool_cut_a_title_is_read_as_the_sources_read_it(tmp_path: Path) -> None:
    """Of a text that is cut in the middle of a character JSON holds the first half of it."""
    row = {
        "id": "a\ud83d",
        "source": "jira",
        "kind": "task",
        "title": "Ship it \ud83d",
        "labels": ["x\ud83d"],
        "text": "a \U0001f680",
    }
    path = tmp_path / "signals.jsonl"
    path.write_text(json.dumps(row))
    (item,) = read_signals(path)
    assert (item.id, item.title, item.labels, item.text) == ("a", "Ship it ", ("x",), "a \U0001f680")


def test_a_line_ends_where_json_lines_end_it(tmp_path: Path) -> None:
    titles = ["Unlock\u2028the bike", "a\u0085b", "c\x0bd", "e\u2029f"]
    rows = [
        {"id": f"A-{n}", "source": "jira", "kind": "issue", "title": title, "text": ""}
        for n, title in enumerate(titles)
    ]
    file = tmp_path / "signals.jsonl"
    file.write_text("".join(json.dumps(row, ensure_ascii=False) + "\r\n" for row in rows), encoding="utf-8", newline="")
    assert [item.title for item in read_signals(file)] == titles
