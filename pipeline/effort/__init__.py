"""From traces to person-days."""
