"""The alignment interview: how far people's named priorities agree with each other and with the register, in full privacy."""
