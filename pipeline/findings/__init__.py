"""Diagnoses: the forms that drift takes, one module each. They explain; they never raise an alarm."""
