"""What a simulated account may do, and how strict the servers are."""

from dataclasses import dataclass, field

from simulator.api.faults import Faults

JIRA_EMAIL, JIRA_TOKEN = "ops@velora.example", "jira-simulated-token"
JIRA_SCOPED_TOKEN, JIRA_GATEWAY = "jira-scoped-token", "/ex/jira/2f6a5c1e"
"""A token with scopes, which the site refuses, and the path below which it is taken."""
SLACK_TOKEN = "xoxb-simulated-token"
HUBSPOT_TOKEN = "pat-simulated-token"
GITHUB_TOKEN = "ghp_simulated-token"
SLACK_SCOPES = frozenset(
    {
        "channels:read",
        "channels:history",
        "users:read",
        "users:read.email",
        "chat:write",
        "files:write",
    }
)
HUBSPOT_SCOPES = frozenset(
    {
        "crm.objects.deals.read",
        "tickets",
        "crm.objects.contacts.read",
        "sales-email-read",
        "crm.objects.owners.read",
    }
)


@dataclass(slots=True)
class ApiConfig:
    """`jira_data_center` makes the Jira one with REST v2 only; with `jira_expired` it answers as it does to a token that
    has run out: 200, nothing to show, and a header. With `jira_parent_link` it has Advanced Roadmaps' field above epics;
    `jira_fields` are further fields, names by id. `jira_former_keys` names projects by the key they once had.

    `jira_cloud_id`, `slack_team` (id and name) and `hubspot_portal` say whose the accounts are, `jira_address` what
    the Jira calls its own address where that is not the one that it is asked at.

    `speed` scales the vendors' rate limits: at 60, a minute's worth of calls is allowed each second.

    `slack_page` and `slack_per_minute` make the strict regime of apps outside the Marketplace (15 and 1). `unindexed`
    names issues and records (by id) that the search does not show yet. `jira_erased` are people whose accounts are gone,
    `jira_customers` those who ask through a portal of Jira Service Management. A `frozen` world does not change, so that
    answers may rest on sorted copies: for benchmarks.
    """

    slack_scopes: frozenset[str] = SLACK_SCOPES
    hubspot_scopes: frozenset[str] = HUBSPOT_SCOPES
    jira_time_zone: str = "Europe/Berlin"
    jira_projects: frozenset[str] | None = None
    jira_data_center: bool = False
    jira_expired: bool = False
    jira_cloud_id: str = "2f6a5c1e"
    jira_address: str = ""
    slack_team: tuple[str, str] = ("T00000001", "Velora Bikes")
    hubspot_portal: int = 4_711_001
    jira_parent_link: bool = False
    jira_erased: set[int] = field(default_factory=set)
    jira_customers: set[int] = field(default_factory=set)
    jira_fields: dict[str, str] = field(default_factory=dict)
    jira_former_keys: dict[str, str] = field(default_factory=dict)
    speed: float = 1.0
    slack_page: int = 999
    slack_per_minute: float = 50
    frozen: bool = False
    faults: Faults = field(default_factory=Faults)
    unindexed: set[str] = field(default_factory=set)
    hidden_emails: frozenset[int] = field(default_factory=lambda: frozenset({7, 31, 44}))
