"""How long what is kept is kept."""

from datetime import timedelta

from billflow.models.contracts.base import Contract


class RetentionPeriods(Contract):
    """The age at which each kind of row is deleted; answers under idempotency keys say themselves when they expire.

    Former states without an age are kept for ever.
    """

    stripe_events: timedelta
    foreign_events: timedelta
    mails: timedelta
    computed_invoices: timedelta
    plan_batches: timedelta
    reconciliations: timedelta
    seats: timedelta
    deliveries: timedelta
    events: timedelta
    audit: timedelta
    former_states: timedelta | None = None
