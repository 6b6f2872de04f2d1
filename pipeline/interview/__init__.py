"""The alignment interview: how far named priorities agree, among themselves and with the register; private to the last."""
