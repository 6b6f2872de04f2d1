"""What can be found, and who hears of it."""

from typing import Literal

Audience = Literal["company", "ops"]
AUDIENCES: dict[str, Audience] = {"drift": "company", "objective": "company", "data": "ops"}
"""Who hears of a finding, by kind."""
