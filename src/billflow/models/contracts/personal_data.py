"""Export and erasure of personal data."""

from typing import Any

from billflow.models.contracts.base import Contract, Moment


class CustomerExport(Contract):
    """Everything that is stored of a customer: all records with all their columns, by table."""

    customer_id: str
    exported_at: Moment
    records: dict[str, list[dict[str, Any]]]


class Erasure(Contract):
    """What was erased, and under which ids Stripe knows the customer."""

    customer_id: str
    erased_at: Moment
    stripe_customer_ids: tuple[str, ...]
