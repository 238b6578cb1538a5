"""A pytest plugin: a test that takes too long fails, whatever its event loop was doing at that moment.

pytest-timeout raises its failure in the main thread. By itself an event loop keeps that in what it calls just then, a
task of a worker's or its own look at signals, and the test goes on waiting.
"""

import signal
from collections.abc import Generator
from types import FrameType

import pytest
from _pytest.outcomes import Failed


class TimedOut(Failed, SystemExit):
    """A failure that event loops hand on, as they do what ends a program."""


@pytest.hookimpl(wrapper=True)
def pytest_timeout_set_timer() -> Generator[None, object, object]:
    """Raise the failure as one of ours."""
    result = yield
    if callable(fail := signal.getsignal(signal.SIGALRM)):

        def raise_out(number: int, frame: FrameType | None) -> None:
            try:
                fail(number, frame)
            except Failed as failure:
                raise TimedOut(failure.msg) from None

        signal.signal(signal.SIGALRM, raise_out)
    return result
