"""From people to licenses: counting seats, and what the host product reports about them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from billflow.domain.errors import InvalidInput, NotEnoughLicenses, TooManyLicenses
from billflow.domain.seat_rules import SeatRule

MAX_LICENSES = 1_000_000
MIN_INVOICED_LICENSES = 30
MAX_INVOICED_LICENSES = 1000
STALE_AFTER = timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatObservation:
    """How many people a deployment had at one moment; bots and deactivated users are not counted."""

    observed_at: datetime
    members: int
    guests: int

    def same_counts(self, other: "SeatObservation | None") -> bool:
        """Tell whether nothing changed since *other*."""
        return other is not None and (self.members, self.guests) == (other.members, other.guests)


def seats_of(rule: SeatRule, observation: SeatObservation | None) -> int:
    """Return the seats that an observation comes to by *rule*, 0 where there is none yet (rules 5)."""
    return rule.seats(observation.members, observation.guests) if observation else 0


def billable_licenses(seats: int, minimum: int, *, exempt: bool, asked: int | None = None) -> int:
    """Return the licenses to bill for: at least the minimum, unless the customer is exempt (rules 5)."""
    if exempt:
        return seats if asked is None else asked
    return max(seats, minimum)


def checked_licenses(licenses: int, field: str = "licenses") -> int:
    """Return *licenses*, or raise `InvalidInput` outside 1 to 1,000,000 (rules 30)."""
    if not 1 <= licenses <= MAX_LICENSES:
        raise InvalidInput(
            f"{field} must lie between 1 and {MAX_LICENSES:,}, not at {licenses:,}.",
            code="licenses_out_of_range",
            field=field,
        )
    return licenses


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenseCheck:
    """The bounds within which a number of licenses may be bought (rules 7.1).

    The tier's `maximum` is None where any number may be had. With `invoiced_limits` the reference's bounds for invoiced
    plans hold: 30 or the seats in use, up to 1000.
    """

    seats: int
    minimum: int
    maximum: int | None = None
    exempt: bool = False
    invoiced_limits: bool = False

    def check(self, licenses: int | None) -> int:
        """Return *licenses*, or raise `NotEnoughLicenses` or `TooManyLicenses`."""
        minimum = max(self.seats, MIN_INVOICED_LICENSES if self.invoiced_limits else self.minimum)
        if licenses is None or (licenses < minimum and not self.exempt):
            raise NotEnoughLicenses(minimum)
        if self.invoiced_limits and licenses > MAX_INVOICED_LICENSES:
            raise TooManyLicenses(MAX_INVOICED_LICENSES)
        self.check_maximum(licenses)
        return checked_licenses(licenses)

    def check_maximum(self, licenses: int) -> None:
        """Raise `TooManyLicenses` for more than the tier is sold for."""
        if self.maximum is not None and licenses > self.maximum and not self.exempt:
            raise TooManyLicenses(self.maximum)
