"""How long a test waits for a fact: far longer than any machine needs, so that no test depends on speed."""

PATIENCE = 240.0
"""Seconds until something that must happen has happened; a test itself may take ten minutes (`pyproject.toml`)."""
