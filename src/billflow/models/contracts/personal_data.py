"""What is kept of a person, and forgetting it."""

from typing import Any

from billflow.models.contracts.base import Contract, Moment


class CustomerExport(Contract):
    """Everything that is kept of a customer, by kind, each thing with all its fields."""

    customer_id: str
    exported_at: Moment
    kept: dict[str, list[dict[str, Any]]]


class Erasure(Contract):
    """What was erased, and under which ids Stripe knows the customer."""

    customer_id: str
    erased_at: Moment
    stripe_customer_ids: tuple[str, ...]
