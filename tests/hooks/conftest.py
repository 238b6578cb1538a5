"""Events go out from the whole engine."""

from tests.engine_fixtures import api, engine, house, house_database_url

__all__ = ["api", "engine", "house", "house_database_url"]
