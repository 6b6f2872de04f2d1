"""The page under a hand: charts that answer, buttons that can be taken back, light and dark."""

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from leeway.app import App
from leeway.measuring import check_in
from models import Drift, Theme
from pipeline.register.document import parse
from pipeline.register.versions import load_register
from simulator.company import register_yaml
from tests.conftest import TODAY
from tests.web.conftest import needs_browser
from web.auth import sign_in_token

pytestmark = needs_browser
BARS = "figure .drawn .layer_0_marks path"
OBJECTIVES, LAST = 6, 9 * 6
"""Bars of a week in the company's chart, and the place of the first of the last week."""


@pytest.fixture
def enter(app: App, served: str, browser: Any) -> Iterator[Callable[..., Any]]:
    """Opens a signed-in page of a size; whatever it says to the console, or asks of another host, fails the test."""
    said: list[str] = []

    def opened(width: int = 1280, role: str = "ops", team: str | None = None, **options: Any) -> Any:
        page = browser.new_page(viewport={"width": width, "height": 900}, **options)
        page.set_default_timeout(10_000)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda one: said.append(one.url) if not one.url.startswith((served, "data:")) else None)
        page.goto(f"{served}/sign-in?token={sign_in_token(app, role, team)}")
        page.get_by_role("button", name="Sign in").click()
        return page

    yield opened
    for context in browser.contexts:
        context.close()
    assert said == []


def middle(box: dict[str, float]) -> tuple[float, float]:
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_a_chart_shows_values_filters_by_its_legend_and_leads_to_a_week(enter: Callable[..., Any]) -> None:
    page = enter()
    page.locator("figure").first.hover()
    bars = page.locator(BARS)
    bars.first.wait_for()
    bars.nth(LAST).hover()
    tooltip = page.locator("#vg-tooltip-element.visible")
    tooltip.wait_for()
    text = tooltip.inner_text()
    assert "6 Jul to 12 Jul" in text
    assert "at least" in text
    assert "%" in text
    before = {bars.nth(n).get_attribute("opacity") for n in range(bars.count())}
    page.locator("figure .drawn .role-legend-symbol path").first.click()
    page.wait_for_function(
        f"new Set([...document.querySelectorAll('{BARS}')].map(one => one.getAttribute('opacity'))).size == 2"
    )
    assert len(before) == 1  # all of one strength until one objective was chosen
    bars.nth(LAST).click()
    of_objective = page.locator("nav.choice a").first.get_attribute("href") or ""
    assert re.search(r"/objectives/O\d$|/streams$", of_objective)
    page.keyboard.press("Escape")
    assert not page.locator("nav.choice").count()
    bars.nth(LAST).click()
    page.locator("nav.choice a", has_text="6 Jul to 12 Jul").click()
    page.wait_for_url("**/weeks/2026-07-06")


def test_a_column_sorts_by_its_numbers_with_what_has_none_and_the_sum_last(enter: Callable[..., Any]) -> None:
    page = enter()
    page.goto(page.url + "weeks/2026-07-06")
    table = page.locator("section", has_text="What changed against the week before").locator("table")
    for place, text in enumerate(("−2", "100%", "no plan", "+9", "−12")):
        cell = table.locator("tbody tr").nth(place).locator("td").last
        cell.evaluate("(cell, text) => { cell.removeAttribute('data-v'); cell.textContent = text }", text)
    table.locator("tbody tr").nth(5).evaluate("row => row.remove()")
    for expected in (["−12", "−2", "+9", "100%"], ["100%", "+9", "−2", "−12"]):
        table.get_by_role("button", name="Change").click()
        shown = table.locator("tbody tr td:last-child").all_inner_texts()
        assert shown[:5] == [*expected, "no plan"]
        assert table.locator("tbody tr").last.get_attribute("class") == "sum"


def test_a_range_of_weeks_drawn_in_the_chart_is_the_period_of_the_whole_page(enter: Callable[..., Any]) -> None:
    page = enter()
    assert page.locator("table.heat thead th").count() == 7
    page.locator("figure").first.hover()
    bars = page.locator(BARS)
    bars.first.wait_for()
    (x, y), (to, _) = middle(bars.nth(3 * OBJECTIVES).bounding_box()), middle(bars.nth(6 * OBJECTIVES).bounding_box())
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(to, y, steps=5)
    page.mouse.up()
    page.wait_for_url("**/?since=*")
    chosen = {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}
    assert "2026-05-25" <= chosen["since"] < chosen["until"] <= "2026-06-21"
    assert page.locator("table.heat thead th").count() < 7  # the teams' weeks follow
    assert page.locator("section.story").count() == 0  # and what is told of today is not told of then
    page.locator(".period a").first.click()
    page.wait_for_url(lambda url: "since" not in url)


def test_what_changes_something_asks_once_and_is_taken_back_in_one_press(app: App, enter: Callable[..., Any]) -> None:
    page = enter()
    page.goto(page.url + "drifts/1")
    assert not page.get_by_role("button", name="Yes: this was planned").is_visible()
    page.get_by_text("This was planned", exact=True).click()
    page.get_by_text("Everybody here will see").wait_for()
    page.get_by_role("button", name="Yes: this was planned").click()
    page.get_by_text("It can be undone for a day").wait_for()
    with app.sessions() as session:
        assert session.get_one(Drift, 1).state == "intended"
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("status").get_by_text("Undone").wait_for()
    with app.sessions() as session:
        assert session.get_one(Drift, 1).state == "raised"


def test_on_a_phone_the_head_is_one_row_whose_menu_opens_without_a_script(enter: Callable[..., Any]) -> None:
    page = enter(390, java_script_enabled=False)
    head = page.locator("header.top")
    assert head.bounding_box()["height"] < 60
    streams = head.get_by_role("link", name="Streams")
    assert not streams.is_visible()
    head.get_by_text("Menu").focus()
    page.keyboard.press("Enter")
    streams.wait_for()
    assert head.get_by_role("link", name="Fleet & Firmware").is_visible()
    box = head.locator("details.pages nav").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    page.set_viewport_size({"width": 768, "height": 900})
    assert head.bounding_box()["height"] < 60
    streams.click()
    page.wait_for_url("**/streams")
    page.set_viewport_size({"width": 1280, "height": 900})
    assert not head.get_by_text("Menu").is_visible()
    assert streams.is_visible()
    assert head.bounding_box()["height"] < 60


def test_dark_is_dark_in_the_charts_too(enter: Callable[..., Any]) -> None:
    page = enter(390, color_scheme="dark")
    shade = """selector => getComputedStyle(document.querySelector(selector)).%s
        .match(/[0-9]+/g).slice(0, 3).reduce((sum, one) => sum + Number(one), 0)"""
    assert page.evaluate(shade % "backgroundColor", "body") < 150
    assert page.evaluate(shade % "fill", "figure .phone svg .role-axis-label text") > 300
    page.locator("button.draw").first.click()  # a finger has no hover
    page.locator(BARS).first.wait_for()
    assert page.evaluate(shade % "fill", "figure .drawn .role-axis-label text") > 300
    page.emulate_media(color_scheme="light")
    assert page.evaluate(shade % "backgroundColor", "body") > 600
    assert page.evaluate(shade % "fill", "figure .drawn .role-axis-label text") < 400


LONG_DATE = """() => {
    for (const link of document.querySelectorAll('main a')) {
        if (link.innerText.includes('27 May')) link.innerText = '27 September 2026'
    }
}"""
BROKEN = r"""() => {
    const found = [], texts = document.createTreeWalker(document.querySelector('main'), NodeFilter.SHOW_TEXT)
    while (texts.nextNode()) {
        const node = texts.currentNode
        if (node.parentElement.closest('svg, .onpaper') || !node.parentElement.getClientRects().length) continue
        for (const word of node.data.matchAll(/[\p{L}\d]{2,12}/gu)) {
            const range = document.createRange()
            range.setStart(node, word.index)
            range.setEnd(node, word.index + word[0].length)
            const lines = new Set([...range.getClientRects()].filter(one => one.width > 0).map(one => Math.round(one.top)))
            if (lines.size > 1) found.push(word[0])
        }
    }
    for (const cell of document.querySelectorAll('main .card :is(td, th)')) {
        const card = cell.closest('.card').getBoundingClientRect(), box = cell.getBoundingClientRect()
        if (box.width && box.right > card.right - 8) found.push(`outside: ${cell.textContent.trim().slice(0, 20)}`)
    }
    return [...new Set(found)]
}"""
"""Words of up to twelve letters that stand on two lines, and cells that reach into the edge of their card."""
SCALES = """() => [...document.querySelectorAll('figure svg')]
    .map(one => one.getBoundingClientRect().width / one.getAttribute('width')).filter(scale => scale)"""
"""How large each picture that is shown stands there, beside how large it was drawn."""


def test_on_a_phone_no_word_is_broken_and_no_cell_leaves_its_card(app: App, enter: Callable[..., Any]) -> None:
    with app.sessions.begin() as session:  # a title that breaks is another test's
        for theme in session.scalars(select(Theme)):
            theme.name = "Workshop recertification, second hall"
    page = enter(390)
    home = page.url
    for path in (
        "",
        "teams",
        "teams/app",
        "objectives/O1",
        "streams",
        "weeks/2026-07-06",
        "drifts",
        "packs/weekly",
        "packs/monthly",
    ):
        page.goto(home + path)
        assert (path, page.evaluate(BROKEN)) == (path, [])
    for width in (390, 768, 1280):  # one picture of each chart is shown, about as large as it was drawn
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(home)
        (scale,) = page.evaluate(SCALES)
        assert 0.85 < scale < 1.2, width
    lead = enter(390, role="team", team="app")
    assert "here" in lead.inner_text("main")  # its own figures of the company's fall
    assert lead.evaluate(BROKEN) == []
    with app.sessions.begin() as session:
        for theme in session.scalars(select(Theme)):
            theme.name = "supercalifragilisticexpialidocious_feature_flag_rollout"
    lead.reload()
    assert "supercalifragilistic" in lead.inner_text(".story")
    assert lead.evaluate("document.documentElement.scrollWidth") == 390


OWNED = "owner: carla.jung@velora.example, teams: [sales]}"
BILLIONS = f"metric: {{checkin: true, start: 1200000000, target: 2500000000, unit: EUR}}, {OWNED}"
TALLEST = "Math.max(...[...document.querySelectorAll('.cards .k')].map(one => one.getBoundingClientRect().height))"


def test_on_a_phone_no_number_is_broken_and_a_long_title_keeps_its_card_small(
    app: App, enter: Callable[..., Any]
) -> None:
    text = register_yaml(TODAY).replace(OWNED, BILLIONS, 1)
    with app.sessions.begin() as session:
        load_register(session, parse(text), text)
    check_in(app, "O1.1", 1_612_345_678, "")
    page = enter(390)
    page.goto(page.url + "key-results/O1.1")
    for width in (390, 320):
        page.set_viewport_size({"width": width, "height": 900})
        assert "1,612,345,678 EUR" in page.inner_text(".cards")
        assert (width, page.evaluate(BROKEN)) == (width, [])  # it read "1,612,34" above "5,678 EUR"
        assert page.evaluate("document.documentElement.scrollWidth") == width
    page.locator(".cards .k").first.evaluate(
        f"one => {{ one.title = ' '; one.innerText = '{'On the day we promised ' * 12}' }}"
    )
    assert page.evaluate(TALLEST) < 80  # it was as high as its lines, and so were all cards


def test_on_a_phone_a_teams_name_is_whole_beside_a_long_date(app: App, enter: Callable[..., Any]) -> None:
    with app.sessions.begin() as session:
        for drift in session.scalars(select(Drift)):
            drift.scope, drift.start = "workshop", drift.start.replace(month=5, day=27)
    page = enter(390)
    assert "Workshops" in page.locator("section", has_text="Findings so far").last.inner_text()
    page.evaluate(LONG_DATE)
    assert page.evaluate(BROKEN) == []
