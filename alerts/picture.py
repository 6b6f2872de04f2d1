"""A Block Kit message as an HTML page that resembles Slack's display; for the demo and the documentation."""

import re
from collections.abc import Mapping
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Slack alert</title><style>
body { margin: 0; padding: 20px; background: #fff; color: #1d1c1d; font: 15px/1.46 Lato, "Helvetica Neue", Arial, sans-serif }
main { max-width: 660px } h1 { font-size: 18px; margin: 8px 0 } section { margin: 8px 0; white-space: pre-wrap }
small { color: #616061; font-size: 12px } header b { font-weight: 900 } header i { background: #ddd; font: 10px Arial;
border-radius: 2px; padding: 1px 3px } article { border-bottom: 1px solid #ddd; padding-bottom: 14px; margin-bottom: 14px }
img { max-width: 100%; border: 1px solid #ddd; border-radius: 8px }
button { font: 700 13px Arial; padding: 6px 10px; margin: 4px 6px 4px 0; border: 1px solid #bbb; border-radius: 4px }
</style></head><body><main>
{% for message in messages %}<article><header><b>Leeway</b> <i>APP</i></header>
{% for block in message.blocks %}{% if block.type == "header" %}<h1>{{ block.text.text }}</h1>
{% elif block.type == "section" %}<section>{{ block.text.text | mrkdwn }}</section>
{% elif block.type == "image" and pictures.get(block.slack_file.id) %}
<img src="data:image/png;base64,{{ pictures[block.slack_file.id] }}" alt="{{ block.alt_text }}">
{% elif block.type == "actions" %}<div>
{% for one in block.elements %}<button type="button">{{ one.text.text }}</button>{% endfor %}</div>
{% elif block.type == "context" %}<small>{% for one in block.elements %}{{ one.text | mrkdwn }}{% endfor %}</small>
{% endif %}{% endfor %}</article>{% endfor %}</main></body></html>
"""


def page(messages: list[Mapping[str, Any]], pictures: Mapping[str, str] | None = None) -> str:
    """HTML of the messages, all outside text escaped as it is in Slack. `pictures` are the uploaded files, in base64."""
    environment = Environment(autoescape=True)
    environment.filters["mrkdwn"] = _mrkdwn
    return environment.from_string(_PAGE).render(messages=messages, pictures=pictures or {})


def _mrkdwn(text: str) -> Markup:
    """Bold is the only markup that our alerts use. The text comes escaped, as Slack demands: nothing else may pass."""
    safe = text.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">")
    escaped = str(Markup.escape(safe))
    return Markup(re.sub(r"\*([^*\n]+)\*", r"<b>\1</b>", escaped))  # escaped above  # noqa: S704
