"""What Python can raise nowhere fails a test, but for the SDK's interruption of a workflow task that took too long."""

import gc

import pytest
from _pytest.unraisableexception import collect_unraisable
from temporalio.worker._workflow import _InterruptDeadlockError

from tests.sizes import further


class Collected:
    """Ends with an exception that nobody can catch, as what is collected in an interrupted thread does."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def __del__(self) -> None:
        raise self._error


def drop(error: BaseException) -> None:
    """Make an object that raises when it is collected, and have it collected."""
    Collected(error)
    gc.collect()


def test_an_interrupted_workflow_task_whose_exception_met_something_collected_fails_no_test(
    request: pytest.FixtureRequest,
) -> None:
    drop(_InterruptDeadlockError())
    collect_unraisable(request.config)


@pytest.mark.parametrize("error", [ValueError("_InterruptDeadlockError"), *further(KeyboardInterrupt())])
def test_any_other_exception_that_python_can_raise_nowhere_fails_the_test(
    error: BaseException, request: pytest.FixtureRequest
) -> None:
    drop(error)
    with pytest.raises(pytest.PytestUnraisableExceptionWarning):
        collect_unraisable(request.config)


@pytest.mark.full
def test_an_exception_that_follows_from_an_interruption_fails_the_test(request: pytest.FixtureRequest) -> None:
    error = ValueError("it was handled wrongly")
    error.__context__ = _InterruptDeadlockError()

    drop(error)
    with pytest.raises(pytest.PytestUnraisableExceptionWarning):
        collect_unraisable(request.config)
