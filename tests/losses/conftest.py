"""These tests run against a whole engine of their own, since reconciliation is to find nothing in its organization."""

from tests.api_environment import api, engine, env, env_database_url

__all__ = ["api", "engine", "env", "env_database_url"]
