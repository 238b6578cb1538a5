"""How long what is kept is kept."""

from datetime import timedelta

from billflow.models.contracts.base import Contract


class RetentionPeriods(Contract):
    """The age at which each kind of row is deleted; answers under idempotency keys say themselves when they expire."""

    stripe_events: timedelta
    foreign_events: timedelta
    mails: timedelta
    computed_invoices: timedelta
    deliveries: timedelta
    events: timedelta
    audit: timedelta
