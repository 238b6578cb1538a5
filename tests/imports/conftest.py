"""The tests of imports run against the whole engine, and type commands at it."""

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator

import pytest

from tests.api_environment import ApiEnvironment, api, engine, env, env_database_url
from tests.cli.terminal import HERE, Output, Terminal, environment

__all__ = ["api", "engine", "env", "env_database_url"]

Typed = Callable[..., Awaitable[Output]]
"""Types `billflow WORDS`, and returns what it answered."""

TYPIST = HERE / "typist.py"


@pytest.fixture(scope="package")
async def api_key(env: ApiEnvironment) -> str:
    """Return a key for every command."""
    return await env.key()


@pytest.fixture(scope="package")
def terminal(env: ApiEnvironment, api_key: str) -> Iterator[Typed]:
    """Yield a terminal whose commands reach the running API; it answers in a thread, for the API lives in ours."""
    shell = environment(BILLFLOW_API_URL=env.api_url, BILLFLOW_API_KEY=api_key)
    typist = [sys.executable, str(TYPIST)]
    with subprocess.Popen(typist, env=shell, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        typing = Terminal(process)
        yield lambda *words: asyncio.to_thread(typing, *words)
        assert process.stdin
        process.stdin.close()
