"""Who changes which customer: from a request to what the books write down."""

from datetime import UTC, datetime

from billflow.api.caller import Caller
from billflow.models.contracts.customers import CustomerChange, CustomerRef


def change_by(caller: Caller, reason: str | None = None) -> CustomerChange:
    """Return a change that the caller makes now."""
    return CustomerChange(actor=caller.actor, at=datetime.now(UTC), request_id=caller.request_id, reason=reason)


def ref_of(caller: Caller, customer_id: str) -> CustomerRef:
    """Return the customer of the caller's organization that the path names."""
    return CustomerRef(org_id=caller.org_id, customer_id=customer_id)
