"""How an activity fails when Stripe does: it is tried again after the right time, or fails for good."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import NoReturn

from temporalio import activity
from temporalio.exceptions import ApplicationError

from billflow.ports.payments import PaymentsRejected, PaymentsUnavailable

FIRST_SECONDS, LONGEST_SECONDS = 1.0, 300.0


def backoff(attempt: int, retry_after: float | None) -> timedelta:
    """Return how long to wait after the *attempt*-th failure: as Stripe asks, else twice as long as the time before.

    Up to half of it is left to chance, so that many who were refused at once don't come back at once.
    """
    seconds = min(FIRST_SECONDS * 2.0 ** min(attempt - 1, 20), LONGEST_SECONDS)
    spread = random.uniform(0.5, 1.0)  # noqa: S311  (nobody gains by guessing it)
    return timedelta(seconds=retry_after + seconds * (spread - 0.5) if retry_after else seconds * spread)


def retry_later(error: PaymentsUnavailable) -> NoReturn:
    """Fail the running activity so that it is tried again after the right time."""
    delay = backoff(activity.info().attempt, error.retry_after.total_seconds() if error.retry_after else None)
    raise ApplicationError(str(error), type="PaymentsUnavailable", next_retry_delay=delay) from error


@contextmanager
def stripe_errors() -> Iterator[None]:
    """Turn Stripe's errors into the activity's: one that passes has it tried again, a refusal fails it for good."""
    try:
        yield
    except PaymentsUnavailable as error:
        retry_later(error)
    except PaymentsRejected as error:
        raise ApplicationError(str(error), type="PaymentsRejected", non_retryable=True) from error
