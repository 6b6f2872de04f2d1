"""From person-days and matches to shares with intervals."""
