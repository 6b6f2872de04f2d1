"""The world outside: one module a source, each yields signals. Knows no database and nothing else of ours."""
