"""A judge that reads each stream once: what it is asked, what of its answer counts, and what that is worth."""
