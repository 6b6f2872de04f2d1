"""From shares to drifts."""
