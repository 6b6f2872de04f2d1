"""The commands, a module for each section of `leeway --help`. Each imports what it needs when it runs."""
