"""The page and the Slack buttons' endpoint. So far: whether the service lives and is ready."""
