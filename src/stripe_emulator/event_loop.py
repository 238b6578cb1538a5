"""The event loop of the server: uvloop where there is one for this platform."""

import asyncio
from collections.abc import Coroutine
from typing import Any


def run(job: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine to its end."""
    try:
        import uvloop  # noqa: PLC0415  (it is not there on every platform)
    except ImportError:
        asyncio.run(job)
    else:
        uvloop.run(job)
