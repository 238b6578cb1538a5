"""What fails for long is shown, and tried less and less often: nothing retries unseen or without bound."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, FailureError

with workflow.unsafe.imports_passed_through():
    from billflow.errors import StepFailing
    from billflow.models.contracts.plans import Attention
    from billflow.models.contracts.steps import StepFailure
    from billflow.temporal.search_attributes import NEEDS_ATTENTION

FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(minutes=15)
"""Each pause is as long as all has lasted so far: a minute, two, four, eight, and then always this long."""


def failed(known: StepFailure | None, step: str, error: FailureError) -> StepFailure:
    """Note that a step has failed now, after it had failed before as *known*."""
    return paused(known, step, _name_of(error))


def paused(known: StepFailure | None, step: str, why: str) -> StepFailure:
    """Note that a step came to nothing now, as it did before as *known*, and pause before the next try."""
    now = workflow.now()
    since = known.since if known else now
    pause = min(max(now - since, FIRST_PAUSE), LONGEST_PAUSE)
    return StepFailure(step=step, error=why, since=since, retry_at=now + pause)


def attention(failure: StepFailure) -> Attention:
    """Return what people are told of a plan whose step fails."""
    message = f"{_sentence(failure)}, next at {failure.retry_at:%Y-%m-%d %H:%M} UTC, or by the next command."
    return Attention(code=StepFailing.code, message=message, since=failure.since)


@contextmanager
def shown(failure: StepFailure) -> Iterator[None]:
    """Show in search attributes and details that a workflow needs attention, for as long as the block runs."""
    before = workflow.get_current_details()
    _show(f"**Needs attention** since {failure.since:%Y-%m-%d %H:%M}: {_sentence(failure)}.\n\n{before}", needed=True)
    try:
        yield
    except FailureError:
        _show(before, needed=False)
        raise
    _show(before, needed=False)


def _show(details: str, *, needed: bool) -> None:
    workflow.upsert_search_attributes([NEEDS_ATTENTION.value_set(needed)])
    workflow.set_current_details(details)


def _sentence(failure: StepFailure) -> str:
    """Say what fails, without the error's text: it may hold what is personal, and the log has it."""
    return f"'{failure.step}' fails ({failure.error}; the worker's log says more) and is tried again by itself"


def _name_of(error: FailureError) -> str:
    """Return the type of what an activity failed with; a local one raises that itself."""
    cause = error.cause if isinstance(error, ActivityError) else error
    return cause.type or "error" if isinstance(cause, ApplicationError) else type(cause).__name__
