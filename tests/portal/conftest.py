"""The portal's tests run against the whole engine, with one customer that has one of everything."""

from tests.api_environment import api, engine, env, env_database_url
from tests.console.people import acme

__all__ = ["acme", "api", "engine", "env", "env_database_url"]
