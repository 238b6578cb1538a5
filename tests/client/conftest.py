"""The client's tests run against the whole engine."""

from tests.engine_fixtures import engine, house, house_database_url

__all__ = ["engine", "house", "house_database_url"]
