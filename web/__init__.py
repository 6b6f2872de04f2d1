"""The page and the Slack buttons' endpoint."""
