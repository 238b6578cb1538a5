"""The event loop of a process that serves or works: uvloop where there is one for this platform."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


def run(job: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine to its end, and return its result."""
    try:
        import uvloop  # noqa: PLC0415  (it is not there on every platform)
    except ImportError:
        return asyncio.run(job)
    return uvloop.run(job)
