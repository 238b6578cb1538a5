"""One mail to a customer, for as long as its mail server takes to come back."""

from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from billflow.activities.mail import MailActivities
    from billflow.models.contracts.catalog_changes import PriceChangeRef
    from billflow.models.contracts.mail import MailRef, NotificationInput
    from billflow.workflows.activity_execution import Tolerated, patiently

LATE_WINDOW = timedelta(days=3)
"""How long a mail is tried; after that it says nothing new."""

WAITED_FOR = timedelta(hours=1)
"""How long a mail is tried that somebody waits for."""

ATTEMPTS_UNSHOWN = 4
"""How often a mail is tried, in about an hour, before its workflow shows that it fails."""

_PATIENT = RetryPolicy(initial_interval=timedelta(minutes=10), maximum_interval=timedelta(hours=2))
_SOON = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=10))


@workflow.defn(name="MailWorkflow")
class MailWorkflow:
    """A mail that nobody waits for."""

    @workflow.run
    async def run(self, notification: NotificationInput) -> None:
        """Send it, unless it is out of date by then; what no server takes stays in the mail log."""
        with Tolerated("a mail was never sent", mail=notification.key):
            options = dict[str, Any](
                start_to_close_timeout=timedelta(seconds=60),
                schedule_to_close_timeout=LATE_WINDOW,
            )
            summary = f"mail: {notification.occasion}"
            await patiently(
                MailActivities.notify_late, notification, summary, options, _PATIENT, unshown=ATTEMPTS_UNSHOWN
            )


@workflow.defn(name="StoredMailWorkflow")
class StoredMailWorkflow:
    """A mail that is written already, and that somebody waits for."""

    @workflow.run
    async def run(self, mail: MailRef) -> None:
        """Send it; what no server takes within an hour stays in the mail log, for somebody has asked again by then."""
        with Tolerated("a mail was never sent", mail=mail.mail_id):
            options = dict[str, Any](
                start_to_close_timeout=timedelta(seconds=60),
                schedule_to_close_timeout=WAITED_FOR,
            )
            await patiently(MailActivities.send_stored, mail, "mail", options, _SOON)


@workflow.defn(name="PriceChangeMailsWorkflow")
class PriceChangeMailsWorkflow:
    """The mails about a price change; it begins before the change is written, so that none is forgotten."""

    @workflow.run
    async def run(self, change: PriceChangeRef) -> None:
        """Send them all; what no server takes within days, and a change that was refused, is left."""
        with Tolerated("mails about a price change were never sent", price_change=change.price_change_id):
            options = dict[str, Any](
                start_to_close_timeout=timedelta(hours=6),
                heartbeat_timeout=timedelta(minutes=2),
                schedule_to_close_timeout=LATE_WINDOW,
            )
            await patiently(MailActivities.send_price_change, change, "mails about a price change", options, _SOON)
