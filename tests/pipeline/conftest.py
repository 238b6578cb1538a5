"""The rules on the whole engine: rows, workflows, webhooks and the Stripe stand-in."""

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator

import pytest

from tests.cli.terminal import HERE, Answer, Terminal, environment
from tests.engine_fixtures import API_KEY, House, api, engine, house, house_database_url
from tests.pipeline.story import SERVER, Story, begun

__all__ = ["api", "engine", "house", "house_database_url"]

Typed = Callable[..., Awaitable[Answer]]
"""Types `billflow WORDS`, and returns what it answered."""

TYPIST = HERE / "typist.py"


@pytest.fixture
async def story(house: House) -> Story:
    """Return a cloud customer with a good card, on a test clock of its own."""
    return await begun(house)


@pytest.fixture
async def server_story(house: House) -> Story:
    """Return a self-hosted customer with a good card, on a test clock of its own."""
    return await begun(house, SERVER)


@pytest.fixture(scope="session")
def terminal(house: House, temporal_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Typed]:
    """Yield a terminal whose commands reach the running house; it answers in a thread, for the house lives in ours."""
    secrets = house.engine.settings
    assert secrets.database_url
    env = environment(
        tmp_path_factory.mktemp("terminal"),
        DATABASE_URL=secrets.database_url.get_secret_value(),
        TEMPORAL_ADDRESS=temporal_server,
        STRIPE_API_KEY=API_KEY,
        STRIPE_API_BASE=str(secrets.stripe_api_base),
    )
    typist = [sys.executable, str(TYPIST)]
    with subprocess.Popen(typist, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        typing = Terminal(process)
        yield lambda *words: asyncio.to_thread(typing, *words)
        assert process.stdin
        process.stdin.close()
