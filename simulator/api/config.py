"""What a simulated account may do, and how strict the servers are."""

from dataclasses import dataclass, field

JIRA_EMAIL, JIRA_TOKEN = "ops@velora.example", "jira-simulated-token"
SLACK_TOKEN = "xoxb-simulated-token"
HUBSPOT_TOKEN = "pat-simulated-token"
SLACK_SCOPES = frozenset({
    "channels:read", "channels:history", "users:read", "users:read.email", "chat:write", "files:write",
})  # fmt: skip
HUBSPOT_SCOPES = frozenset({
    "crm.objects.deals.read", "tickets", "crm.objects.contacts.read", "sales-email-read", "crm.objects.owners.read",
})  # fmt: skip


@dataclass(slots=True)
class ApiConfig:
    """`speed` scales the vendors' rate limits: at 60, a minute's worth of calls is allowed each second."""

    slack_scopes: frozenset[str] = SLACK_SCOPES
    hubspot_scopes: frozenset[str] = HUBSPOT_SCOPES
    jira_time_zone: str = "Europe/Berlin"
    jira_projects: frozenset[str] | None = None
    speed: float = 1.0
    hidden_emails: frozenset[int] = field(default_factory=lambda: frozenset({7, 31, 44}))
