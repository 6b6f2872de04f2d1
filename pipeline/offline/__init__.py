"""The match and the detector on files, without a database."""
