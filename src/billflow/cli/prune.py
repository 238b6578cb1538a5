"""`billflow prune`: what is older than its period is deleted."""

from datetime import timedelta

from billflow.cli.output import Output
from billflow.cli.session import Store, on_database


@on_database
async def prune(store: Store) -> Output:
    """Delete what is older than its period, in every organization; let it run each night.

    Handled events of Stripe after BILLFLOW_KEEP_STRIPE_EVENTS_DAYS, mails about closed invoices after
    BILLFLOW_KEEP_MAILS_DAYS, answers under an idempotency key after 30 days. The audit log and our own events stay.
    """
    kept = store.settings
    deleted = await store.retention.prune(
        timedelta(days=kept.keep_stripe_events_days), timedelta(days=kept.keep_mails_days)
    )
    told = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in deleted.items())
    return Output(deleted, f"Deleted: {told or 'nothing'}.")
