"""What the service needs to erase a person at Stripe; it names no class of `payments`."""

from typing import Protocol


class PaymentsErasure(Protocol):
    """The personal data that Stripe has."""

    async def erase_customer(self, stripe_customer_id: str) -> None:
        """Blank and delete a customer at Stripe, whose invoices stay there; done already is done.

        Raises `PaymentsUnavailable` or `PaymentsRejected`.
        """
        ...
