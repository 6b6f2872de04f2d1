"""Rich text of three vendors to plain text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.text import from_adf, from_blocks, from_html, from_mail, from_mrkdwn, hours_of, issue_keys

ADF = st.recursive(
    st.none()
    | st.text(max_size=20)
    | st.integers()
    | st.fixed_dictionaries({"type": st.just("text"), "text": st.text(max_size=20)}),
    lambda inner: st.fixed_dictionaries(
        {"type": st.sampled_from(["doc", "paragraph", "panel", "x"]), "content": st.lists(inner, max_size=3)}
    ),
    max_leaves=20,
)


def test_adf_keeps_words_and_drops_code() -> None:
    doc = {
        "type": "doc",
        "content": [
            {"type": "heading", "content": [{"type": "text", "text": "Why"}]},
            {"type": "paragraph", "content": [{"type": "text", "text": "It is "}, {"type": "text", "text": "slow"}]},
            {"type": "codeBlock", "content": [{"type": "text", "text": "SELECT 1"}]},
            {
                "type": "paragraph",
                "content": [{"type": "mention", "attrs": {"text": "@Ann"}}, {"type": "text", "text": " look"}],
            },
        ],
    }
    assert from_adf(doc) == "Why\nIt is slow\nlook"


def test_adf_nested_deeper_than_the_stack() -> None:
    doc: dict[str, object] = {"type": "text", "text": "deep"}
    for _ in range(5000):
        doc = {"type": "panel", "content": [doc]}
    assert from_adf(doc) == "deep"


PIECES = [
    "<p>",
    "</p>",
    '<p style="margin:0;">',
    "<div>",
    "</div>",
    "<br>",
    "<br/>",
    "<strong>",
    "</strong>",
    "Ship it",
    "now",
]
WHOLE = st.lists(
    st.sampled_from(["<p>{}</p>", "<div>{}</div>", "<b>{}</b>", "{}<br>", '<p dir="auto">{}</p>']), max_size=5
)


@pytest.mark.parametrize("mail", [True, False])
@given(WHOLE)
def test_plain_paragraphs_are_read_as_the_parser_reads_them(mail: bool, rows: list[str]) -> None:
    """It is asked only for markup of which something is to be left out, as for the empty one at this end."""
    markup = "".join(row.format(f"word {number}") for number, row in enumerate(rows))
    assert from_html(markup, mail=mail) == from_html(f"{markup}<pre></pre>", mail=mail)


@given(st.lists(st.sampled_from(PIECES), max_size=12))
def test_paragraphs_that_are_not_closed_lose_no_word(pieces: list[str]) -> None:
    words = "".join(piece for piece in pieces if "<" not in piece)
    assert "".join(from_html("".join(pieces)).split()) == "".join(words.split())


@given(ADF)
def test_adf_of_any_shape_gives_storable_text(doc: object) -> None:
    text = from_adf(doc)
    assert "\x00" not in text
    text.encode("utf-8")


def test_mrkdwn_shows_labels_and_hides_people() -> None:
    text = "<@U123> see <https://x.example/a|the doc> in <#C1|ops> &amp; <!channel> :tada:"
    assert from_mrkdwn(text) == "@someone see the doc in #ops & 🎉"


def test_mrkdwn_drops_code_and_quotes() -> None:
    assert from_mrkdwn("before\n```x = 1```\n> quoted\nafter") == "before\nafter"


@given(st.text())
def test_mrkdwn_of_any_text_can_be_stored(text: str) -> None:
    from_mrkdwn(text).encode("utf-8")


def test_html_drops_scripts_and_quoted_mail() -> None:
    markup = "<div>We sign <b>Monday</b></div><script>x()</script><blockquote>old</blockquote><p>--</p><p>Ann, CEO</p>"
    assert from_html(markup) == "We sign Monday"


def test_issue_keys_are_found_once_and_standards_are_not_keys() -> None:
    assert issue_keys("PAY-12, see PAY-12 and OPS-3 (UTF-8, SHA-256)", None, "x/ABC-1 no") == ("PAY-12", "OPS-3")


def test_keys_of_other_formats_are_keys_yet_another_commit_checker_2_jira_ext_16_jira_ci_cd_111() -> None:
    """A Data Center's projects may have underscores in their keys, and more than ten letters."""
    said = "PRO_J_ZAA-123 and A1_1_B-1, [INFRASTRUCTURE-7]; not MAX_VALUE or _X-1"
    assert issue_keys(said) == ("PRO_J_ZAA-123", "A1_1_B-1", "INFRASTRUCTURE-7")


def test_rich_text_blocks_of_slack() -> None:
    blocks = [
        {
            "type": "rich_text",
            "elements": [
                {
                    "type": "rich_text_section",
                    "elements": [
                        {"type": "text", "text": "see "},
                        {"type": "link", "url": "https://x.example/a", "text": "the plan"},
                        {"type": "text", "text": " with "},
                        {"type": "user", "user_id": "U1"},
                    ],
                },
                {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "rm -rf"}]},
                {
                    "type": "rich_text_list",
                    "elements": [
                        {"type": "rich_text_section", "elements": [{"type": "text", "text": "one"}]},
                        {"type": "rich_text_section", "elements": [{"type": "text", "text": "two"}]},
                    ],
                },
            ],
        }
    ]
    assert from_blocks(blocks) == "see the plan with @someone\none\ntwo"


@pytest.mark.parametrize("blocks", [None, "text", [None, 5, {"elements": 3}, {"text": {"text": None}}]])
def test_strange_blocks_are_no_error(blocks: object) -> None:
    assert isinstance(from_blocks(blocks), str)


@pytest.mark.parametrize(
    "quoted",
    [
        "On Mon, 6 Jul 2026 at 10:00, Kim <kim@c.example> wrote:\n> old words",
        "Am Mo., 6. Juli 2026 um 10:00 Uhr schrieb Kim <kim@c.example>:\n> old words",
        "El lun, 6 jul 2026 a las 10:00, Kim (<kim@c.example>) escribió:\n> old words",
        "Le lun. 6 juil. 2026 à 10:00, Kim <kim@c.example> a écrit :\n> old words",
        "-- \nKim\nold words",
    ],
)
def test_quoted_mails_and_signatures_are_dropped_in_several_languages(quoted: str) -> None:
    assert from_mail(f"Grüße, we ship on Friday.\n\n{quoted}\n") == "Grüße, we ship on Friday."


@given(st.text())
def test_any_text_of_a_mail_is_read(text: str) -> None:
    assert "\x00" not in from_mail(text)


@pytest.mark.parametrize("seconds", ["NaN", float("inf"), -1, "soon", None])
def test_a_duration_that_is_none(seconds: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        hours_of(seconds)


@pytest.mark.parametrize(
    "text",
    [
        from_mrkdwn("see <https://x.atlassian.example/browse/PAY-102|this>"),
        from_mrkdwn("see <https://x.atlassian.example/browse/PAY-102>"),
        from_adf(
            {
                "type": "doc",
                "content": [
                    {
                        "type": "text",
                        "text": "this",
                        "marks": [{"type": "link", "attrs": {"href": "https://x.atlassian.example/browse/PAY-102"}}],
                    }
                ],
            }
        ),
        from_adf(
            {"type": "doc", "content": [{"type": "inlineCard", "attrs": {"url": "https://x.example/browse/PAY-102"}}]}
        ),
        from_html('<p>see <a href="https://x.atlassian.example/browse/PAY-102">this</a></p>'),
        from_blocks(
            [
                {
                    "type": "rich_text",
                    "elements": [
                        {
                            "type": "rich_text_section",
                            "elements": [{"type": "link", "url": "https://x.example/browse/PAY-102", "text": "this"}],
                        }
                    ],
                }
            ]
        ),
    ],
)
def test_a_link_to_an_issue_names_it_whatever_its_label(text: str) -> None:
    assert issue_keys(text) == ("PAY-102",)


@pytest.mark.parametrize("marks", [None, 5, [None], [{"attrs": 3}], [{"attrs": {"href": None}}]])
def test_broken_marks_lose_no_words(marks: object) -> None:
    assert from_adf({"type": "doc", "content": [{"type": "text", "text": "words", "marks": marks}]}) == "words"
