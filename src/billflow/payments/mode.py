"""The guard between real money and test money: a key works for organizations of its own mode only."""

from billflow.models.contracts.invoices import BilledCustomer
from billflow.ports.payments import PaymentsRejected


def check_mode(customer: BilledCustomer, *, livemode: bool) -> None:
    """Raise `PaymentsRejected` (`wrong_mode`) for a customer of an organization in the other mode."""
    if customer.livemode is None or customer.livemode is livemode:
        return
    ours, theirs = ("live", "test") if livemode else ("test", "live")
    raise PaymentsRejected(
        f"STRIPE_API_KEY is a {ours} key, but the organization is in {theirs} mode; use a {theirs} key.",
        code="wrong_mode",
    )
