"""What we say: the Slack alert, the weekly digest, their charts and templates."""
