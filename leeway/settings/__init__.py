"""Settings: leeway.toml, each value also an environment variable (LEEWAY_JIRA__TOKEN), secrets also from files
(LEEWAY_JIRA__TOKEN_FILE). A misspelt name is never ignored in silence, and every fault is told with the place it came from."""

from leeway.settings.load import default_path, load
from leeway.settings.names import SettingsError, known_names
from leeway.settings.schema import DatabaseSettings, Settings, WebSettings

__all__ = ["DatabaseSettings", "Settings", "SettingsError", "WebSettings", "default_path", "known_names", "load"]
