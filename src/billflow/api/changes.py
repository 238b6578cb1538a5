"""Who changes which customer: from a request to what the records write down."""

from datetime import UTC, datetime

from billflow.api.principal import Principal
from billflow.models.contracts.customers import ChangeContext, CustomerRef


def change_by(principal: Principal, reason: str | None = None) -> ChangeContext:
    """Return a change that the caller makes now."""
    return ChangeContext(actor=principal.actor, at=datetime.now(UTC), request_id=principal.request_id, reason=reason)


def ref_of(principal: Principal, customer_id: str) -> CustomerRef:
    """Return the customer of the caller's organization that the path names."""
    return CustomerRef(org_id=principal.org_id, customer_id=customer_id)
