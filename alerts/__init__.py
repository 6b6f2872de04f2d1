"""What Leeway sends: the Slack alert, the weekly digest, their charts and templates."""
