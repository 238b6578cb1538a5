"""Customers as they are created, priced and shown; amounts in minor units of their currency."""

from enum import StrEnum


class CustomerStatus(StrEnum):
    """Whether a customer may use what it bought; inactive means the account is closed."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    INACTIVE = "inactive"


class OfferStatus(StrEnum):
    """Where an offer stands."""

    OPEN = "open"
    ACCEPTED = "accepted"
    WITHDRAWN = "withdrawn"
