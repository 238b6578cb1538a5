"""The rules on the whole engine: rows, workflows, webhooks and the Stripe stand-in."""

from collections.abc import Awaitable, Callable

import pytest

from tests.engine_fixtures import House, api, engine, house, house_database_url
from tests.pipeline.story import SERVER, Story, begun

__all__ = ["api", "engine", "house", "house_database_url"]

Begin = Callable[[], Awaitable[Story]]


@pytest.fixture
async def story(house: House) -> Story:
    """Return a cloud customer with a good card, on a test clock of its own."""
    return await begun(house)


@pytest.fixture
async def server_story(house: House) -> Story:
    """Return a self-hosted customer with a good card, on a test clock of its own."""
    return await begun(house, SERVER)
