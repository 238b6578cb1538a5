"""The client's tests run against the whole engine."""

from tests.api_environment import engine, env, env_database_url

__all__ = ["engine", "env", "env_database_url"]
