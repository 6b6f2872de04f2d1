"""Diagnoses: the forms that drift has, each by a module of its own; they explain, and never alarm."""
