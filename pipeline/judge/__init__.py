"""A judge that reads each stream once: what it is asked, which of its answers are valid, and how accurate it is."""
