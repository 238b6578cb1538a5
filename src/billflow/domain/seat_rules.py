"""What counts as a seat: a rule of the tier, over the members and guests that a deployment has (rules 5)."""

from dataclasses import dataclass
from enum import StrEnum

from billflow.domain.errors import InvalidInput

WHOLE_SEAT = 100
"""Weights are in hundredths of a seat."""

_MOST = 10_000


class SeatCount(StrEnum):
    """Who takes a seat."""

    MEMBERS = "members"
    """Members do, guests never."""

    MEMBERS_AND_FREE_GUESTS = "members_and_free_guests"
    """Members do, and guests beyond `guests_per_member` for each of them."""

    USERS = "users"
    """Members and guests alike."""

    WEIGHTS = "weights"
    """Each member and each guest takes so many hundredths of a seat; their sum is rounded up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeatRule:
    """How a tier counts seats; weights are hundredths of a seat. Raises `InvalidInput` for a number out of range."""

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012  (a constant that pydantic looks for)

    count: SeatCount
    guests_per_member: int = 5
    member_weight: int = WHOLE_SEAT
    guest_weight: int = WHOLE_SEAT

    def __post_init__(self) -> None:
        for name, least in (("guests_per_member", 1), ("member_weight", 0), ("guest_weight", 0)):
            if not least <= (value := getattr(self, name)) <= _MOST:
                raise InvalidInput(f"{name} must lie between {least} and {_MOST:,}, not at {value:,}.", field=name)
        if self.member_weight + self.guest_weight == 0:
            raise InvalidInput("With both weights 0 nobody takes a seat; raise one.", field="member_weight")

    def seats(self, members: int, guests: int) -> int:
        """Return how many seats so many people take, rounded up."""
        match self.count:
            case SeatCount.MEMBERS:
                return members
            case SeatCount.MEMBERS_AND_FREE_GUESTS:
                return max(members, -(-guests // self.guests_per_member))
            case SeatCount.USERS:
                return members + guests
            case SeatCount.WEIGHTS:
                return -(-(members * self.member_weight + guests * self.guest_weight) // WHOLE_SEAT)
