"""The customers' tests run against the whole engine."""

from tests.api_environment import api, engine, env, env_database_url
from tests.customers.lives import lived

__all__ = ["api", "engine", "env", "env_database_url", "lived"]
