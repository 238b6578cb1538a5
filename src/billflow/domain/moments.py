"""The bounds of moments that come from outside (rules 30)."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from billflow.domain.errors import InvalidInput

EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""Between which every moment lies that somebody names; the second is excluded."""

CLOCK_DIFFERENCE = timedelta(minutes=5)
"""How far another machine's clock may be ahead of ours."""

FURTHEST = timedelta(days=3653)
"""How far ahead one can look, or move a test clock, at once: ten years."""


def checked_moment(moment: datetime, field: str | None = None) -> datetime:
    """Return *moment* in UTC, or raise `InvalidInput` where it lies before 2000 or after 2199."""
    if not EARLIEST <= moment < LATEST:
        message = f"{field or 'A moment'} must lie between {EARLIEST:%Y-%m-%d} and {LATEST:%Y-%m-%d}."
        raise InvalidInput(message, code="bad_moment", field=field)
    return moment.astimezone(UTC)


def check_past(moment: datetime, now: datetime, field: str) -> datetime:
    """Return *moment*, or raise `InvalidInput` where it has not come yet."""
    if moment > now:
        message = f"{field} is {moment.isoformat()}, but it is {now.isoformat()}; name a moment that has been."
        raise InvalidInput(message, code="moment_in_the_future", field=field)
    return moment


def check_observed(moments: Iterable[datetime], now: datetime) -> None:
    """Raise `InvalidInput` for the first moment that was observed later than *now*, clocks' differences aside."""
    for moment in moments:
        if moment > now + CLOCK_DIFFERENCE:
            raise InvalidInput(
                f"observed_at is {moment.isoformat()}, but it is {now.isoformat()} for this customer; report what was "
                "seen, when it was.",
                code="observed_in_the_future",
                field="observed_at",
            )


def check_near(moment: datetime, now: datetime, field: str) -> None:
    """Raise `InvalidInput` for a moment more than ten years after *now*."""
    if moment - now > FURTHEST:
        raise InvalidInput(
            f"{field} is {moment.isoformat()}, more than ten years after {now.isoformat()}; name an earlier moment.",
            code="moment_too_far",
            field=field,
        )
