"""The customers' tests run against the whole engine."""

from tests.api_environment import api, engine, env, env_database_url

__all__ = ["api", "engine", "env", "env_database_url"]
