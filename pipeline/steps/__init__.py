"""Steps that must be stable: which cases went the written way, where they did not, and whether that softens."""
