"""Asking Stripe again: not sooner than it says, less and less often, and not all at once."""

import pytest

from billflow.activities.stripe_errors import FIRST_SECONDS, LONGEST_SECONDS, backoff


@pytest.mark.parametrize(("attempt", "longest"), [(1, 1), (2, 2), (5, 16), (9, 256), (10, 300), (10_000, 300)])
def test_each_wait_is_up_to_twice_as_long_as_the_one_before(attempt: int, longest: int) -> None:
    waits = [backoff(attempt, None).total_seconds() for _ in range(200)]

    assert longest / 2 <= min(waits) <= max(waits) <= longest


@pytest.mark.parametrize("attempt", [1, 7])
def test_what_stripe_asks_for_is_the_least(attempt: int) -> None:
    waits = [backoff(attempt, 3.0).total_seconds() for _ in range(200)]

    assert min(waits) >= 3.0
    assert max(waits) <= 3.0 + LONGEST_SECONDS


def test_many_refused_at_once_do_not_come_back_at_once() -> None:
    assert len({round(backoff(6, None).total_seconds(), 3) for _ in range(200)}) > 150
    assert FIRST_SECONDS > 0
