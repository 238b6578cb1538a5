"""The tests of cutovers run against the whole engine, and type commands at it."""

from tests.api_environment import api, engine, env, env_database_url
from tests.pipeline.conftest import api_key, terminal

__all__ = ["api", "api_key", "engine", "env", "env_database_url", "terminal"]
